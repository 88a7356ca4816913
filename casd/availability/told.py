"""What servers have told of the times of attendees, as whoever asked is to see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, frozen

from casd.availability.asking import Place
from casd.availability.attendees import Found, Members
from protocols.ews.availability import Event, Request, View
from protocols.ews.availability_client import MOST_EVENTS
from protocols.ews.errors import Refusal
from protocols.ews.merging import merged, seen
from protocols.ews.suggesting import Attendee
from protocols.ews.working_hours import WorkingHours, usual

_EARLIEST, _LATEST = datetime(2, 1, 1), datetime(9998, 12, 31)  # noqa: DTZ001 (in UTC, without offset)
"""The ends of time: what is beyond has no date in other zones."""

_TOO_LATE = View(Refusal("ErrorTimeoutExpired"))
_TOO_BIG = frozenset({"ErrorFreeBusyDLLimitReached", "ErrorIndividualMailboxLimitReached"})


@frozen
class Told:
    """What is told of whom a request's addresses stand for, in UTC as it was asked; who was late is not in `views`."""

    asked: Request
    found: Mapping[str, Found]
    views: Mapping[Place, View]

    def seen(self, request: Request) -> list[View]:
        """Return what is told of each mailbox, in the order of the request and in its zone."""
        return [_shown(request, self._view(address), self.found[address]) for address in request.addresses]

    def hours(self, address: str) -> WorkingHours | None:
        """Return when somebody works, None where nobody knows."""
        return self._view(address).hours

    def attendees(self, request: Request, excluding: Sequence[bool]) -> list[Attendee]:
        """Return the digits of everybody for the steps of a request, a group's members each for himself."""
        pairs = zip(request.addresses, excluding, strict=True)
        return [self._attendee(request, address, excludes=excludes) for address, excludes in pairs]

    def _attendee(self, request: Request, address: str, *, excludes: bool) -> Attendee:
        match self.found[address]:
            case Members(addresses):
                digits = tuple(_digits(request, self._view(one)) for one in addresses)
                return Attendee(digits, group=True, excludes=excludes)
            case Refusal(code=code) if code in _TOO_BIG:
                return Attendee(group=True, too_big=True, excludes=excludes)
        view = self._view(address)
        return Attendee((_digits(request, view),), excludes=excludes, hours=view.hours)

    def _view(self, address: str) -> View:
        """Return what is told of an address, in UTC."""
        match self.found[address]:
            case Refusal() as refusal:
                return View(refusal)
            case Place() as place:
                view = self.views.get(place, _TOO_LATE)
                return evolve(view, events=tuple(map(_bounded, view.events)))
            case Members(addresses):
                return self._together([self._view(one) for one in addresses])

    def _together(self, views: Sequence[View]) -> View:
        """Return when anybody of a group is busy; who is not known may be so at any time."""
        unknown = Event(self.asked.start, self.asked.end, "NoData")
        events: list[Event] = []
        for view in views:
            known = not (view.refusal or view.only_merged)
            events += [evolve(one, details=()) for one in view.events] if known else [unknown]
        return View(events=tuple(sorted(set(events), key=lambda one: one.start)))


def _bounded(event: Event) -> Event:
    """Return an event within what dates there are: servers tell of any time."""
    if event.start >= _EARLIEST and event.end <= _LATEST:
        return event
    return evolve(event, start=max(event.start, _EARLIEST), end=min(event.end, _LATEST))


def _digits(request: Request, view: View) -> str:
    """Return one digit a step; none of who is not known, or by digits alone."""
    return "" if view.refusal is not None or view.only_merged else merged(request, view.events)


def _shown(request: Request, view: View, found: Found) -> View:
    """Return a view in UTC as who asks sees it; whose hours nobody knows works when most do."""
    if view.refusal is not None or view.only_merged:
        return view
    if len(view.events) > MOST_EVENTS and request.view != "MergedOnly":
        return View(Refusal("ErrorResultSetTooBig"))
    hours = None if isinstance(found, Members) else view.hours or usual(request.zone)
    return seen(request, view.events, detailed=view.detailed, hours=hours)
