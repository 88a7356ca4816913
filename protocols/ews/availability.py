"""GetUserAvailability on the wire: whose time is asked for in whose time zone, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from attrs import frozen

from protocols.ews.codecs import choice, parse_integer, parse_moment, show_boolean
from protocols.ews.errors import BadDocument, Fault, Refusal
from protocols.ews.markup import Element, child, children, m, t, text

MOST = 100
"""Mailboxes of one request."""

LONGEST = timedelta(days=62)
"""The longest time that is told of."""

_VIEW = choice("None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIGITS = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "NoData": 4, "WorkingElsewhere": 5}
_RANKS = {"Free": 0, "WorkingElsewhere": 1, "Tentative": 2, "Busy": 3, "OOF": 4}
"""The greater wins where events overlap."""


@frozen
class Turn:
    """When the clock changes, by itself, and how many minutes it is then behind the zone's own bias."""

    bias: int
    clock: time
    order: int
    month: int
    weekday: int

    def moment(self, year: int) -> datetime:
        """Return when that is in a year, by the clock before."""
        first = datetime.combine(datetime(year, self.month, 1), self.clock)  # noqa: DTZ001 (by the clock on the wall)
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7, weeks=self.order - 1)
        while day.month != self.month:
            day -= timedelta(weeks=1)
        return day


@frozen
class Zone:
    """A time zone as a client describes it: minutes behind UTC, and the two turns of a year, if it has any."""

    bias: int
    standard: Turn | None = None
    daylight: Turn | None = None

    def _offset(self, local: datetime) -> timedelta:
        bias = self.bias
        if self.standard and self.daylight:
            begin, end = self.daylight.moment(local.year), self.standard.moment(local.year)
            summer = begin <= local < end if begin < end else not end <= local < begin
            bias += (self.daylight if summer else self.standard).bias
        return timedelta(minutes=-bias)

    def utc(self, local: datetime) -> datetime:
        """Return a time of this zone as one of UTC; both without an offset."""
        return local - self._offset(local)

    def local(self, utc: datetime) -> datetime:
        """Return a time of UTC as one of this zone; both without an offset."""
        near = utc - timedelta(minutes=self.bias)
        return utc + self._offset(near)


@frozen
class Request:
    """Whose time is asked for, from when to when (without offset, in `zone`), in steps of so many minutes."""

    zone: Zone
    addresses: tuple[str, ...]
    start: datetime
    end: datetime
    view: str
    interval: int


@frozen
class Event:
    """One event in the zone of the request; `details` are names and values of CalendarEventDetails."""

    start: datetime
    end: datetime
    status: str
    details: tuple[tuple[str, str], ...] = ()


@frozen
class View:
    """What is told of one mailbox: a `refusal`, or its events."""

    refusal: Refusal | None = None
    events: tuple[Event, ...] = ()
    detailed: bool = False


def parse(body: Element) -> Request:
    """Return a request. Raises `BadDocument`, and `Fault` for what is wrong with all of it."""
    zone, options = child(body, "TimeZone"), child(body, "FreeBusyViewOptions")
    if zone is None:
        raise Fault("ErrorTimeZone")
    if options is None:
        raise Fault("ErrorInvalidFreeBusyViewType")
    addresses = tuple(_address(node) for node in children(body, "MailboxDataArray"))
    if not addresses:
        raise Fault("ErrorMailboxDataArrayEmpty")
    if len(addresses) > MOST:
        raise Fault("ErrorMailboxDataArrayTooBig")
    view = _VIEW.constant(text(options, "RequestedView", "FreeBusy"))
    interval = parse_integer(text(options, "MergedFreeBusyIntervalInMinutes", "30"))
    if view == "None":
        raise Fault("ErrorInvalidFreeBusyViewType")
    if not 5 <= interval <= 1440:
        raise Fault("ErrorInvalidMergedFreeBusyInterval")
    described = _zone(zone)
    return Request(described, addresses, *_window(options, described), view, interval)


def _address(node: Element) -> str:
    email = child(node, "Email")
    if email is None:
        raise BadDocument("The required element 'Email' is missing.")
    return text(email, "Address")


def _window(options: Element, zone: Zone) -> tuple[datetime, datetime]:
    """Return the time asked for, in its zone; a client may say it with an offset too."""
    window = child(options, "TimeWindow")
    if window is None:
        raise BadDocument("The required element 'TimeWindow' is missing.")
    said = (parse_moment(text(window, name)) for name in ("StartTime", "EndTime"))
    start, end = (zone.local(one.replace(tzinfo=None)) if one.tzinfo else one for one in said)
    if end <= start:
        raise Fault("ErrorInvalidTimeInterval")
    if end - start > LONGEST:
        raise Fault("ErrorTimeIntervalTooBig")
    return start, end


def _zone(node: Element) -> Zone:
    standard, daylight = (_turn(child(node, name)) for name in ("StandardTime", "DaylightTime"))
    return Zone(parse_integer(text(node, "Bias")), standard, daylight)


def _turn(node: Element | None) -> Turn | None:
    if node is None or (month := parse_integer(text(node, "Month"))) == 0:
        return None
    order, weekday = parse_integer(text(node, "DayOrder")), text(node, "DayOfWeek")
    if not 1 <= month <= 12 or not 1 <= order <= 5 or weekday not in _DAYS:
        raise Fault("ErrorTimeZone")
    clock = parse_moment(f"2000-01-01T{text(node, 'Time')}").time()
    return Turn(parse_integer(text(node, "Bias")), clock, order, month, _DAYS.index(weekday))


def answer(request: Request, views: Sequence[View]) -> Element:
    """Return the answer, with what is told of each mailbox in the order of the request."""
    return m("GetUserAvailabilityResponse", m("FreeBusyResponseArray", (_response(request, one) for one in views)))


def _response(request: Request, view: View) -> Element:
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
    return m("FreeBusyResponse", message, m("FreeBusyView", _view(request, view)))


def _view(request: Request, view: View) -> list[Element | None]:
    kind = request.view if view.detailed else request.view.replace("DetailedMerged", "FreeBusyMerged")
    kind = kind if view.detailed else kind.replace("Detailed", "FreeBusy")
    events = [_event(one, detailed=kind.startswith("Detailed")) for one in view.events]
    return [
        t("FreeBusyViewType", kind),
        t("MergedFreeBusy", merged(request, view.events)) if kind.startswith("Merged") or "Merged" in kind else None,
        t("CalendarEventArray", events) if events and kind != "MergedOnly" else None,
        _working_hours(request.zone),
    ]


def _event(one: Event, *, detailed: bool) -> Element:
    details = [t(name, value) for name, value in one.details] if detailed else []
    return t(
        "CalendarEvent",
        t("StartTime", one.start.isoformat(timespec="seconds")),
        t("EndTime", one.end.isoformat(timespec="seconds")),
        t("BusyType", one.status),
        t("CalendarEventDetails", details) if details else None,
    )


def merged(request: Request, events: Sequence[Event]) -> str:
    """Return one digit for each step of the time asked for: how busy somebody is then, at most."""
    step = timedelta(minutes=request.interval)
    count = -((request.start - request.end) // step)
    ranks = [0] * count
    for one in events:
        first = max(0, (one.start - request.start) // step)
        last = min(count, -((request.start - one.end) // step))
        for place in range(first, last):
            ranks[place] = max(ranks[place], _RANKS.get(one.status, 0))
    digits = {rank: _DIGITS[status] for status, rank in _RANKS.items()}
    return "".join(str(digits[rank]) for rank in ranks)


def _working_hours(zone: Zone) -> Element:
    period = t(
        "WorkingPeriod",
        t("DayOfWeek", " ".join(_DAYS[:5])),
        t("StartTimeInMinutes", "480"),
        t("EndTimeInMinutes", "1020"),
    )
    turns = [_written(name, turn) for name, turn in (("StandardTime", zone.standard), ("DaylightTime", zone.daylight))]
    return t("WorkingHours", t("TimeZone", t("Bias", str(zone.bias)), *turns), t("WorkingPeriodArray", period))


def _written(name: str, turn: Turn | None) -> Element:
    """Return one turn; a zone without any has turns that change nothing."""
    shown = turn or Turn(0, time(), 0, 0, 6)
    return t(
        name,
        t("Bias", str(shown.bias)),
        t("Time", shown.clock.isoformat()),
        t("DayOrder", str(shown.order)),
        t("Month", str(shown.month)),
        t("DayOfWeek", _DAYS[shown.weekday]),
    )


def details(values: dict[str, str | bool]) -> tuple[tuple[str, str], ...]:
    """Return CalendarEventDetails by their names; what is empty is left out."""
    said = ((name, show_boolean(value) if isinstance(value, bool) else value) for name, value in values.items())
    return tuple((name, value) for name, value in said if value)
