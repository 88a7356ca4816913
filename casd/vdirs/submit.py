"""/casd: what mailbox servers ask of the front door; above all mail, handed over while its sender waits.

Nothing is queued or stored: the answer has one receipt for each recipient, and what was not delivered is the
sender's to tell.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial

from attrs import asdict

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.directory.addresses import with_normal_domain
from casd.moving import Unreached
from casd.net.exchange import Exchange
from casd.vdirs import ask, meant, members, people, recipients
from casd.vdirs.reach import Message, each, reach, reason
from casd.vdirs.vdir import Vdir
from protocols.handover import FORWARDED_BY, REQUEST_HEADER, BadAssertion, verify
from protocols.http1 import Response

_PATH = "/casd/submit"
_LOOKS_UP = {people.PATH: people.answer, members.PATH: members.answer, meant.PATH: meant.answer}
"""What is asked in nobody's name."""

_DELIVER = b"/casd/deliver"
_TO_MEMBER = b"/casd/deliver?member"
"""For somebody who was not written to himself: nobody is to be told by hundreds that they are away."""

_LARGEST = 150 * 1024 * 1024
"""Bytes of a message."""

_HOPS = 10
"""Mailboxes that have sent a message on: more than any mailbox server lets happen."""


class Submit(Vdir):
    """Only a mailbox server's own key opens this; no client's credentials do."""

    paths = ("casd",)
    protocol = "delivery"
    component = "FrontendTransport"
    methods = frozenset({b"POST"})

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response | None:
        """Answer what mailbox servers ask, and take their mail."""
        path = exchange.head.path
        if path not in {_PATH, ask.PATH, *_LOOKS_UP}:
            return Response(404)
        try:
            server, user = await self._proved(exchange, access, path)
            if path in _LOOKS_UP:
                return await _LOOKS_UP[path](exchange, access)
            sender = await _bound(access, server, user)
        except Denied as denied:
            exchange.notes["why"] = str(denied)
            return Response(403)
        exchange.notes["user"] = sender
        return await (ask.answer if path == ask.PATH else _submit)(exchange, access, sender)

    async def _proved(self, exchange: Exchange, access: ClientAccess, path: str) -> tuple[str, str]:
        """Return which mailbox server asks, and for whom it says that it does; `Denied` unless it is one of ours."""
        head = exchange.head
        server = (head.get(b"x-casd-server") or b"").decode("latin-1")
        if server not in (await access.topology()).servers:
            raise Denied("no mailbox server of ours is named")
        try:
            keys = access.handover.keys(server)
            token = head.get(REQUEST_HEADER.lower()) or b""
            asserted = verify(token, keys, server="front", method="POST", target=path, now=time.time())
        except (BadAssertion, OSError, ValueError) as error:
            raise Denied(f"{server} proves nothing: {error}") from None
        if asserted.mechanism != "submission":
            raise Denied(f"{server} shows a statement of another kind")
        return server, asserted.user


async def _bound(access: ClientAccess, server: str, user: str) -> str:
    """Return the first address of a user; `Denied` unless the active copy of his mailbox is on the server that asks.

    So a server that has fallen into strange hands speaks for its own users only. What has just moved is looked up anew.
    """
    for refresh in (False, True):
        if refresh:
            await access.directory.refresh()
        mailbox = await access.directory.by_address(user)
        database = mailbox and (await access.topology()).databases.get(mailbox.database)
        if mailbox and database and database.active == server:
            return mailbox.address
    raise Denied(f"{server} asks for {user or 'nobody'}, whose mailbox it does not have")


async def _submit(exchange: Exchange, access: ClientAccess, sender: str) -> Response:
    """Deliver one message to all whom its recipients stand for."""
    addresses = [value.decode("utf-8", "replace") for value in exchange.head.all(b"x-casd-recipient")]
    passed = exchange.head.all(FORWARDED_BY.lower())
    if len(passed) > _HOPS:
        return Response(400)
    more = tuple((FORWARDED_BY, one) for one in passed)
    message = Message(await exchange.read(_LARGEST), b"message/rfc822", more)
    once = {with_normal_domain(one).casefold(): one for one in reversed(addresses)}  # however a group is spelt
    written = [await recipients.written(access.directory, one) for one in reversed(once.values())]
    targets = recipients.apart(written)
    reasons = await each(access, partial(_deliver, access, sender, message, targets), targets)
    became = dict(zip(targets, reasons, strict=True))
    receipts = [asdict(receipt) for one in written for receipt in one.receipts(became)]
    return Response(200, ((b"Content-Type", b"application/json"),), json.dumps({"receipts": receipts}).encode())


async def _deliver(
    access: ClientAccess, sender: str, message: Message, members_alone: Mapping[str, bool], recipient: str
) -> str:
    """Hand a message to the server of one recipient; return why it was refused, if it was."""
    path = _TO_MEMBER if members_alone[recipient] else _DELIVER
    try:
        return reason(await reach(access, sender, recipient, path, message))
    except Unreached as error:
        return str(error)
