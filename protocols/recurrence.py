"""Rules of recurrence from strangers, followed by dateutil within bounds (RFC 5545 section 3.3.10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, datetime
from typing import Any, Literal

from attrs import define, frozen
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from protocols.components import BadCalendar

_FREQUENCIES: dict[str, Literal[0, 1, 2, 3]] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
_STEPS = {DAILY: (1, 2), WEEKLY: (7, 4), MONTHLY: (30, 30), YEARLY: (365, 60)}
"""Days from one step of a rule to the next, and the microseconds that a step takes, more or less."""

_MOMENT, _POSITION = 0.3, 7
"""The microseconds that each moment takes, and in each step each value of BYSETPOS."""

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(_DAYS)})")
_NUMBER = re.compile(r"[+-]?\d{1,5}", re.ASCII)
_MOST_VALUES = 100
_MOST_A_DAY = 24
_OLDEST = 100
"""Years that a series may be old: each of its days is counted."""

_CYCLE = 400
"""Years after which the calendar repeats itself."""


class TooMuchWork(Exception):
    """Rules that nobody wants to follow any further."""


@define
class Work:
    """What may still be done for all rules of one calendar, in microseconds more or less."""

    left: float = 500_000

    def spend(self, amount: float) -> None:
        """Take note of what was done. Raises `TooMuchWork`."""
        self.left -= amount
        if self.left < 0:
            raise TooMuchWork


@frozen
class Rule:
    """A rule: how often, how many times, until when as it is written, and what dateutil is told of the rest."""

    frequency: Literal[0, 1, 2, 3]
    interval: int
    count: int
    until: str
    parts: dict[str, Any]

    @property
    def yearly(self) -> bool:
        """Whether it is for each year, as rules of time zones are."""
        return self.frequency == YEARLY and self.interval == 1 and not self.count

    def moments(self, first: datetime, begin: datetime, end: datetime, work: Work) -> Iterator[datetime]:
        """Yield when it happens from `begin` to before `end`, all by one clock. `BadCalendar`, `TooMuchWork`.

        dateutil looks for what never happens until the year 9999; so it is asked about a time near it, on the same
        days of the week, and what it looked at is counted.
        """
        if first >= end:
            return
        if first.year < begin.year - _OLDEST:
            raise BadCalendar("a series is older than anybody")
        years = _CYCLE * ((MAXYEAR - 1 - end.year) // _CYCLE)
        later = datetime(1 + years, 1, 1) - datetime(1, 1, 1)  # noqa: DTZ001 (a length)
        known = self._rule(first + later)
        last, happened = first, 0
        for happened, moment in enumerate(known, 1):  # noqa: B007 (asked below)
            last = moment - later
            if last >= end:
                break
            if last >= begin:
                yield last
        else:
            if happened < self.count or not self.count:  # it was looked for until the end of all years
                last = datetime(MAXYEAR, 12, 31) - later  # noqa: DTZ001 (by the clock on the wall)
        days, cost = _STEPS[self.frequency]
        steps = (last - first).days / (days * self.interval) + 1
        work.spend(100 + steps * (cost + _POSITION * len(self.parts.get("bysetpos", ()))) + happened * _MOMENT)

    def _rule(self, start: datetime) -> rrule:
        count = self.count or None
        try:
            return rrule(self.frequency, start, self.interval, count=count, **self.parts)
        except (ValueError, TypeError) as error:
            raise BadCalendar(f"a rule: {error}") from error


def parse(text: str) -> Rule:
    """Return a rule. Raises `BadCalendar` for what no sound one has, oftener than daily among it."""
    said = dict(part.partition("=")[::2] for part in text.strip().strip(";").upper().split(";"))
    frequency = _FREQUENCIES.get(said.pop("FREQ", ""))
    if frequency is None:
        raise BadCalendar("a rule is daily, weekly, monthly or yearly")
    interval, count = _whole(said.pop("INTERVAL", "1"), 1), _whole(said.pop("COUNT", "0"), 0)
    until = said.pop("UNTIL", "")
    parts = {}
    for name, values in said.items():
        if name not in _PARTS:
            raise BadCalendar(f"a rule has no part {name[:20]!r}")
        keyword, read = _PARTS[name]
        listed = values.split(",")
        if len(listed) > _MOST_VALUES:
            raise BadCalendar("a rule has too many values")
        parts[keyword] = [read(one.strip()) for one in listed]
    if len(parts.get("wkst", "1")) > 1:
        raise BadCalendar("a week has one first day")
    if "wkst" in parts:
        parts["wkst"] = parts["wkst"][0]
    a_day = 1
    for name in ("byhour", "byminute", "bysecond"):
        a_day *= len(parts.get(name, "1"))
    if a_day > _MOST_A_DAY:
        raise BadCalendar("a rule happens too often")
    return Rule(frequency, interval, count, until, parts)


def _whole(text: str, least: int) -> int:
    if not _NUMBER.fullmatch(text.strip()) or int(text) < least:
        raise BadCalendar(f"{text[:20]!r} is no number of a rule")
    return int(text)


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not least <= abs(int(text)) <= most or (least == 0 and text[0] == "-"):
            raise BadCalendar(f"{text[:20]!r} is no value of a rule")
        return int(text)

    return read


def _day(text: str) -> Any:
    found = _DAY.fullmatch(text)
    if found is None or (found[1] and not 1 <= abs(int(found[1])) <= 53):
        raise BadCalendar(f"{text[:20]!r} is no day of the week")
    return weekday(_DAYS.index(found[2]), int(found[1]) if found[1] else None)


_PARTS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "BYMONTH": ("bymonth", _number(1, 12)),
    "BYMONTHDAY": ("bymonthday", _number(1, 31)),
    "BYYEARDAY": ("byyearday", _number(1, 366)),
    "BYWEEKNO": ("byweekno", _number(1, 53)),
    "BYDAY": ("byweekday", _day),
    "BYSETPOS": ("bysetpos", _number(1, 366)),
    "BYHOUR": ("byhour", _number(0, 23)),
    "BYMINUTE": ("byminute", _number(0, 59)),
    "BYSECOND": ("bysecond", _number(0, 59)),
    "WKST": ("wkst", _day),
}
"""What dateutil calls the parts of a rule, and how their values are read."""
