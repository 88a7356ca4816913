"""The messages that inbox rules send: what has arrived, sent on in three ways, and ready answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

from casd.mailbox.ews import headers, mail
from casd.mailbox.ews.mail import Head
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.rule_conditions import Arrival
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.paths import Property
from protocols.ews.values import Address

LOOP = "X-CASD-Forwarded-By"
"""The header that names each mailbox whose rules have sent a message on: none does so twice."""

_HOPS = 10


def sent(actions: Mapping[str, Any], arrival: Arrival) -> list[Outgoing]:
    """Return what the actions of a rule send."""
    passed = passed_by(arrival.head)
    if arrival.me in passed or len(passed) >= _HOPS:
        return []
    made = [
        Outgoing(tuple(actions[name]), make(arrival, actions[name]))
        for name, make in FORWARDS.items()
        if actions.get(name)
    ]
    return made + _replied(actions.get("ServerReplyWithMessage"), arrival)


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
        LOOP: mailbox.address,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode("ascii", "replace") + mime


def passed_by(head: Head) -> list[str]:
    """Return the mailboxes whose owners have had a message sent on."""
    return [value.strip().casefold() for value in head.all(LOOP)]


def _marked(message: EmailMessage, arrival: Arrival, how: str) -> bytes:
    for name in ("Auto-Submitted", "Message-ID", "Date"):
        del message[name]
    message["Auto-Submitted"] = how
    message["Message-ID"] = make_msgid(domain=arrival.mailbox.address.rpartition("@")[2])
    message["Date"] = format_datetime(arrival.now)
    message[LOOP] = arrival.mailbox.address
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
    return [Outgoing((arrival.sender,), _marked(message, arrival, "auto-replied"), reports=False)]


FORWARDS: Mapping[str, Callable[[Arrival, Sequence[str]], bytes]] = {
    "ForwardToRecipients": _forwarded,
    "ForwardAsAttachmentToRecipients": _attached,
    "RedirectToRecipients": _redirected,
}
"""Actions that send a message on, each in its own way."""
