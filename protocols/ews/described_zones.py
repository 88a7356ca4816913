"""Time zones as clients of GetUserAvailability describe them (SerializableTimeZone)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from attrs import frozen

from protocols.ews.codecs import parse_integer, parse_moment
from protocols.ews.errors import Fault
from protocols.ews.markup import Element, child, t, text

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@frozen(cache_hash=True)
class Turn:
    """When the clock changes, by itself, and how many minutes it is then behind the zone's own bias."""

    bias: int
    clock: time
    order: int
    month: int
    weekday: int

    def moment(self, year: int) -> datetime:
        """Return when that is in a year, by the clock before."""
        first, days = monthrange(year, self.month)
        day = 1 + (self.weekday - first) % 7 + 7 * (self.order - 1)
        while day > days:  # the last one
            day -= 7
        return datetime.combine(date(year, self.month, day), self.clock)


@frozen
class Zone:
    """A time zone as a client describes it: minutes behind UTC, and the two turns of a year, if it has any."""

    bias: int
    standard: Turn | None = None
    daylight: Turn | None = None

    def utc(self, local: datetime) -> datetime:
        """Return a time of this zone as one of UTC, both without an offset; of a time that comes twice the first."""
        return local + self._behind(self.daylight if self._is_summer(local, local) else self.standard)

    def local(self, utc: datetime) -> datetime:
        """Return a time of UTC as one of this zone; both without an offset."""
        winter, summer = utc - self._behind(self.standard), utc - self._behind(self.daylight)
        return summer if self._is_summer(winter, summer) else winter

    def _behind(self, turn: Turn | None) -> timedelta:
        """Return how far it is behind UTC after a turn."""
        return timedelta(minutes=self.bias + (turn.bias if turn else 0))

    def _is_summer(self, winter: datetime, summer: datetime) -> bool:
        """Say which of two clocks is right: in the south summer lasts over the end of the year."""
        if self.standard is None or self.daylight is None:
            return False
        begin, end = _summer(self.daylight, self.standard, winter.year)
        return begin <= winter and summer < end if begin < end else not (end <= summer and winter < begin)


@lru_cache(256)
def _summer(daylight: Turn, standard: Turn, year: int) -> tuple[datetime, datetime]:
    """Return when the clock goes forward in a year, and when it goes back: asked again for each event of everybody."""
    return daylight.moment(year), standard.moment(year)


UTC = Zone(0)

NEVER = Turn(0, time(), 0, 0, 6)
"""How a turn is written that does not come."""

_MOST = 24 * 60


def parse(node: Element) -> Zone:
    """Return the zone that an element describes. Raises `BadDocument`, `Fault`."""
    standard, daylight = (_turn(child(node, name)) for name in ("StandardTime", "DaylightTime"))
    return turning(bias(text(node, "Bias")), standard, daylight)


def turning(bias: int, standard: Turn | None, daylight: Turn | None) -> Zone:
    """Return a zone with two turns, or with none: one alone leads nowhere back."""
    return Zone(bias, standard, daylight) if standard and daylight else Zone(bias)


def bias(said: str) -> int:
    """Return minutes of less than a day: more would lead out of all years. Raises `BadDocument`, `Fault`."""
    if abs(minutes := parse_integer(said)) >= _MOST:
        raise Fault("ErrorTimeZone")
    return minutes


def clock(said: str) -> time:
    """Return a time of the day. Raises `BadDocument`."""
    return parse_moment(f"2000-01-01T{said}").time()


def turn(bias: int, clock: time, order: int, month: int, weekday: int) -> Turn | None:
    """Return a turn, None in month 0. Raises `Fault`."""
    if month == 0:
        return None
    if not 1 <= month <= 12 or not 1 <= order <= 5:
        raise Fault("ErrorTimeZone")
    return Turn(bias, clock, order, month, weekday)


def _turn(node: Element | None) -> Turn | None:
    if node is None or (month := parse_integer(text(node, "Month"))) == 0:
        return None
    order, weekday = parse_integer(text(node, "DayOrder")), text(node, "DayOfWeek")
    if weekday not in _DAYS:
        raise Fault("ErrorTimeZone")
    return turn(bias(text(node, "Bias")), clock(text(node, "Time")), order, month, _DAYS.index(weekday))


def write(zone: Zone) -> Element:
    """Return a zone as an element."""
    turns = [_written(name, turn) for name, turn in (("StandardTime", zone.standard), ("DaylightTime", zone.daylight))]
    return t("TimeZone", t("Bias", str(zone.bias)), *turns)


def _written(name: str, turn: Turn | None) -> Element:
    """Return one turn; a zone without any has turns that change nothing."""
    shown = turn or NEVER
    return t(
        name,
        t("Bias", str(shown.bias)),
        t("Time", shown.clock.isoformat()),
        t("DayOrder", str(shown.order)),
        t("Month", str(shown.month)),
        t("DayOfWeek", _DAYS[shown.weekday]),
    )
