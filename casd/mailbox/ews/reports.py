"""Delivery reports: what tells a sender that a message did not arrive (RFC 3464)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import format_datetime, make_msgid

from casd.mailbox.call import Receipt
from casd.mailbox.ews import mail

_REASON = 500
"""Characters of a reason: as much as an SMTP reply line may have (RFC 5321 section 4.5.3.1.5)."""


def undelivered(sender: str, refused: Sequence[Receipt], original: bytes, now: datetime) -> bytes:
    """Return the report to a sender of who did not get a message, and why, with the headers of the message."""
    domain = sender.rpartition("@")[2]
    report = EmailMessage(mail.POLICY)
    report["From"] = f"Mail Delivery System <postmaster@{domain}>"
    report["To"] = sender
    report["Subject"] = f"Undeliverable: {' '.join(str(mail.parse(original)['Subject'] or '').split())}"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=domain)
    report["Auto-Submitted"] = "auto-replied"
    report["MIME-Version"] = "1.0"
    report["Content-Type"] = 'multipart/report; report-type="delivery-status"'
    parts: list[Message | str] = [_text(refused), _status(domain, refused), _headers(original)]
    report.set_payload(parts)
    return report.as_bytes(policy=mail.POLICY)


def _text(refused: Sequence[Receipt]) -> EmailMessage:
    part = EmailMessage(mail.POLICY)
    lines = [f"{one.address}: {_line(one.reason)}" for one in refused]
    part.set_content("Your message did not reach these recipients:\n\n" + "\n".join(lines) + "\n")
    return part


def _status(domain: str, refused: Sequence[Receipt]) -> Message:
    part = Message(mail.POLICY)
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([_block({"Reporting-MTA": f"dns; {domain}"}), *map(_recipient, refused)])
    return part


def _recipient(receipt: Receipt) -> Message:
    return _block(
        {
            "Final-Recipient": f"rfc822; {_line(receipt.address)}",
            "Action": "failed",
            "Status": "5.0.0",
            "Diagnostic-Code": f"smtp; {_line(receipt.reason)}",
        }
    )


def _block(fields: dict[str, str]) -> Message:
    block = Message(mail.POLICY)
    for name, value in fields.items():
        block[name] = value
    return block


def _headers(original: bytes) -> Message:
    part = Message(mail.POLICY)
    part["Content-Type"] = "text/rfc822-headers"
    head = original.partition(b"\r\n\r\n")[0]
    part.set_payload(head.decode("ascii", "replace").replace("\ufffd", "?") + "\r\n")
    return part


def _line(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())[:_REASON]
