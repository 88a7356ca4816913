"""GetUserAvailability: when people are free and busy, whatever servers their calendars are on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve

from casd.access import ClientAccess
from casd.availability.availability import Availability
from casd.availability.told import Told
from casd.availability.wire import PROXIED
from casd.model import Identity
from casd.net.exchange import Exchange
from protocols.ews import availability, suggestions
from protocols.ews.envelope import Request
from protocols.ews.markup import Element
from protocols.ews.suggesting import suggest
from protocols.http1 import RequestHead

_STEP = int(suggestions.STEP / timedelta(minutes=1))

_EXCHANGE = b"ASProxy/"
"""How the User-Agent of an Exchange begins that passes a request on."""


async def get_user_availability(
    exchange: Exchange, access: ClientAccess, identity: Identity, request: Request
) -> Element:
    """Answer GetUserAvailability."""
    service: Availability = access.availability
    body, proxied = request.body, _proxied(exchange.head)
    limits = service.settings
    asked = availability.parse(body, longest=limits.longest, most=limits.mailboxes)
    options = suggestions.parse(body, asked.zone, longest=limits.longest)
    wider = evolve(asked, start=options.start, end=options.end, view="FreeBusy", interval=_STEP) if options else asked
    both = (asked,) if _within(wider, asked) else (asked, wider)
    told, *more = await service.ask(identity.user, *both, proxied=proxied, gone=lambda: exchange.lost)
    suggested = None
    if options is not None:
        known = more[0] if more else told
        suggested = await service.in_thread(_suggested, options, wider, known, suggestions.excluding(body))
    answered: Element = await service.in_thread(_answered, asked, told, suggested)
    return answered


def _suggested(
    options: suggestions.Options, wider: availability.Request, told: Told, excluding: Sequence[bool]
) -> Element:
    return suggestions.write(suggest(options, wider.zone, told.attendees(wider, excluding)))


def _answered(asked: availability.Request, told: Told, suggested: Element | None) -> Element:
    return availability.answer(asked, told.seen(asked), suggested)


def _within(wider: availability.Request, asked: availability.Request) -> bool:
    """Say whether all of one time is known from what was asked of another."""
    return asked.start <= wider.start and wider.end <= asked.end


def _proxied(head: RequestHead) -> bool:
    """Say whether a front end has passed a request on."""
    return head.get(PROXIED.lower()) is not None or (head.get(b"user-agent") or b"").startswith(_EXCHANGE)


OPERATIONS = {"GetUserAvailabilityRequest": get_user_availability}
