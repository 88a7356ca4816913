from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.ews import codecs
from protocols.ews.codecs import Codec
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.values import Address, Attendee, Body, Distinguished, Header, Id
from tests.protocols.ews.soap import node, shown

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("codec", "value", "markup"),
    [
        (codecs.TEXT, " a b ", "<X> a b </X>"),
        (codecs.BOOLEAN, True, "<X>true</X>"),
        (codecs.INTEGER, -5, "<X>-5</X>"),
        (codecs.REAL, 12.5, "<X>12.5</X>"),
        (codecs.MOMENT, NOON, "<X>2026-03-01T12:00:00Z</X>"),
        (codecs.BINARY, b"\0\xff", "<X>AP8=</X>"),
        (codecs.STRINGS, ("a", "b"), "<X><String>a</String><String>b</String></X>"),
        (codecs.BODY, Body("HTML", "<p>"), '<X BodyType="HTML">&lt;p&gt;</X>'),
        (codecs.MIME, b"x", '<X CharacterSet="UTF-8">eA==</X>'),
        (codecs.FLAG, "Flagged", "<X><FlagStatus>Flagged</FlagStatus></X>"),
        (codecs.ID, Id("a", "b"), '<X Id="a" ChangeKey="b"/>'),
        (codecs.ID, Id("a"), '<X Id="a"/>'),
        (codecs.ZONE, "UTC", '<X Id="UTC" Name="UTC"/>'),
        (codecs.choice("a", "b"), "a", "<X>a</X>"),
    ],
)
def test_a_value_is_written_and_read_again(codec: Codec, value: Any, markup: str) -> None:
    assert shown(codec.write("X", value)) == markup
    assert codec.read(codec.write("X", value)) == value


def test_people_are_written_with_their_routing_and_read_without() -> None:
    written = codecs.MAILBOX.write("From", Address("a@b.org", "A"))
    assert shown(written) == (
        "<From><Mailbox><Name>A</Name><EmailAddress>a@b.org</EmailAddress><RoutingType>SMTP</RoutingType>"
        "<MailboxType>Mailbox</MailboxType></Mailbox></From>"
    )
    assert codecs.MAILBOX.read(written) == Address("a@b.org", "A")
    both = (Address("a@b.org", "A"), Address("c@d.org", "c@d.org"))
    assert codecs.MAILBOXES.read(codecs.MAILBOXES.write("To", both)) == both
    nameless = codecs.MAILBOX.write("From", Address("", "somebody"))
    assert "EmailAddress" not in shown(nameless)


def test_attendees_are_written_with_their_answers() -> None:
    people = (Attendee(Address("a@b.org", "A"), "Accept", NOON), Attendee(Address("c@d.org", "C")))
    assert codecs.ATTENDEES.read(codecs.ATTENDEES.write("RequiredAttendees", people)) == people


def test_some_things_are_only_answered() -> None:
    header = (Header("Subject", "x"),)
    written = codecs.HEADERS.write("InternetMessageHeaders", header)
    assert '<InternetMessageHeader HeaderName="Subject">x<' in shown(written)
    assert "<ViewPrivateItems>true<" in shown(codecs.RIGHTS.write("EffectiveRights", codecs.RIGHTS_ALL))
    names = codecs.COMPLETE_NAME.write("CompleteName", (("FirstName", "A"), ("LastName", "")))
    assert shown(names) == "<CompleteName><FirstName>A</FirstName></CompleteName>"
    with pytest.raises(BadDocument, match="only ever answered"):
        codecs.HEADERS.read(written)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T13:00:00.1234567+01:00", NOON.replace(microsecond=123456)),
        ("2026-03-01T12:00:00", NOON.replace(tzinfo=None)),
        ("2026-03-01", datetime(2026, 3, 1)),  # noqa: DTZ001 - without a zone
        ("2026-03-01Z", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_all_their_forms(text: str, moment: datetime) -> None:
    assert codecs.parse_moment(f" {text}\n") == moment


def test_a_time_without_a_zone_is_shown_without_one() -> None:
    assert codecs.show_moment(NOON.replace(tzinfo=None)) == "2026-03-01T12:00:00"
    assert codecs.show_moment(datetime(1, 2, 3, tzinfo=UTC)) == "0001-02-03T00:00:00Z"


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        (codecs.BOOLEAN, "maybe"),
        (codecs.INTEGER, "1.5"),
        (codecs.INTEGER, "4294967296"),
        (codecs.INTEGER, "9" * 100),
        (codecs.REAL, "x"),
        (codecs.MOMENT, "yesterday"),
        (codecs.MOMENT, "2026-13-01T00:00:00Z"),
        (codecs.MOMENT, "0001-01-01T00:00:00+14:00"),
        (codecs.BINARY, "§"),
        (codecs.choice("a"), "b"),
    ],
)
def test_a_constant_of_another_type_is_a_bad_document(codec: Codec, text: str) -> None:
    with pytest.raises(BadDocument):
        codec.constant(text)


def test_what_is_no_text_is_compared_with_nothing() -> None:
    with pytest.raises(Refusal) as refused:
        codecs.ZONE.constant("UTC")
    assert refused.value.code == "ErrorUnsupportedPathForQuery"


def test_a_line_is_as_long_as_exchange_keeps_it() -> None:
    assert codecs.LINE.constant("x" * 300) == "x" * 255


@pytest.mark.parametrize(
    ("codec", "markup"),
    [
        (codecs.BODY, '<t:Body BodyType="Best">x</t:Body>'),
        (codecs.MAILBOX, "<t:From/>"),
        (codecs.FLAG, "<t:Flag><t:FlagStatus>Red</t:FlagStatus></t:Flag>"),
    ],
)
def test_an_element_of_another_type_is_a_bad_document(codec: Codec, markup: str) -> None:
    with pytest.raises(BadDocument):
        codec.read(node(markup))


def test_folders_are_named_by_id_or_by_distinguished_name() -> None:
    assert codecs.read_folder_id(node('<t:FolderId Id="a" ChangeKey="b"/>')) == Id("a", "b")
    assert codecs.read_folder_id(node('<t:DistinguishedFolderId Id="inbox"/>')) == Distinguished("inbox")
    owner = "<t:Mailbox><t:EmailAddress>a@b</t:EmailAddress></t:Mailbox>"
    shared = f'<t:DistinguishedFolderId Id="inbox">{owner}</t:DistinguishedFolderId>'
    assert codecs.read_folder_id(node(shared)) == Distinguished("inbox", "a@b")
    with pytest.raises(BadDocument):
        codecs.read_folder_id(node('<t:ItemId Id="a"/>'))
