"""Which times suit a meeting: everybody's half hours weighed against what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby

from attrs import frozen

from protocols.ews.described_zones import Zone
from protocols.ews.suggestions import QUALITIES, STEP, Conflict, Day, Options, Suggestion
from protocols.ews.working_hours import WorkingHours, usual

_STATUSES = ("Free", "WorkingElsewhere", "NoData", "Tentative", "Busy", "OOF")
"""Of several in the time of one meeting the last one here counts."""

_NO_DATA = 2
_DIGITS = "054123"
_RANKS = bytes(max(_DIGITS.find(chr(code)), 0) if chr(code) in _DIGITS else _NO_DATA for code in range(256))
_POOR = len(QUALITIES) - 1

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@frozen
class Attendee:
    """What is known of one attendee: a digit for each half hour from the begin of the window (`merged`).

    A group has the digits of each member; empty ones are of somebody who could not be asked. `excludes`: no time is
    suggested at which he is taken. `hours` are None where nobody knows them.
    """

    digits: tuple[str, ...] = ("",)
    group: bool = False
    too_big: bool = False
    excludes: bool = False
    hours: WorkingHours | None = None


def suggest(options: Options, zone: Zone, attendees: Sequence[Attendee]) -> tuple[Day, ...]:
    """Return each day of the window with the times that suit best, in their order.

    The share of those who can come is one of all whose time is known. The time that a meeting has is always told of,
    to be compared. A hundred attendees and two months take a quarter of a second, a usual week some 10 ms.
    """
    known = [_Known(one) for one in attendees]
    times = sorted(_times(options, zone, known), key=lambda one: one.start)
    by_date = {day: list(some) for day, some in groupby(times, lambda one: one.start.date())}
    first, last = options.start.date(), (options.end - timedelta(microseconds=1)).date()
    dates = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(_day(options, day, by_date.get(day, []), known) for day in dates)


@frozen
class _Time:
    """One time that might do, and which half hours it takes."""

    start: datetime
    slots: slice
    quality: int
    working: bool
    planned: bool


class _Known:
    """An attendee's half hours, each as the place of its status."""

    def __init__(self, attendee: Attendee) -> None:
        self.attendee = attendee
        self._rows = [digits.encode("ascii", "replace").translate(_RANKS) for digits in attendee.digits if digits]

    def worst(self, count: int, wide: int) -> Iterator[bytes]:
        """Yield for each of them how he is placed at worst, in so many half hours from each on."""
        for row in self._rows:
            yield _worst(row.ljust(count + wide - 1, bytes([_NO_DATA])), wide)[:count]

    def at(self, slots: slice) -> bytes:
        """Return how each of them is placed at one time."""
        wide = slots.stop - slots.start
        return bytes(max(row[slots].ljust(wide, bytes([_NO_DATA]))) for row in self._rows)

    def conflict(self, slots: slice) -> Conflict:
        """Return how he is placed."""
        ranks = self.at(slots)
        if self.attendee.too_big or not self.attendee.group:
            return Conflict(status=_STATUSES[ranks[0]] if ranks else "", too_big=self.attendee.too_big)
        free, busy = _counted(ranks)
        return Conflict(members=len(self.attendee.digits), free=free, busy=busy)


def _worst(row: bytes, wide: int) -> bytes:
    """Return the greatest of so many bytes from each on; twice as many are compared in each round."""
    width = 1
    while width < wide:
        step = min(width, wide - width)
        row, width = bytes(map(max, row, row[step:])), width + step
    return row


def _counted(ranks: bytes) -> tuple[int, int]:
    """Return how many can come, and how many cannot."""
    free = sum(ranks.count(rank) for rank in range(_NO_DATA))
    return free, len(ranks) - free - ranks.count(_NO_DATA)


def _quality(options: Options, ranks: bytes) -> int:
    """Return the place of a time's quality (SuggestionQuality, members)."""
    free, busy = _counted(ranks)
    percent = 100 * free / (free + busy) if free + busy else 0
    return (percent == 100, percent >= options.good + 50, percent >= 50, True).index(True)


def _times(options: Options, zone: Zone, known: Sequence[_Known]) -> Iterator[_Time]:
    """Yield each time that is good enough, and the one that the meeting has."""
    begin, end, lasts = zone.utc(options.start), zone.utc(options.end), timedelta(minutes=options.minutes)
    hours = {one.attendee.hours for one in known if one.attendee.hours is not None} or {usual(zone)}

    def at(start: datetime, slots: slice, quality: int, *, planned: bool = False) -> _Time:
        local = zone.local(start)
        working = all(_works(one, start, start + lasts) for one in hours)
        return _Time(local, slots, quality, working, planned)

    planned = None if options.current is None else zone.utc(options.current)
    if planned is not None and begin <= planned < end:
        slots = slice((planned - begin) // STEP, -((begin - planned - lasts) // STEP))
        yield at(planned, slots, _quality(options, b"".join(one.at(slots) for one in known)), planned=True)
    wide = -(-lasts // STEP)
    for number, quality in _good(options, known, max(0, (end - begin - lasts) // STEP + 1), wide):
        start = begin + number * STEP
        if start != planned and zone.utc(zone.local(start)) == start:  # no hour that comes twice
            yield at(start, slice(number, number + wide), quality)


def _good(options: Options, known: Sequence[_Known], count: int, wide: int) -> Iterator[tuple[int, int]]:
    """Yield each half hour that is good enough to begin with, and its quality."""
    rows = [row for one in known for row in one.worst(count, wide)]
    strict = [row for one in known if one.attendee.excludes for row in one.worst(count, wide)]
    taken = [max(ranks) > _NO_DATA for ranks in zip(*strict, strict=True)] or [False] * count
    least = QUALITIES.index(options.least)
    for number, ranks in enumerate(zip(*rows, strict=True) if rows else [()] * count):
        quality = _quality(options, bytes(ranks))
        if quality <= least and not taken[number]:
            yield number, quality


def _works(hours: WorkingHours, start: datetime, end: datetime) -> bool:
    """Say whether a time of UTC is within somebody's hours."""
    start, end = hours.zone.local(start), hours.zone.local(end)
    return any(_within(start, end, one.days, one.start, one.end) for one in hours.periods)


def _within(start: datetime, end: datetime, days: Sequence[str], first: int, last: int) -> bool:
    midnight = datetime.combine(start.date(), time.min)
    minutes = [(moment - midnight) / timedelta(minutes=1) for moment in (start, end)]
    return _WEEK[start.weekday()] in days and first <= minutes[0] and minutes[1] <= last


def _day(options: Options, day: date, times: Sequence[_Time], known: Sequence[_Known]) -> Day:
    """Return the best times of a day: those in working hours before others that are as good."""
    chosen: list[_Time] = []
    outside = 0
    for one in sorted(times, key=lambda each: (not each.planned, each.quality, not each.working, each.start)):
        if one.planned or (len(chosen) < options.most and (one.working or outside < options.most_outside)):
            chosen.append(one)
            outside += not one.working
    best = min((one.quality for one in chosen), default=_POOR)
    told = tuple(
        Suggestion(one.start, one.working, QUALITIES[one.quality], tuple(each.conflict(one.slots) for each in known))
        for one in sorted(chosen, key=lambda each: each.start)
    )
    return Day(datetime.combine(day, time.min), QUALITIES[best], told)
