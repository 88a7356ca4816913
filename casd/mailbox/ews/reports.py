"""Delivery reports: what tells a sender that a message did not arrive (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage, Message
from email.utils import format_datetime, make_msgid

from casd.mailbox.call import Receipt
from casd.mailbox.ews import mail

_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_NOBODY = "5.1.1", "There is no mailbox of this address."
_LATER = "4.4.1", "The mailbox cannot be reached at present. The message was not kept for later: send it again."
_REASONS = {
    "UserNotFound": _NOBODY,
    "MailboxNotFound": _NOBODY,
    "ProtocolDisabled": ("5.2.1", "The mailbox takes no mail."),
    "OtherOrganisation": ("5.1.2", "It is in another organisation, and from a group mail has no way there yet."),
    "GroupEmpty": ("5.2.4", "The group has no members."),
    "GroupTooLarge": ("5.2.4", "The group has too many members: write to the groups in it."),
    **dict.fromkeys(("DatabaseMoving", "DatabaseNotFound", "NoActiveCopy", "NoEndpoint", "Elsewhere"), _LATER),
}
"""What the front door says of an address, as a status code and in words."""

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
    lines = [f"{_who(one)}: {_why(one.reason)[1]}" for one in refused]
    part.set_content("Your message did not reach these recipients:\n\n" + "\n".join(lines) + "\n")
    return part


def _who(receipt: Receipt) -> str:
    return f"{receipt.address} (a member of {receipt.group})" if receipt.group else receipt.address


def _status(domain: str, refused: Sequence[Receipt]) -> Message:
    part = Message(mail.POLICY)
    part["Content-Type"] = "message/delivery-status"
    part.set_payload([_block({"Reporting-MTA": f"dns; {domain}"}), *map(_recipient, refused)])
    return part


def _recipient(receipt: Receipt) -> Message:
    status, words = _why(receipt.reason)
    return _block(
        {
            **({"Original-Recipient": f"rfc822; {_line(receipt.group)}"} if receipt.group else {}),
            "Final-Recipient": f"rfc822; {_line(receipt.address)}",
            "Action": "failed",
            "Status": status,
            "Diagnostic-Code": f"smtp; {words if _STATUS.search(words) else f'{status} {words}'}",
        }
    )


def _why(reason: str) -> tuple[str, str]:
    """Return why somebody did not get a message, as a status code (RFC 3463) and in words."""
    line = _line(reason)
    if line in _REASONS:
        return _REASONS[line]
    found = _STATUS.search(line)
    return found[0] if found else ("4.4.1" if line.startswith("try later") else "5.0.0"), line


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
