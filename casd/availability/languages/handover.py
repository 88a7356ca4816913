"""How our own mailbox servers are asked: EWS, with the hand-over's word for who asks about which mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeGuard

from casd.availability.asking import Asking, Place
from casd.availability.wire import PROTOCOL, Apart, Question, Unanswered, Wire, check
from casd.model import Decision, DirectoryDown, Proxy, ServerKind
from casd.moving import Unreached, follow
from casd.net.exchange import new_request_id
from casd.net.fetch import Answer
from casd.net.handover import bearer
from protocols import handover
from protocols.ews import availability_client
from protocols.ews.availability import View
from protocols.ews.envelope import CONTENT_TYPE
from protocols.ews.errors import Fault

KINDS = (ServerKind.CASD,)

MOST = handover.MOST
"""Of one database, each with a hand-over of its own: a pooled connection is no way into any other."""

_TARGET = b"/EWS/Exchange.asmx"

_SURPRISED = 500


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return what the server of some mailboxes tells; wait for a database on the move.

    What may be the trouble of one of several, or of their number, is `Apart`.
    """
    failed = Apart if len(places) > 1 else Unanswered
    hand_over = partial(_hand_over, wire, asking, places)
    try:
        answer = await follow(wire.access, places[0].address, PROTOCOL, hand_over, asking.until)
    except (Unreached, DirectoryDown) as error:
        raise failed("ErrorMailboxFailover", f"the database is on the move: {error}") from error
    if answer.head.status == _SURPRISED:
        raise failed("ErrorProxyRequestProcessingFailed", "a mailbox could not be opened")
    check(answer, 200)
    try:
        asked = asking.request.in_utc(*(place.address for place in places))
        views: list[View] = await wire.read(availability_client.read, answer, asked)
    except Fault as error:
        raise Unanswered("ErrorProxyRequestProcessingFailed", str(error)) from error
    return views


async def _hand_over(wire: Wire, asking: Asking, places: Sequence[Place], proxy: Proxy) -> Answer:
    request_id, server = new_request_id(), proxy.server
    located = [proxy, *[await wire.access.locate_address(one.address, PROTOCOL, "the attendee") for one in places[1:]]]
    found = [one for one in located if _beside(one, proxy)]
    if len(found) < len(places):
        raise Apart("ErrorMailboxFailover", "a mailbox has left the database of the others")
    who = [bearer(one, asking.asker, "", handover.TIMES) for one in found]
    try:
        proof = wire.access.handover.prove_all(who, server.name, b"POST", _TARGET, request_id)
    except (OSError, ValueError) as error:
        raise Unanswered("ErrorServiceDiscoveryFailed", f"{server.name}: no hand-over key: {error}") from error
    headers = ((b"request-id", request_id.encode("ascii")), (b"Content-Type", CONTENT_TYPE))
    body = availability_client.write(asking.request.in_utc(*(one.mailbox.address for one in found)))
    question = Question(b"POST", _TARGET, headers, body, proof)
    return await wire.fetch(server, asking.asker, question, asking.until, len(places))


def _beside(one: Decision, proxy: Proxy) -> TypeGuard[Proxy]:
    """Say whether a mailbox is where another is."""
    return isinstance(one, Proxy) and (one.server.name, one.database.name) == (proxy.server.name, proxy.database.name)
