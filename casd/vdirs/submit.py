"""/casd: what mailbox servers ask of the front door; above all mail, handed over while its sender waits.

Nothing is queued or stored: the answer has one receipt for each recipient, and what was not delivered is the
sender's to tell.
"""

from __future__ import annotations

import json
import time

from attrs import asdict, frozen
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.net.exchange import Exchange
from casd.vdirs import ask, people
from casd.vdirs.reach import Unreached, reach, reason
from casd.vdirs.vdir import Vdir
from protocols.handover import REQUEST_HEADER, BadAssertion, verify
from protocols.http1 import Response

_PATH = "/casd/submit"
_DELIVER = b"/casd/deliver"
_AT_ONCE = 8
"""Recipients at once: a server that hangs keeps nobody else waiting, and a long list takes no server by storm."""

_LARGEST = 150 * 1024 * 1024
"""Bytes of a message."""


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
            sender = await self._sender(exchange, access, path)
        except Denied:
            return Response(403)
        exchange.notes["user"] = sender or "-"
        if path == people.PATH:
            return await people.answer(exchange, access)
        if path == ask.PATH:
            return await ask.answer(exchange, access, sender)
        recipients = [value.decode("utf-8", "replace") for value in exchange.head.all(b"x-casd-recipient")]
        message = await exchange.read(_LARGEST)
        some = DeferredSemaphore(_AT_ONCE)
        going = [some.run(_delivery, access, sender, one, message) for one in dict.fromkeys(recipients)]
        receipts: list[Receipt] = await gatherResults(going)
        body = json.dumps({"receipts": [asdict(receipt) for receipt in receipts]}).encode()
        return Response(200, ((b"Content-Type", b"application/json"),), body)

    async def _sender(self, exchange: Exchange, access: ClientAccess, path: str) -> str:
        """Return for whom a mailbox server submits; `Denied` unless it proves to be one of ours."""
        head = exchange.head
        server = (head.get(b"x-casd-server") or b"").decode("latin-1")
        if server not in (await access.topology()).servers:
            raise Denied
        try:
            keys = access.handover.keys(server)
            token = head.get(REQUEST_HEADER.lower()) or b""
            asserted = verify(token, keys, server="front", method="POST", target=path, now=time.time())
        except (BadAssertion, OSError, ValueError):
            raise Denied from None
        if asserted.mechanism != "submission":
            raise Denied
        return asserted.user


def _delivery(access: ClientAccess, sender: str, recipient: str, message: bytes) -> Deferred[Receipt]:
    return Deferred.fromCoroutine(_deliver(access, sender, recipient, message))


async def _deliver(access: ClientAccess, sender: str, recipient: str, message: bytes) -> Receipt:
    """Hand a message to the server of one recipient."""
    try:
        refused = reason(await reach(access, sender, recipient, _DELIVER, message, b"message/rfc822"))
    except Unreached as error:
        refused = str(error)
    return Receipt(recipient, not refused, refused)
