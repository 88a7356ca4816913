"""When somebody works, as GetUserAvailability tells it (WorkingHours)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from attrs import frozen

from protocols.ews import described_zones
from protocols.ews.codecs import parse_integer
from protocols.ews.described_zones import Zone
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, children, t, text

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MIDNIGHT = 24 * 60
_MOST = 50
"""Periods of a week: seven days with a few each."""


@frozen
class Period:
    """Days of the week, and from which minute of the day to which."""

    days: tuple[str, ...]
    start: int
    end: int


@frozen
class WorkingHours:
    """The periods of a week, by the clock of a zone."""

    zone: Zone
    periods: tuple[Period, ...]


USUAL = Period(DAYS[1:6], 480, 1020)


def usual(zone: Zone) -> WorkingHours:
    """Return the hours of whoever has said nothing else."""
    return WorkingHours(zone, (USUAL,))


def write(hours: WorkingHours) -> Element:
    """Return hours as an element."""
    periods = (
        t(
            "WorkingPeriod",
            t("DayOfWeek", " ".join(one.days)),
            t("StartTimeInMinutes", str(one.start)),
            t("EndTimeInMinutes", str(one.end)),
        )
        for one in hours.periods
    )
    return t("WorkingHours", described_zones.write(hours.zone), t("WorkingPeriodArray", periods))


def parse(node: Element) -> WorkingHours:
    """Return the hours that an element tells. Raises `BadDocument`, `Fault`."""
    zone = child(node, "TimeZone")
    if zone is None:
        raise BadDocument("The required element 'TimeZone' is missing.")
    if len(periods := children(node, "WorkingPeriodArray")) > _MOST:
        raise BadDocument("The WorkingHours have too many periods.")
    return WorkingHours(described_zones.parse(zone), tuple(map(_period, periods)))


def _period(node: Element) -> Period:
    start, end = (parse_integer(text(node, f"{name}TimeInMinutes")) for name in ("Start", "End"))
    return period(text(node, "DayOfWeek"), start, end)


def period(days: str, start: int, end: int) -> Period:
    """Return a period of some days of the week, from one minute of the day to another. Raises `BadDocument`."""
    names = tuple(days.split())
    if len(names) > len(DAYS) or not set(names) <= set(DAYS) or not 0 <= start <= end <= _MIDNIGHT:
        raise BadDocument("A WorkingPeriod is none.")
    return Period(names, start, end)


def stretches(hours: WorkingHours, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return from when to when somebody works between two times; all of them in UTC, without offset."""
    try:
        found = [(max(start, one), min(end, other)) for one, other in _stretches(hours, start, end)]
    except OverflowError:  # at either end of all years
        return []
    return sorted((one, other) for one, other in found if one < other)


def _stretches(hours: WorkingHours, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    utc = hours.zone.utc
    for number in range((end - start).days + 3):  # one more at each end: it may be another day there
        day = start.date() + timedelta(days=number - 1)
        midnight = datetime.combine(day, time())
        for one in hours.periods:
            if _name(day) in one.days:
                yield utc(midnight + timedelta(minutes=one.start)), utc(midnight + timedelta(minutes=one.end))


def _name(day: date) -> str:
    return DAYS[day.isoweekday() % 7]
