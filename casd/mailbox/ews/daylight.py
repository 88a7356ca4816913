"""When the clocks of a time zone change, year by year, as rules that Windows, hence EWS, has words for."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby, pairwise

from attrs import frozen

from protocols.ews.described_zones import Turn, Zone

BEFORE, AFTER = 5, 5
"""Years told of, from the present one back and on."""


@frozen
class Change:
    """One change in a year: on which weekday (0: Monday) of a month, the `week`th or the last (-1), how long after
    midnight by the clock before the change, and how far from UTC the clock goes then.
    """

    month: int
    weekday: int
    week: int
    time: timedelta
    offset: timedelta


@frozen
class Years:
    """The rule that holds from the begin of a year on: no change, or two. `standard` is the offset of winter."""

    first: int
    standard: timedelta
    changes: tuple[Change, ...]


@lru_cache(512)
def rules(zone: tzinfo, year: int) -> tuple[Years, ...]:
    """Return the rules of the years around a year, in their order; each holds until the next."""
    known = [(one, *_rule(zone, one)) for one in range(year - BEFORE, year + AFTER + 1)]
    runs = [list(run) for _, run in groupby(known, key=lambda rule: rule[1:])]
    return tuple(Years(*run[0]) for run in runs)


@lru_cache(512)
def described(zone: tzinfo, year: int) -> Zone:
    """Return a zone as clients describe one that is the same every year: as it is in this year."""
    standard, changes = _rule(zone, year)
    turns = [_turn(standard, change) for change in sorted(changes, key=lambda change: change.offset)]
    return Zone(-_minutes(standard), *turns)


def _turn(standard: timedelta, change: Change) -> Turn:
    clock = (datetime(2000, 1, 1, tzinfo=UTC) + change.time).time()
    order = 5 if change.week < 0 else change.week
    return Turn(_minutes(standard - change.offset), clock, order, change.month, change.weekday)


def _minutes(offset: timedelta) -> int:
    return round(offset / timedelta(minutes=1))


def _rule(zone: tzinfo, year: int) -> tuple[timedelta, tuple[Change, ...]]:
    changes = tuple(_changes(zone, year))
    if len(changes) != 2:  # a year of some other kind has no words in EWS: its last offset stands for it
        return _offset(zone, datetime(year, 12, 31, tzinfo=UTC)), ()
    return min(change.offset for change in changes), changes


def _changes(zone: tzinfo, year: int) -> Iterator[Change]:
    begin = datetime(year, 1, 1, tzinfo=UTC)
    days = [begin + timedelta(days=day) for day in range(0, 376, 15)]
    for first, last in pairwise(days):
        before, after = _offset(zone, first), _offset(zone, last)
        if before != after:
            local = _moment(zone, first, last).astimezone(UTC).replace(tzinfo=None) + before
            if local.year == year:
                yield _change(local, after)


def _moment(zone: tzinfo, first: datetime, last: datetime) -> datetime:
    """Return the minute between two moments at which the clock changes."""
    before = _offset(zone, first)
    while last - first > timedelta(minutes=1):
        middle = first + (last - first) / 2
        middle = middle.replace(second=0, microsecond=0)
        if middle == first:
            break
        first, last = (middle, last) if _offset(zone, middle) == before else (first, middle)
    return last


def _change(local: datetime, offset: timedelta) -> Change:
    of_month = monthrange(local.year, local.month)[1]
    week = -1 if local.day + 7 > of_month else (local.day - 1) // 7 + 1
    time = timedelta(hours=local.hour, minutes=local.minute)
    return Change(local.month, local.weekday(), week, time, offset)


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
