"""How our own mailbox servers are asked: EWS, with the hand-over's word for who asks about which mailbox."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.task import deferLater

from casd.availability.asking import Asking, Place
from casd.availability.wire import PROTOCOL, Question, Unanswered, Wire, check
from casd.model import DirectoryDown, Proxy, ServerKind
from casd.net.exchange import new_request_id
from casd.net.fetch import Answer
from casd.net.handover import bearer
from protocols.ews import availability_client
from protocols.ews.availability import View
from protocols.ews.envelope import CONTENT_TYPE
from protocols.ews.errors import Fault

KINDS = (ServerKind.CASD,)

MOST = 1
"""A hand-over names one mailbox, and whoever has a pooled connection must not see into another."""

_TARGET = b"/EWS/Exchange.asmx"
_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two looks at the directory while a database is being moved, twice as many each time."""


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return what the server of a mailbox tells; wait for a database on the move."""
    (place,) = places
    request = asking.request.in_utc(place.address)
    body = availability_client.write(request)
    proxy, pause = place.proxy, _PAUSE
    while proxy is not None:
        answer = await _hand_over(wire, asking, proxy, body)
        if answer.head.status != 421:
            check(answer, 200)
            try:
                return await wire.read(availability_client.read, answer, request)
            except Fault as error:
                raise Unanswered("ErrorProxyRequestProcessingFailed", str(error)) from error
        if wire.now + pause >= asking.until:
            break
        await deferLater(wire.access.clock, pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            proxy = await _looked_up(wire, place)
        except DirectoryDown:
            break
    raise Unanswered("ErrorMailboxFailover", "the database is on the move")


async def _looked_up(wire: Wire, place: Place) -> Proxy | None:
    await wire.access.directory.refresh()
    decision = await wire.access.locate_address(place.address, PROTOCOL, "the attendee")
    return decision if isinstance(decision, Proxy) else None


async def _hand_over(wire: Wire, asking: Asking, proxy: Proxy, body: bytes) -> Answer:
    request_id, server = new_request_id(), proxy.server
    who = bearer(proxy, asking.asker, "", PROTOCOL)
    try:
        proof = wire.access.handover.prove(who, server.name, b"POST", _TARGET, request_id)
    except (OSError, ValueError) as error:
        raise Unanswered("ErrorServiceDiscoveryFailed", f"{server.name}: no hand-over key: {error}") from error
    headers = ((b"request-id", request_id.encode("ascii")), (b"Content-Type", CONTENT_TYPE))
    question = Question(b"POST", _TARGET, headers, body, proof)
    return await wire.fetch(server, asking.asker, question, asking.until)
