"""When somebody works, as GetUserAvailability tells it (WorkingHours)."""

from __future__ import annotations

from attrs import frozen

from protocols.ews import described_zones
from protocols.ews.codecs import parse_integer
from protocols.ews.described_zones import Zone
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, children, t, text

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MIDNIGHT = 24 * 60


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
    return WorkingHours(described_zones.parse(zone), tuple(map(_period, children(node, "WorkingPeriodArray"))))


def _period(node: Element) -> Period:
    start, end = (parse_integer(text(node, f"{name}TimeInMinutes")) for name in ("Start", "End"))
    return period(text(node, "DayOfWeek"), start, end)


def period(days: str, start: int, end: int) -> Period:
    """Return a period of some days of the week, from one minute of the day to another. Raises `BadDocument`."""
    names = tuple(days.split())
    if not set(names) <= set(DAYS) or not 0 <= start <= end <= _MIDNIGHT:
        raise BadDocument("A WorkingPeriod is none.")
    return Period(names, start, end)
