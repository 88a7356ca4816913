"""/casd/submit: mail from a mailbox server, handed to the servers of its recipients while the sender waits.

Nothing is queued or stored: the answer has one receipt for each recipient, and what was not delivered is the
sender's to tell.
"""

from __future__ import annotations

import json
import time

from attrs import asdict, frozen
from twisted.internet.task import deferLater

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.model import DirectoryDown, Proxy
from casd.net.exchange import Exchange, new_request_id
from casd.net.fetch import Answer, fetch
from casd.net.handover import ANSWER_FIELD, bearer
from casd.net.pool import Busy, Unreachable
from casd.vdirs import people
from casd.vdirs.vdir import Vdir
from protocols.handover import REQUEST_HEADER, BadAssertion, verify
from protocols.http1 import Response

_PATH = "/casd/submit"
_DELIVER = b"/casd/deliver"
_LARGEST = 150 * 1024 * 1024
"""Bytes of a message."""

_HOLD = 10.0
"""Seconds that a recipient's database may be on the move."""

_PAUSE = 0.05
_PATIENCE = 60.0


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
        if path not in {_PATH, people.PATH}:
            return Response(404)
        try:
            sender = await self._sender(exchange, access, path)
        except Denied:
            return Response(403)
        if path == people.PATH:
            return await people.answer(exchange, access)
        exchange.notes["user"] = sender
        recipients = [value.decode("utf-8", "replace") for value in exchange.head.all(b"x-casd-recipient")]
        message = await exchange.read(_LARGEST)
        receipts = [await _deliver(access, sender, recipient, message) for recipient in dict.fromkeys(recipients)]
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


async def _deliver(access: ClientAccess, sender: str, recipient: str, message: bytes) -> Receipt:
    """Hand a message to the server of one recipient; wait for a database on the move."""
    give_up = access.clock.seconds() + _HOLD
    try:
        while True:
            decision = await access.locate_address(recipient, "delivery", "the recipient")
            if not isinstance(decision, Proxy):
                return Receipt(recipient, False, getattr(decision, "word", "Elsewhere"))
            answer = await _hand_over(access, sender, decision, message)
            if answer.head.status != 421:
                return Receipt(recipient, answer.head.status == 200, _reason(answer))
            if access.clock.seconds() >= give_up:
                return Receipt(recipient, False, "DatabaseMoving")
            await deferLater(access.clock, _PAUSE)
            await access.directory.refresh()
    except (Busy, Unreachable, DirectoryDown) as error:
        return Receipt(recipient, False, f"try later: {error}")


async def _hand_over(access: ClientAccess, sender: str, proxy: Proxy, message: bytes) -> Answer:
    """Return what a server answered that took a message, or did not."""
    request_id, server = new_request_id(), proxy.server
    who = bearer(proxy, sender, "", "submission")
    proof = access.handover.prove(who, server.name, b"POST", _DELIVER, request_id)
    connection = await access.connect(server, "delivery", sender, last=True)
    host = (server.tls_name or server.name).encode("ascii")
    lines = b"%bHost: %b\r\nrequest-id: %b\r\nContent-Type: message/rfc822\r\n" % (
        proof.line,
        host,
        request_id.encode("ascii"),
    )
    answer: Answer = await fetch(connection, b"POST", _DELIVER, lines, message, _PATIENCE)
    if not proof.answered_by(answer.head.get(ANSWER_FIELD)):
        connection.expired = True
        connection.lane.breaker.distrust()
        raise Unreachable(f"{server.name} answered for another request or mailbox")
    return answer


def _reason(answer: Answer) -> str:
    """Return why a server did not take a message, in its own words if it has any."""
    if answer.head.status == 200:
        return ""
    try:
        said = str(json.loads(answer.body)["reason"])
    except (ValueError, KeyError, TypeError):
        said = ""
    return said or f"the server answered {answer.head.status}"
