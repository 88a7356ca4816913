"""How servers and organisations that speak EWS are asked (Exchange, gromox): with an account of ours."""

from __future__ import annotations

from collections.abc import Sequence

from casd.availability.asking import Asking, Place
from casd.availability.wire import PROXIED, Question, Unanswered, Wire, check, signed_in
from casd.model import ServerKind
from casd.net.fetch import Answer
from protocols.ews import availability_client
from protocols.ews.availability import View
from protocols.ews.envelope import CONTENT_TYPE
from protocols.ews.errors import Fault

KINDS = (ServerKind.EXCHANGE, ServerKind.GROMOX)

MOST = 20
"""Mailboxes of one request: the answer is read whole."""

_USUAL = "/EWS/Exchange.asmx"


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return what a server tells of some of its mailboxes."""
    first = places[0]
    request = asking.request.in_utc(*(place.address for place in places))
    body = availability_client.write(request, asking.asker if first.named else "")
    headers = (*signed_in(first.account, {}), (b"Content-Type", CONTENT_TYPE), (PROXIED, b"availability"))
    question = Question(b"POST", first.account.target({}, _USUAL), headers, body)
    answer = await wire.fetch(first.server, asking.asker, question, asking.until, len(places))
    await _check(wire, answer)
    try:
        views: list[View] = await wire.read(availability_client.read, answer, request)
    except Fault as error:
        raise Unanswered("ErrorProxyRequestProcessingFailed", str(error)) from error
    return views


async def _check(wire: Wire, answer: Answer) -> None:
    """Raise `Unanswered` for anything but an answer; a fault of EWS says why in its own words."""
    if answer.head.status == 500 and (code := await wire.read(availability_client.refused, answer)):
        raise Unanswered(code, "said by the server")
    if answer.head.status == 401:
        raise Unanswered("ErrorInvalidCrossForestCredentials", "the account is not taken")
    check(answer, 200)
