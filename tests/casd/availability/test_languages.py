"""The languages in which servers are asked for free and busy times, other organisations among them."""

from __future__ import annotations

from base64 import b64encode

import pytest
from attrs import evolve

from casd.model import ServerKind, Trust
from protocols.ews import availability, envelope
from protocols.ews.envelope import fault
from protocols.ews.errors import Fault
from protocols.ews.merging import seen
from tests.casd.availability.conversation import (
    BUSY,
    CALENDAR,
    PLAN,
    TARGET,
    account,
    begin,
    body,
    document,
    group,
    kind,
    partner,
    say,
    told,
    wanted,
)
from tests.casd.estate import Estate, mailbox, post
from tests.protocols.ews.soap import NAMES
from tests.protocols.ews.test_availability import SUGGESTED


def test_7_4_a_server_of_caldav_is_asked_for_the_busy_times_of_a_calendar(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.DAV)
    account(
        estate, "mbx2", "url = /cal/{local}/main/", "header = X-Remote-User: {local}", "user = casd", "password = s"
    )
    client = begin(estate, "carol", view="DetailedMerged")
    asked = estate.servers.last()
    assert (asked.line, asked.fields["depth"], asked.fields["x-remote-user"]) == (
        "REPORT /cal/carol/main/", "1", "carol",
    )  # fmt: skip
    assert asked.fields["authorization"] == "Basic " + b64encode(b"casd:s").decode()
    assert b'start="20270301T090000Z"' in asked.body
    assert "x-casd-identity" not in asked.fields
    asked.answer(BUSY, proof=b"")
    answer = body(client.read(b"POST")[0])
    assert [node.text for node in answer.iterfind(".//t:MergedFreeBusy", NAMES)] == ["0110"]
    assert [node.text for node in answer.iterfind(".//t:CalendarEvent/t:StartTime", NAMES)] == ["2027-03-01T10:30:00"]


@pytest.mark.negative
def test_a_mailbox_is_called_by_no_other_path_and_no_other_line(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.DAV)
    names = ["../a/b", "..", "a\\b", "?a b%"]
    estate.source.mailboxes += [mailbox(number, name, "DB02") for number, name in enumerate(names, 30)]
    estate.source.mailboxes += [evolve(mailbox(40, "line", "DB02"), upn="line\r\nX: y")]
    account(estate, "mbx2", "header = X-Remote-User: {upn}")
    begin(estate, names.pop())
    assert estate.servers.last().line == "REPORT /%3Fa%20b%25/calendar/"
    assert told(begin(estate, "line", *names)) == ["ErrorServiceDiscoveryFailed"] * 4


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (404, b"", "ErrorProxyRequestProcessingFailed"),
        (401, b"", "ErrorMailboxLogonFailed"),
        (200, b"<html>", "ErrorFreeBusyGenerationFailed"),
        (200, BUSY.replace(b"PT1H", b"PT1H" + b",20270301T093000Z/PT1H" * 1000), "ErrorResultSetTooBig"),
    ],
)
def test_7_3_what_a_calendar_answers_instead_is_its_own_mailboxs_error(
    estate: Estate, status: int, content: bytes, code: str
) -> None:
    kind(estate, "mbx2", ServerKind.DAV)
    client = begin(estate, "carol")
    estate.servers.last().answer(content, status=status, proof=b"")
    assert told(client) == [code]


def test_7_4_sogo_is_asked_for_several_at_its_outbox(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.SOGO)
    account(estate, "mbx2", "user = casd", "password = s")
    estate.source.mailboxes.append(mailbox(20, "erin", "DB02"))
    client = begin(estate, "carol", "erin")
    asked = estate.servers.last()
    assert asked.line == "POST /SOGo/dav/casd/Calendar/personal/"
    assert asked.body.count(b"ATTENDEE:mailto:") == 2
    href = "<C:recipient><D:href>mailto:Carol@example.org</D:href></C:recipient>"
    response = f"<C:response>{href}<C:calendar-data>{BUSY.decode()}</C:calendar-data></C:response>"
    names = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    asked.answer(f"<C:schedule-response {names}>{response}</C:schedule-response>".encode(), proof=b"")
    assert told(client) == ["0110", "ErrorNoFreeBusyAccess"]
    client = begin(estate, "carol")
    estate.servers.last().answer(b"<a>", proof=b"")
    assert told(client) == ["ErrorProxyRequestProcessingFailed"]


def test_a_published_url_is_fetched_whatever_the_kind_of_server(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.MAIL)
    account(estate, "mbx2", "language = ics", "url = /busy/{address}.ifb")
    client = begin(estate, "carol")
    assert estate.servers.last().line == "GET /busy/carol@example.org.ifb"  # as it is read
    estate.servers.last().answer(BUSY, proof=b"")
    assert told(client) == ["0110"]
    client = begin(estate, "carol")
    estate.servers.last().answer(CALENDAR, proof=b"")
    assert told(client) == ["0020"]
    client = begin(estate, "carol")
    estate.servers.last().answer(CALENDAR.replace(b"DAILY", b"HOURLY"), proof=b"")
    assert told(client) == ["ErrorFreeBusyGenerationFailed"]


@pytest.mark.negative
@pytest.mark.parametrize("text", [b"SUMMARY:BEGIN:VFREEBUSY", b"SUMMARY:Lunch\r\n BEGIN:VFREEBUSY"])
def test_what_somebody_writes_into_a_subject_decides_nothing(estate: Estate, text: bytes) -> None:
    account(estate, "mbx2", "language = ics")
    client = begin(estate, "carol")
    estate.servers.last().answer(CALENDAR.replace(b"UID:1", text), proof=b"")
    assert told(client) == ["0020"]


@pytest.mark.parametrize("impersonate", [False, True])
def test_exchange_is_asked_with_an_account_for_times_or_in_the_askers_name_for_more(
    estate: Estate, impersonate: bool
) -> None:
    kind(estate, "mbx2", ServerKind.EXCHANGE)
    account(estate, "mbx2", "user = casd", "password = s", f"impersonate = {'yes' if impersonate else 'no'}")
    estate.source.mailboxes.append(mailbox(20, "erin", "DB02"))
    client = begin(estate, "carol", "erin", view="DetailedMerged")
    asked = estate.servers.last()
    request = envelope.parse(asked.body)
    assert (request.impersonated, wanted(asked).addresses) == (
        "alice@example.org" if impersonate else "",
        ("carol@example.org", "erin@example.org"),
    )
    assert wanted(asked).view == ("DetailedMerged" if impersonate else "FreeBusyMerged")
    assert (asked.fields["x-casd-proxied"], "x-casd-identity" in asked.fields) == ("availability", False)
    say(asked, PLAN, detailed=True, proof=b"")
    assert told(client) == ["2200", "2200"]


def test_7_3_an_exchange_that_refuses_says_why(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.GROMOX)
    for status, content, code in (
        (500, fault(Fault("ErrorServerBusy")), "ErrorServerBusy"),
        (500, b"<html>", "ErrorProxyRequestProcessingFailed"),
        (401, b"", "ErrorInvalidCrossForestCredentials"),
        (200, b"<html/>", "ErrorProxyRequestProcessingFailed"),
    ):
        client = begin(estate, "carol")
        estate.servers.last().answer(content, status=status, proof=b"")
        assert told(client) == [code]


def test_a_server_that_knows_digits_alone_is_told_of_with_them(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.EXCHANGE)
    group(estate, "team", "carol")
    client = begin(estate, "carol", "team", view="FreeBusyMerged", more=SUGGESTED.replace("03-03", "03-02"))
    for asked in [one for one in estate.servers.requests() if one.body]:
        only = evolve(wanted(asked), view="MergedOnly")
        asked.answer(envelope.answer(availability.answer(only, [seen(only, [PLAN])])), proof=b"")
    for asked in estate.servers.requests()[1:]:
        only = evolve(wanted(asked), view="MergedOnly")
        asked.answer(envelope.answer(availability.answer(only, [seen(only, [PLAN])])), proof=b"")
    answer = body(client.read(b"POST")[0])
    assert [node.text for node in answer.iterfind(".//t:FreeBusyViewType", NAMES)] == ["MergedOnly", "FreeBusyMerged"]
    assert [node.text for node in answer.iterfind(".//t:MergedFreeBusy", NAMES)] == ["2200", "4444"]


# 7.4 Other organisations


@pytest.mark.parametrize("trust", [Trust.ORGANISATION, Trust.USER])
def test_7_4_another_organisation_is_asked_with_an_account_of_ours(estate: Estate, trust: Trust) -> None:
    partner(estate, trust)
    account(estate, "there.example", "user = casd@example.org", "password = s", f"ca = {estate._pem}")
    sent = document("bob").replace(b"bob@example.org", b"eve@There.example")
    client = estate.client()
    client.send(post(sent, TARGET))
    asked = estate.servers.last()
    assert (asked.connection.server, asked.line) == ("there", "POST /EWS/Exchange.asmx")
    assert envelope.parse(asked.body).impersonated == ("alice@example.org" if trust is Trust.USER else "")
    say(asked, PLAN, proof=b"")
    assert told(client) == ["2200"]


@pytest.mark.parametrize(
    ("trust", "url", "code"),
    [
        (Trust.NONE, "https://there.example/EWS/Exchange.asmx", "ErrorNoFreeBusyAccess"),
        (Trust.USER, "", "ErrorAddressSpaceNotFound"),
        (Trust.USER, "http://there.example/", "ErrorAddressSpaceNotFound"),
        (Trust.USER, "https://there.example:x/", "ErrorAddressSpaceNotFound"),
        (Trust.USER, "https://" + "x" * 64 + "/", "ErrorAddressSpaceNotFound"),
    ],
)
def test_7_4_who_tells_nothing_is_not_asked(estate: Estate, trust: Trust, url: str, code: str) -> None:
    partner(estate, trust, url)
    client = estate.client()
    client.send(post(document("bob").replace(b"bob@example.org", b"eve@there.example"), TARGET))
    assert told(client) == [code]
    assert estate.servers.connections == []


def test_an_account_that_is_none_is_said_to_be_so(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.DAV)
    for line in ("nonsense", "language = latin", "language = handover"):
        account(estate, "mbx2", line)
        assert told(begin(estate, "carol")) == ["ErrorServiceDiscoveryFailed"]
