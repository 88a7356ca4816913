"""Time zones as a calendar describes them (RFC 5545 section 3.6.5), for the years that somebody asks about."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from attrs import frozen

from protocols.components import BadCalendar, Component, moment
from protocols.recurrence import Work, parse

NAMES = frozenset({"TZID", "TZOFFSETFROM", "TZOFFSETTO"})
"""Properties that are read here beside DTSTART, RRULE, RDATE."""

_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)(\d\d)?", re.ASCII)
_LONGEST = timedelta(hours=24)
_A_YEAR = timedelta(days=366)


@frozen
class Zone:
    """The turns of the clock, by what it shows just before, with how far it is ahead of UTC after."""

    turns: Sequence[tuple[datetime, timedelta]]

    def utc(self, moment: datetime) -> datetime:
        """Return what a time by this clock is in UTC. An hour that comes twice is the first of both."""
        found = bisect_right(self.turns, moment, key=lambda turn: turn[0])
        return moment - self.turns[max(0, found - 1)][1]


@frozen
class Named:
    """A zone that a calendar names without a description."""

    zone: ZoneInfo

    def utc(self, moment: datetime) -> datetime:
        """Return what a time by this clock is in UTC."""
        return moment.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)


_EVER = datetime(1, 1, 1)  # noqa: DTZ001 (by the clock on the wall)

UNIVERSAL = Zone(((_EVER, timedelta()),))


def described(component: Component, begin: datetime, end: datetime, work: Work) -> Zone:
    """Return a VTIMEZONE as it is between two times. Raises `BadCalendar`, `TooMuchWork`."""
    turns: list[tuple[datetime, timedelta, timedelta]] = []
    for one in (*component.named("STANDARD"), *component.named("DAYLIGHT")):
        before, after = _offset(one.text("TZOFFSETFROM")), _offset(one.text("TZOFFSETTO"))
        turns += [(moment, before, after) for moment in _onsets(one, begin, end, before, work)]
    if not turns:
        raise BadCalendar("a time zone without any offset")
    turns.sort(key=lambda turn: turn[0])
    return Zone(((_EVER, turns[0][1]), *((moment, after) for moment, _, after in turns)))


def named(name: str) -> Named | None:
    """Return a zone that everybody knows; None if nobody does."""
    try:
        return Named(ZoneInfo(name))
    except (ValueError, OSError, LookupError):
        return None


def _onsets(one: Component, begin: datetime, end: datetime, before: timedelta, work: Work) -> list[datetime]:
    """Return when the clock turns near a time; of earlier turns the first and the last."""
    first = moment(one.text("DTSTART"))
    found = [first, *(moment(value) for line in one.all("RDATE") for value in line.value.split(","))]
    for line in one.all("RRULE"):
        rule = parse(line.value)
        if not rule.yearly:
            raise BadCalendar("a time zone that changes more often than by the year")
        near = first.replace(year=max(first.year, begin.year - 2), day=min(first.day, 28))
        until = moment(rule.until) + (before if rule.until.endswith("Z") else timedelta()) if rule.until else end
        found += rule.moments(near, begin - 2 * _A_YEAR, min(end, until + timedelta(seconds=1)), work)
        if until < begin:
            found.append(until)
    return found


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise BadCalendar(f"{text[:20]!r} is no offset")
    length = timedelta(hours=int(found[2]), minutes=int(found[3]), seconds=int(found[4] or 0))
    if length >= _LONGEST:
        raise BadCalendar(f"{text[:20]!r} is no offset")
    return -length if found[1] == "-" else length
