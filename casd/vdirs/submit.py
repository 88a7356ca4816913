"""/casd: what mailbox servers ask of the front door; above all mail, handed over while its sender waits.

Nothing is queued or stored: the answer has one receipt for each recipient, and what was not delivered is the
sender's to tell.
"""

from __future__ import annotations

import json
import time
from functools import partial

from attrs import asdict, frozen

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.net.exchange import Exchange
from casd.vdirs import ask, people
from casd.vdirs.reach import Message, Unreached, each, reach, reason
from casd.vdirs.vdir import Vdir
from protocols.handover import FORWARDED_BY, REQUEST_HEADER, BadAssertion, verify
from protocols.http1 import Response

_PATH = "/casd/submit"
_DELIVER = b"/casd/deliver"
_LARGEST = 150 * 1024 * 1024
"""Bytes of a message."""

_HOPS = 10
"""Mailboxes that have sent a message on: more than any mailbox server lets happen."""


@frozen
class Receipt:
    """What became of one recipient."""

    address: str
    delivered: bool
    reason: str = ""


class Submit(Vdir):
    """Only a mailbox server's own key opens this; no client's credentials do."""

    paths = ("casd",)
    protocol = "delivery"
    component = "FrontendTransport"
    methods = frozenset({b"POST"})

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response | None:
        """Deliver one message to all its recipients."""
        path = exchange.head.path
        if path not in {_PATH, ask.PATH, people.PATH}:
            return Response(404)
        try:
            server, user = await self._proved(exchange, access, path)
            if path == people.PATH:
                return await people.answer(exchange, access)
            sender = await _bound(access, server, user)
        except Denied as denied:
            exchange.notes["why"] = str(denied)
            return Response(403)
        exchange.notes["user"] = sender
        if path == ask.PATH:
            return await ask.answer(exchange, access, sender)
        recipients = [value.decode("utf-8", "replace") for value in exchange.head.all(b"x-casd-recipient")]
        passed = exchange.head.all(FORWARDED_BY.lower())
        if len(passed) > _HOPS:
            return Response(400)
        message = Message(
            await exchange.read(_LARGEST), b"message/rfc822", tuple((FORWARDED_BY, one) for one in passed)
        )
        receipts = await each(partial(_deliver, access, sender, message), dict.fromkeys(recipients))
        body = json.dumps({"receipts": [asdict(receipt) for receipt in receipts]}).encode()
        return Response(200, ((b"Content-Type", b"application/json"),), body)

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


async def _deliver(access: ClientAccess, sender: str, message: Message, recipient: str) -> Receipt:
    """Hand a message to the server of one recipient."""
    try:
        refused = reason(await reach(access, sender, recipient, _DELIVER, message))
    except Unreached as error:
        refused = str(error)
    return Receipt(recipient, not refused, refused)
