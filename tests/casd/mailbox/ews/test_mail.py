from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casd.mailbox.ews import mail
from casd.mailbox.store import mail as stored
from protocols.ews.errors import Refusal
from protocols.ews.paths import Property
from protocols.ews.values import Address, Body
from tests.casd.mailbox.store.world import mail as message


def read(content: bytes) -> dict[str, Any]:
    return {str(path): value for path, value in mail.read(content).items()}


def write(content: bytes = b"", **changes: Any) -> bytes:
    return mail.write(content, {Property(uri.replace("_", ":")): value for uri, value in changes.items()})


def test_headers_and_body_are_written_and_read_again() -> None:
    content = write(
        item_Subject="Grüße",
        item_Body=Body("Text", "höher\n\nweiter\n"),
        item_Importance="High",
        item_Sensitivity="Confidential",
        item_DateTimeSent=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        message_From=Address("a@x.org", "Änne"),
        message_ToRecipients=(Address("b@x.org", "B"), Address("c@x.org")),
        message_ReplyTo=(Address("d@x.org"),),
        message_IsReadReceiptRequested=True,
    )
    assert content.isascii()
    assert b"Importance: high\r\nSensitivity: Company-Confidential\r\nDate: Fri, 02 Jan 2026 03:04:00 +0000" in content
    found = read(content)
    assert found["item:Body"] == Body("Text", "höher\n\nweiter\n")
    assert found["message:From"] == Address("a@x.org", "Änne")
    assert found["message:ToRecipients"] == (Address("b@x.org", "B"), Address("c@x.org"))
    assert found["message:IsReadReceiptRequested"] is True
    assert ("Subject", "Grüße") in [(one.name, one.value) for one in found["item:InternetMessageHeaders"]]


def test_nothing_that_was_received_is_folded_anew() -> None:
    long = "X-Long: " + "x " * 200 + "\r\n"
    received = long.encode() + message("a", "b")
    assert long.encode() in write(received, item_Subject="c")


@pytest.mark.negative
def test_a_value_is_taken_away_and_cannot_bring_a_header() -> None:
    content = write(item_Subject="a\r\nBcc: evil@x.org", item_InReplyTo="<1@x>")
    assert b"Subject: a Bcc: evil@x.org\r\n" in content
    assert b"In-Reply-To" not in write(content, item_InReplyTo=None)


@pytest.mark.parametrize("address", ["a b@x.org", "a@", '"'])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refusal, match="ErrorInvalidRecipients"):
        write(message_ToRecipients=(Address(address),))


ALTERNATIVE = message(
    "a",
    "--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--b--",
    Content_Type='multipart/alternative; boundary="b"',
)


def test_of_two_forms_html_is_shown_and_both_are_replaced() -> None:
    found = read(ALTERNATIVE)
    assert (found["item:Body"], found["item:TextBody"]) == (Body("HTML", "<b>html</b>"), Body("Text", "plain"))
    changed = write(ALTERNATIVE, item_Body=Body("HTML", "<i>new</i>"))
    assert (b"plain" in changed.partition(b"\r\n\r\n")[2], read(changed)["item:Body"]) == (
        *(False, Body("HTML", "<i>new</i>")),
    )
    assert read(write(ALTERNATIVE, item_Body=Body("Text", "new")))["item:Body"] == Body("Text", "new")
    assert read(write(ALTERNATIVE, item_Body=None))["item:Body"] == Body("Text", "")


def test_attachments_stay_when_the_body_changes() -> None:
    part = "Content-Type: image/png\r\nContent-Disposition: attachment\r\n\r\npicture"
    mixed = message("a", f"--b\r\n{part}\r\n--b--", Content_Type='multipart/mixed; boundary="b"')
    changed = write(mixed, item_Body=Body("Text", "text"))
    assert (read(changed)["item:Body"], b"picture" in changed) == (Body("Text", "text"), True)
    single = message("a", "picture", Content_Type="image/png", Content_Disposition="attachment")
    assert read(single)["item:Body"] == Body("Text", "")
    changed = write(single, item_Body=Body("Text", "text"))
    assert (read(changed)["item:Body"], b"picture" in changed) == (Body("Text", "text"), True)


def test_odd_mail_is_read_as_far_as_it_can_be() -> None:
    headers = {"Content_Type": "text/plain; charset=klingon", "Thread_Index": "?", "Cc": "=?x?q?a?= <c@x.org>"}
    odd = message("=?utf-8?q?half", "t\xe4xt", **headers)
    found = read(odd)
    assert found["item:Body"].text.startswith("t")
    assert "message:ConversationIndex" not in found
    assert found["message:CcRecipients"][0].address == "c@x.org"
    assert read(b"")["item:Body"] == Body("Text", "")
    assert read(b"Subject: \xff\r\n\r\n")["item:Body"] == Body("Text", "")
    assert read(b"Content-Type: multipart/mixed\r\n\r\nno parts")["item:Body"].type == "Text"


def test_identifiers_longer_than_a_line_stay_whole() -> None:
    long = [f"<{'x' * 100}{number}@example.org>" for number in range(3)]
    content = mail.write(b"", {Property("message:References"): "  ".join(long), Property("item:Subject"): "s"})
    assert "\r\n ".join(long).encode() in content
    assert mail.read(content)[Property("item:MimeContent")].count(b"Subject: s\r\n") == 1


def test_an_identifier_with_blanks_or_line_ends_ends_no_head() -> None:
    value = f"a  {'b' * 200}\r\n\r\nBcc: eve@example.org é"
    content = mail.write(b"", {Property("message:InternetMessageId"): value, Property("item:Subject"): "s"})
    head = content.partition(b"\r\n\r\n")[0]
    assert b"Subject: s" in head
    assert not head.startswith(b"Bcc:")
    assert b"\r\nBcc:" not in head


@pytest.mark.parametrize(
    "subject",
    [
        "a" * 255,
        "ab  " * 60 + "c",
        "Grüße " * 40 + "Ende",
        "=?utf-8?q?x?=",
        "x " + "ü" * 200,
        "a\tb",
        " a ",
        "3: " + "é b" * 70,
    ],
)
def test_a_subject_comes_back_as_it_was_written(subject: str) -> None:
    content = mail.write(b"", {Property("item:Subject"): subject})
    assert columns_of(content) == subject.replace("\t", " ")
    assert all(len(line) < 999 for line in content.splitlines())


def columns_of(content: bytes) -> str:
    return str(stored.read(content).columns["subject"])
