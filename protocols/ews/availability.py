"""GetUserAvailability on the wire: whose time is asked for in whose time zone, and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from protocols.ews import described_zones
from protocols.ews.codecs import choice, parse_integer, parse_moment, show_boolean
from protocols.ews.described_zones import Zone
from protocols.ews.errors import BadDocument, Fault, Refusal
from protocols.ews.markup import Element, child, children, m, t, text

MOST = 100
"""Mailboxes of one request."""

LONGEST = timedelta(days=62)
"""The longest time that is told of."""

_VIEW = choice("None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged")
_DIGITS = {"Free": 0, "Tentative": 1, "Busy": 2, "OOF": 3, "NoData": 4, "WorkingElsewhere": 5}
_RANKS = {"Free": 0, "NoData": 1, "WorkingElsewhere": 2, "Tentative": 3, "Busy": 4, "OOF": 5}
"""The greater wins where events overlap."""


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
    described = described_zones.parse(zone)
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
        t("DayOfWeek", "Monday Tuesday Wednesday Thursday Friday"),
        t("StartTimeInMinutes", "480"),
        t("EndTimeInMinutes", "1020"),
    )
    return t("WorkingHours", described_zones.write(zone), t("WorkingPeriodArray", period))


def details(values: dict[str, str | bool]) -> tuple[tuple[str, str], ...]:
    """Return CalendarEventDetails by their names; what is empty is left out."""
    said = ((name, show_boolean(value) if isinstance(value, bool) else value) for name, value in values.items())
    return tuple((name, value) for name, value in said if value)
