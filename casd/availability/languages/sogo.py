"""How SOGo is asked: a VFREEBUSY posted to the outbox of an account of ours (RFC 6638 section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from casd.availability import periods
from casd.availability.asking import Asking, Place
from casd.availability.wire import Question, Unanswered, Wire, check, signed_in
from casd.model import ServerKind
from casd.net.exchange import new_request_id
from protocols import freebusy
from protocols.caldav import schedule_response
from protocols.documents import BadXML
from protocols.ews.availability import Request, View
from protocols.ews.errors import Refusal
from protocols.freebusy import Wanted

KINDS = (ServerKind.SOGO,)

MOST = 20

_USUAL = "/SOGo/dav/{user}/Calendar/personal/"


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return the busy times of some mailboxes; who has no calendar there is told of as such."""
    account, server = places[0].account, places[0].server
    addresses = [place.address for place in places]
    window = asking.request.in_utc()
    wanted = Wanted(account.user, addresses, window.start, window.end, new_request_id(), datetime.now(UTC))
    headers = (
        *signed_in(account, {}),
        (b"Content-Type", b"text/calendar; charset=utf-8"),
    )
    question = Question(b"POST", account.target({"user": account.user}, _USUAL), headers, freebusy.ask(wanted))
    answer = await wire.fetch(server, asking.asker, question, asking.until, len(places))
    check(answer, 200)
    try:
        return await wire.read(_views, answer, asking.request, addresses)
    except BadXML as error:
        raise Unanswered("ErrorProxyRequestProcessingFailed", str(error)) from error


def _views(request: Request, addresses: Sequence[str], document: bytes) -> list[View]:
    told = schedule_response(document)
    nothing = View(Refusal("ErrorNoFreeBusyAccess"))
    return [periods.view(request, told[one.lower()]) if one.lower() in told else nothing for one in addresses]
