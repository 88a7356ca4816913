"""GetUserAvailability on the wire: whose time is asked for in whose time zone, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import MAXYEAR, MINYEAR, datetime, timedelta

from attrs import evolve, frozen

from protocols.ews import described_zones
from protocols.ews.codecs import choice, parse_integer, parse_moment, show_boolean
from protocols.ews.described_zones import UTC, Zone
from protocols.ews.errors import BadDocument, Fault, Refusal
from protocols.ews.markup import Element, child, children, m, t, text
from protocols.ews.working_hours import WorkingHours
from protocols.ews.working_hours import write as written_hours

MOST = 100
"""Mailboxes of one request."""

LONGEST = timedelta(days=62)
"""The longest time that is told of."""

_VIEW = choice("None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")
_INTERVAL = 30


@frozen
class Request:
    """Whose time is asked for, from when to when (without offset, in `zone`), in steps of so many minutes.

    `view` is empty where nothing is to be told but suggestions.
    """

    zone: Zone
    addresses: tuple[str, ...]
    start: datetime
    end: datetime
    view: str
    interval: int

    @property
    def detailed(self) -> bool:
        """Whether details are asked for."""
        return self.view.startswith("Detailed")

    def in_utc(self, *addresses: str) -> Request:
        """Return the same about other mailboxes, in UTC, where no hour comes twice."""
        start, end = self.zone.utc(self.start), self.zone.utc(self.end)
        return evolve(self, zone=UTC, addresses=addresses, start=start, end=end)


@frozen
class Event:
    """One event without offset; `details` are names and values of CalendarEventDetails."""

    start: datetime
    end: datetime
    status: str
    details: tuple[tuple[str, str], ...] = ()


@frozen
class View:
    """What is told of one mailbox: a `refusal`, or its events in the zone of the request, and `merged` into digits.

    `only_merged`: its server knows no more than the digits. `hours` are None where nobody knows them.
    """

    refusal: Refusal | None = None
    events: tuple[Event, ...] = ()
    detailed: bool = False
    merged: str = ""
    only_merged: bool = False
    hours: WorkingHours | None = None


def parse(body: Element, *, longest: timedelta = LONGEST, most: int = MOST) -> Request:
    """Return a request. Raises `BadDocument`, and `Fault` for what is wrong with all of it."""
    zone = child(body, "TimeZone")
    if zone is None:
        raise Fault("ErrorTimeZone")
    addresses = tuple(_address(node) for node in children(body, "MailboxDataArray"))
    if not addresses:
        raise Fault("ErrorMailboxDataArrayEmpty")
    if len(addresses) > most:
        raise Fault("ErrorMailboxDataArrayTooBig", f"The request names more than {most} mailboxes.")
    described = described_zones.parse(zone)
    options, suggested = (child(body, name) for name in ("FreeBusyViewOptions", "SuggestionsViewOptions"))
    if options is not None:
        window = window_of(options, "TimeWindow", described, longest)
        return Request(described, addresses, *window, *_wanted(options))
    if suggested is not None:
        window = window_of(suggested, "DetailedSuggestionsWindow", described, longest)
        return Request(described, addresses, *window, "", _INTERVAL)
    raise Fault("ErrorInvalidFreeBusyViewType")


def _wanted(options: Element) -> tuple[str, int]:
    """Return the view and the interval that are asked for."""
    view = str(_VIEW.constant(text(options, "RequestedView", "FreeBusy")))
    interval = parse_integer(text(options, "MergedFreeBusyIntervalInMinutes", str(_INTERVAL)))
    if view == "None":
        raise Fault("ErrorInvalidFreeBusyViewType")
    if not 5 <= interval <= 1440:
        raise Fault("ErrorInvalidMergedFreeBusyInterval")
    return view, interval


def _address(node: Element) -> str:
    email = child(node, "Email")
    if email is None:
        raise BadDocument("The required element 'Email' is missing.")
    return text(email, "Address")


def window_of(options: Element, name: str, zone: Zone, longest: timedelta) -> tuple[datetime, datetime]:
    """Return the time asked for, in its zone; a client may say it with an offset too."""
    window = child(options, name)
    if window is None:
        raise BadDocument(f"The required element '{name}' is missing.")
    said = (parse_moment(text(window, name)) for name in ("StartTime", "EndTime"))
    try:
        start, end = (zone.local(one.replace(tzinfo=None)) if one.tzinfo else one for one in said)
        lasts = zone.utc(end) - zone.utc(start)
    except (OverflowError, ValueError):  # at either end of all years
        raise Fault("ErrorInvalidTimeInterval") from None
    if lasts <= timedelta(0) or start.year == MINYEAR or end.year == MAXYEAR:  # other zones have a day more
        raise Fault("ErrorInvalidTimeInterval")
    if end - start > longest:
        raise Fault("ErrorTimeIntervalTooBig", f"The time window is longer than {longest.days} days.")
    return start, end


def answer(request: Request, views: Sequence[View], suggested: Element | None = None) -> Element:
    """Return the answer, with what is told of each mailbox in the order of the request, and a SuggestionsResponse."""
    hours = {one: written_hours(one) for one in {view.hours for view in views} if one}  # most people's are the same
    told = m("FreeBusyResponseArray", (_response(request, one, hours) for one in views)) if request.view else None
    return m("GetUserAvailabilityResponse", told, suggested)


def _response(request: Request, view: View, hours: Mapping[WorkingHours, Element]) -> Element:
    if view.refusal is not None:
        message = m(
            "ResponseMessage",
            m("MessageText", view.refusal.words),
            m("ResponseCode", view.refusal.code),
            m("DescriptiveLinkKey", "0"),
            ResponseClass="Error",
        )
        return m("FreeBusyResponse", message, m("FreeBusyView", t("FreeBusyViewType", "None")))
    message = m("ResponseMessage", m("ResponseCode", "NoError"), ResponseClass="Success")
    own = deepcopy(hours[view.hours]) if view.hours else None
    return m("FreeBusyResponse", message, m("FreeBusyView", _view(request, view), own))


def _view(request: Request, view: View) -> list[Element | None]:
    kind = "MergedOnly" if view.only_merged else request.view
    if not view.detailed:
        kind = kind.replace("Detailed", "FreeBusy")
    events = [_event(one) for one in view.events] if kind != "MergedOnly" else []
    return [
        t("FreeBusyViewType", kind),
        t("MergedFreeBusy", view.merged) if "Merged" in kind else None,
        t("CalendarEventArray", events) if events else None,
    ]


def _event(one: Event) -> Element:
    details = [t(name, value) for name, value in one.details]
    return t(
        "CalendarEvent",
        t("StartTime", one.start.isoformat(timespec="seconds")),
        t("EndTime", one.end.isoformat(timespec="seconds")),
        t("BusyType", one.status),
        t("CalendarEventDetails", details) if details else None,
    )


def details(values: dict[str, str | bool]) -> tuple[tuple[str, str], ...]:
    """Return CalendarEventDetails by their names; what is empty is left out."""
    said = ((name, show_boolean(value) if isinstance(value, bool) else value) for name, value in values.items())
    return tuple((name, value) for name, value in said if value)
