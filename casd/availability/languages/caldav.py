"""How servers of CalDAV are asked: a free-busy-query REPORT on the calendar (RFC 4791 section 7.10)."""

from __future__ import annotations

from collections.abc import Sequence

from casd.availability import periods
from casd.availability.asking import Asking, Place, values_of
from casd.availability.wire import Question, Wire, check, signed_in
from casd.model import ServerKind
from protocols.caldav import free_busy_query
from protocols.ews.availability import View

KINDS = (ServerKind.DAV,)

MOST = 1

_USUAL = "/{local}/calendar/"


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return the busy times of one calendar."""
    (place,) = places
    values = values_of(place)
    window = asking.request.in_utc()
    headers = (
        *signed_in(place.account, values),
        (b"Content-Type", b"application/xml; charset=utf-8"),
        (b"Depth", b"1"),
    )
    target = place.account.target(values, _USUAL)
    question = Question(b"REPORT", target, headers, free_busy_query(window.start, window.end))
    answer = await wire.fetch(place.server, asking.asker, question, asking.until)
    check(answer, 200)
    return (await wire.read(periods.view, answer, asking.request),)
