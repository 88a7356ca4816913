"""How a server is asked that publishes busy times, or a whole calendar, at a URL of each mailbox (RFC 5545)."""

from __future__ import annotations

from collections.abc import Sequence

from casd.availability import periods
from casd.availability.asking import Asking, Place, values_of
from casd.availability.wire import Question, Wire, check, signed_in
from protocols.ews.availability import View

KINDS = ()
"""Which one publishes them is for its account to say."""

MOST = 1

_USUAL = "/freebusy/{address}.ifb"


async def ask(wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
    """Return what is published of one mailbox."""
    (place,) = places
    values = values_of(place)
    headers = (*signed_in(place.account, values), (b"Accept", b"text/calendar"))
    question = Question(b"GET", place.account.target(values, _USUAL), headers)
    answer = await wire.fetch(place.server, asking.asker, question, asking.until)
    check(answer, 200)
    return (await wire.in_thread(periods.published, asking.request, answer.body),)
