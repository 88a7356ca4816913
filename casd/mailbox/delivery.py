"""The door by which front ends bring a message to a mailbox: POST /casd/deliver."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from attrs import frozen
from twisted.logger import Logger

from casd.mailbox import oof, outgoing, rules, warning
from casd.mailbox.call import Call
from casd.mailbox.meetings import arriving, delegated, guests
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.errors import QuotaExceeded
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Fields
from protocols.handover import FORWARDED_BY
from protocols.http1 import Response

LARGEST = 150 * 1024 * 1024
"""Bytes of a message: the front door's own limit of a body."""

MECHANISM = "submission"
"""What an assertion must say: a user's own request is never taken for a delivery."""


_MEMBER = "member"
"""The query of what is brought to the members of a group."""

P = ParamSpec("P")
T = TypeVar("T")
_log = Logger()


async def serve(call: Call) -> Response:
    """Put the message where it belongs; the answer comes when it is on the disk."""
    if call.assertion.mechanism != MECHANISM or call.exchange.head.method != b"POST":
        return Response(403)
    passed = [value.decode("utf-8", "replace") for value in call.exchange.head.all(FORWARDED_BY.lower())]
    refused = await deliver(call, await call.exchange.read(LARGEST), passed, member=call.exchange.head.query == _MEMBER)
    answer = json.dumps({"reason": refused}).encode()
    return Response(422 if refused else 200, ((b"Content-Type", b"application/json"),), answer)


async def deliver(call: Call, mime: bytes, passed: Sequence[str] = (), *, member: bool = False) -> str:
    """Deliver a message to the mailbox of a call; return why it was refused, empty if it was not.

    `passed` are the mailboxes whose owners have had it sent on. Who gets it as a `member` of a group was not written
    to, and does not say that he is away.
    What the mailbox sends because of it (out of office, rules) is sent before: nothing waits for later.
    """
    try:
        sender, now = call.assertion.user, datetime.now(UTC)
        delivered = await call.database.run(_deliver, call.mailbox, sender, mime, passed, now, member=member)
    except QuotaExceeded:
        return "552 5.2.2 The mailbox is full."  # RFC 3463 section 3.3
    if delivered.invited:
        await guests.heed(call, delivered.item, mime, delivered.invited, now)
    await outgoing.send(call, delivered.letters)
    return ""


@frozen
class _Delivered:
    """The item that a message has become, and what is to be sent because of it.

    `invited`: of whom the address book must say whether one is the sender, whose answer counts then.
    """

    item: str
    letters: list[Outgoing]
    invited: tuple[str, ...]


def _deliver(
    mailbox: MailboxStore, sender: str, mime: bytes, passed: Sequence[str], now: datetime, *, member: bool
) -> _Delivered:
    """Put a message into the inbox, and have calendar and rules follow."""
    mailbox.admit(len(mime))
    fields: Fields = _heeded(mailbox, Fields(), arriving.arrived, sender, mime, passed, now)
    item = mailbox.deliver(mime, **fields)
    invited = _heeded(mailbox, (), guests.unknown, sender, item, mime)
    absence = None if member else _heeded(mailbox, None, oof.reply, sender, mime, now)
    copies = _heeded(mailbox, [], delegated.copies, item, mime, passed, now)
    sent = _heeded(mailbox, [], rules.apply, item, mime, sender, passed, now)
    _heeded(mailbox, None, warning.give, now)
    return _Delivered(item.id, [*([absence] if absence else []), *copies, *sent], invited)


def _heeded(
    mailbox: MailboxStore,
    otherwise: T,
    heed: Callable[Concatenate[MailboxStore, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Return what comes of a message beside its delivery, which whatever stands in it must not prevent.

    What cannot be done wholly is not done: a rule that deletes a message and fails to send it on keeps it.
    """
    try:
        with mailbox.journal.whole():
            return heed(mailbox, *args, **kwargs)
    except Exception:
        _log.failure("a message was delivered, but {what} could not heed it", what=heed.__module__)
        return otherwise
