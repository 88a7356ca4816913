from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest

from casd.mailbox.call import Receipt
from casd.mailbox.ews import reports
from tests.casd.mailbox.store.world import mail

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def status(*receipts: Receipt) -> list[tuple[str, str]]:
    report = message_from_bytes(reports.undelivered("alice@example.org", receipts, mail("Hello"), NOON))
    assert report.get_content_type() == "multipart/report"
    blocks: Any = report.get_payload(1)
    return [(block["Final-Recipient"], block["Status"]) for block in blocks.get_payload()[1:]]


def test_each_recipient_is_told_of_for_himself() -> None:
    refused = [Receipt(f"{name}@example.org", delivered=False, reason="UserNotFound") for name in ("eve", "mallory")]
    assert status(*refused) == [("rfc822; eve@example.org", "5.1.1"), ("rfc822; mallory@example.org", "5.1.1")]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("552 5.2.2 The mailbox is full.", "5.2.2"),
        ("ProtocolDisabled", "5.2.1"),
        ("DatabaseMoving", "4.4.1"),
        ("try later: mbx1 cannot be reached", "4.4.1"),
        ("something else", "5.0.0"),
        ("OtherOrganisation", "5.1.2"),
        ("GroupEmpty", "5.2.4"),
        ("GroupTooLarge", "5.2.4"),
        ("5.2.4 20 more of its members got nothing", "5.2.4"),
    ],
)
def test_a_reason_has_its_code(reason: str, code: str) -> None:
    assert status(Receipt("eve@example.org", delivered=False, reason=reason)) == [("rfc822; eve@example.org", code)]


def test_a_person_reads_words() -> None:
    refused = [Receipt("eve@example.org", delivered=False, reason="UserNotFound")]
    report = message_from_bytes(reports.undelivered("alice@example.org", refused, mail("Hello"), NOON))
    text: Any = report.get_payload(0)
    assert "eve@example.org: There is no mailbox of this address." in text.get_payload()


def test_who_was_meant_as_a_member_of_a_group_is_named_so() -> None:
    """RFC 3464 section 2.3.1: the address as it was written stands beside the final one."""
    refused = [Receipt("eve@there.example", delivered=False, reason="OtherOrganisation", group="team@example.org")]
    report = message_from_bytes(reports.undelivered("alice@example.org", refused, mail("Hello"), NOON))
    text: Any = report.get_payload(0)
    assert "eve@there.example (a member of team@example.org): It is in another" in text.get_payload()
    blocks: Any = report.get_payload(1)
    fields = dict(blocks.get_payload()[1].items())
    assert list(fields)[:2] == ["Original-Recipient", "Final-Recipient"]
    assert (fields["Original-Recipient"], fields["Final-Recipient"]) == (
        "rfc822; team@example.org",
        "rfc822; eve@there.example",
    )
