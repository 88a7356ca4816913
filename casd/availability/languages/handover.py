"""How our own mailbox servers are asked: EWS, with the hand-over's word for who asks about which mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from casd.availability.asking import Asking, Place
from casd.availability.wire import PROTOCOL, Question, Unanswered, Wire, check
from casd.model import DirectoryDown, Proxy, ServerKind
from casd.moving import Unreached, follow
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


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return what the server of a mailbox tells; wait for a database on the move."""
    (place,) = places
    request = asking.request.in_utc(place.address)
    body = availability_client.write(request)
    try:
        answer = await follow(
            wire.access, place.address, PROTOCOL, partial(_hand_over, wire, asking, body), asking.until
        )
    except (Unreached, DirectoryDown) as error:
        raise Unanswered("ErrorMailboxFailover", f"the database is on the move: {error}") from error
    check(answer, 200)
    try:
        return await wire.read(availability_client.read, answer, request)
    except Fault as error:
        raise Unanswered("ErrorProxyRequestProcessingFailed", str(error)) from error


async def _hand_over(wire: Wire, asking: Asking, body: bytes, proxy: Proxy) -> Answer:
    request_id, server = new_request_id(), proxy.server
    who = bearer(proxy, asking.asker, "", PROTOCOL)
    try:
        proof = wire.access.handover.prove(who, server.name, b"POST", _TARGET, request_id)
    except (OSError, ValueError) as error:
        raise Unanswered("ErrorServiceDiscoveryFailed", f"{server.name}: no hand-over key: {error}") from error
    headers = ((b"request-id", request_id.encode("ascii")), (b"Content-Type", CONTENT_TYPE))
    question = Question(b"POST", _TARGET, headers, body, proof)
    return await wire.fetch(server, asking.asker, question, asking.until)
