"""The messages that inbox rules send: what has arrived, sent on in three ways, and ready answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from casd.mailbox.call import Receipt
from casd.mailbox.ews import headers, mail, reports
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.rule_conditions import Arrival
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.paths import Property
from protocols.ews.values import Address

MOST_SENT = 32
"""People to whom the rules of a mailbox send one message on, all in all."""

_HOPS = 3
"""Mailboxes whose rules send a message on, one after the other: Exchange 2010's number."""


def sent(rules: Sequence[Mapping[str, Any]], arrival: Arrival) -> list[Outgoing]:
    """Return what rules, given as their actions, send: a letter for each way of sending on, and one ready answer.

    So a message of any size is held a few times, however many rules want it.
    """
    if arrival.me in arrival.passed or len(arrival.passed) >= _HOPS:
        return []
    asked = ((way, one) for rule in rules for way in FORWARDS for one in rule.get(way, ()))
    wanted = list({(way, one.casefold()): (way, one) for way, one in asked}.values())
    letters = []
    for way, make in FORWARDS.items():
        if people := [one for its_way, one in wanted[:MOST_SENT] if its_way == way]:
            letters.append(_letter(arrival, people, make(arrival, people)))
    if refused := [one for _, one in wanted[MOST_SENT:]]:
        _tell_owner(arrival, refused)
    templates = (rule["ServerReplyWithMessage"] for rule in rules if "ServerReplyWithMessage" in rule)
    return letters + _replied(next(templates, None), arrival)


def _letter(arrival: Arrival, people: Sequence[str], mime: bytes, *, reports: bool = True) -> Outgoing:
    return Outgoing(tuple(people), mime, reports, passed=(*arrival.passed, arrival.me))


def _tell_owner(arrival: Arrival, refused: Sequence[str]) -> None:
    """Tell the owner whom his rules have not sent a message."""
    why = f"5.7.1 Inbox rules send a message to {MOST_SENT} people at most."  # RFC 3463 section 3.8
    receipts = [Receipt(one, delivered=False, reason=why) for one in refused]
    mailbox = arrival.mailbox
    mailbox.deliver(reports.undelivered(mailbox.address, receipts, arrival.mime, arrival.now))


def _forwarded(arrival: Arrival, people: Sequence[str]) -> bytes:
    """Return a message as its receiver sends it on: in his name, with all that is in it."""
    written = {
        "message:From": Address(arrival.mailbox.address, arrival.mailbox.display_name),
        "message:ToRecipients": tuple(map(Address, people)),
        "message:CcRecipients": None,
        "item:Subject": f"FW: {arrival.item.subject}",
    }
    message = mail.parse(mail.write(arrival.mime, {Property(uri): value for uri, value in written.items()}))
    return _marked(message, arrival, "auto-forwarded")


def _attached(arrival: Arrival, people: Sequence[str]) -> bytes:
    """Return a message that carries the one that came."""
    message = EmailMessage(mail.POLICY)
    message["From"] = headers.address(Address(arrival.mailbox.address, arrival.mailbox.display_name))
    message["To"] = [headers.address(Address(one)) for one in people]
    message["Subject"] = f"FW: {arrival.item.subject}"
    message.set_content("\n")
    message.add_attachment(mail.parse(arrival.mime))
    return _marked(message, arrival, "auto-forwarded")


def _redirected(arrival: Arrival, people: Sequence[str]) -> bytes:
    return redirected(arrival.mailbox, arrival.mime, people, arrival.now)


def redirected(mailbox: MailboxStore, mime: bytes, people: Sequence[str], now: datetime) -> bytes:
    """Return a message as it came, with who has sent it on (RFC 5322 section 3.6.6)."""
    lines = {
        "Resent-From": mailbox.address,
        "Resent-To": ", ".join(people),
        "Resent-Date": format_datetime(now),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("ascii", "replace") + mime


def _marked(message: EmailMessage, arrival: Arrival, how: str) -> bytes:
    for name in ("Auto-Submitted", "Message-ID", "Date"):
        del message[name]
    message["Auto-Submitted"] = how
    message["Message-ID"] = make_msgid(domain=arrival.mailbox.address.rpartition("@")[2])
    message["Date"] = format_datetime(arrival.now)
    return mail.serialise(message)


def _replied(template: str | None, arrival: Arrival) -> list[Outgoing]:
    """Return the answer that a rule has ready; a program is not answered (RFC 3834 section 2)."""
    if template is None or arrival.automatic:
        return []
    try:
        content = arrival.mailbox.items.content(template)
    except NotFound:
        return []
    written = {
        "message:From": Address(arrival.mailbox.address, arrival.mailbox.display_name),
        "message:ToRecipients": (Address(arrival.sender),),
    }
    message = mail.parse(mail.write(content, {Property(uri): value for uri, value in written.items()}))
    return [_letter(arrival, [arrival.sender], _marked(message, arrival, "auto-replied"), reports=False)]


FORWARDS: Mapping[str, Callable[[Arrival, Sequence[str]], bytes]] = {
    "ForwardToRecipients": _forwarded,
    "ForwardAsAttachmentToRecipients": _attached,
    "RedirectToRecipients": _redirected,
}
"""Actions that send a message on, each in its own way."""
