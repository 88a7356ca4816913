"""Series: when a recurring appointment happens (RFC 5545 section 3.8.5), within a window of time."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

from attrs import frozen
from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from casd.mailbox.ews import ical
from casd.mailbox.ews.soundness import sound
from protocols.ews.errors import Refusal

_MOST = 20_000
"""Occurrences looked at: half a century of days. A rule in received iCalendar may ask for any number."""

_CYCLE = timedelta(days=146_097)
"""400 years, after which the Gregorian calendar repeats itself."""

_AHEAD = 200
"""Years that a series goes on at least, whenever it began."""

_PARTS = 400
"""Values of a rule, all days of a year and more: each may be tried for each day."""

_FREQUENCIES = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
"""How often a rule is followed, and the days of a step: each value of BYSETPOS is tried in each step."""


@frozen
class Occurrence:
    """One occurrence, in UTC. `original` is where the rule puts it; `component` is its own VEVENT if it is moved.

    One that was `deleted` still has its number.
    """

    original: datetime
    start: datetime
    end: datetime
    number: int
    component: Component | None = None
    deleted: bool = False


def expand(content: bytes) -> Iterator[Occurrence]:
    """Yield the occurrences of a series by the rule's order, those left out excepted. Raises `BadContent`."""
    return (one for one in every(content) if not one.deleted)


def every(content: bytes) -> Iterator[Occurrence]:
    """Yield the occurrences of a series by the rule's order, also those that were deleted. Raises `BadContent`."""
    calendar = ical.shared(content)
    event = ical.main(calendar, "VEVENT")
    start, zone = ical.value(event, "DTSTART"), ical.zone_of(calendar, event)
    length: timedelta = ical.end(event) - start
    gone, moved = excluded(event, zone), exceptions(calendar, zone)
    for number, local in enumerate(islice(_local(event, start), _MOST), 1):
        original = ical.instant(local.date() if not isinstance(start, datetime) else local, zone)
        if original in moved:
            own = moved[original]
            own_start = ical.instant(ical.value(own, "DTSTART"), zone)
            yield Occurrence(original, own_start, ical.instant(ical.end(own), zone), number, own)
        else:
            last = (local + length).date() if not isinstance(start, datetime) else local + length
            deleted = original in gone
            yield Occurrence(original, original, ical.instant(last, zone), number, deleted=deleted)


def _local(event: Component, start: date) -> Iterator[datetime]:
    """Yield what the rule says by the clock on the wall, which is what it counts in."""
    first = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, datetime.min.time())
    rule = event.get("RRULE")
    days = _FREQUENCIES.get(str(next(iter(rule.get("FREQ", ())), "") if rule else "").upper())
    if days is None or sum(map(len, rule.values())) > _PARTS or len(rule.get("BYSETPOS", ())) > days:
        return iter((first,))
    text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.upper().startswith("UNTIL="))
    return _until(_followed(text, first), rule, start) if _happens(text, first) else iter(())


def _followed(text: str, first: datetime) -> Iterator[datetime]:
    """Yield what a rule says, for 200 to 600 years: one that never happens is given up soon.

    dateutil looks until the year 9999; so it is asked about a time near it, on the same days of the week.
    """
    later = _CYCLE * max(0, (MAXYEAR - _AHEAD - first.year) // 400)
    return (moment - later for moment in rrulestr(text, dtstart=first + later))


@lru_cache(1024)
def _happens(text: str, first: datetime) -> bool:
    """Say whether a rule is ever true: to find that it is not takes a tenth of a second, and anybody may invite."""
    return next(_followed(text, first), None) is not None


def _until(moments: Iterator[datetime], rule: Any, start: date) -> Iterator[datetime]:
    until = next(iter(rule.get("UNTIL", ())), None)
    if isinstance(until, datetime) and until.tzinfo and isinstance(start, datetime) and start.tzinfo:
        until = until.astimezone(start.tzinfo)
    last = datetime.combine(until, datetime.max.time()) if until and not isinstance(until, datetime) else until
    for moment in moments:
        if last is not None and moment > last.replace(tzinfo=None):
            return
        yield moment


def excluded(event: Component, zone: Any) -> set[datetime]:
    """Return where the rule puts the occurrences that were taken out of a series."""
    return {ical.instant(one, zone) for one in _dates(event, "EXDATE")}


def _dates(event: Component, name: str) -> list[date]:
    lines = event.get(name, [])
    return [one.dt for line in (lines if isinstance(lines, list) else [lines]) for one in line.dts]


def exceptions(calendar: Calendar, zone: Any) -> dict[datetime, Component]:
    """Return the VEVENTs of occurrences that differ from their series, by where the rule puts them."""
    found = [event for event in calendar.walk("VEVENT") if "RECURRENCE-ID" in event]
    return {ical.instant(ical.value(event, "RECURRENCE-ID"), zone): event for event in found}


def last_moved(content: bytes) -> datetime:
    """Return where the rule puts the last occurrence that differs from its series. Raises `BadContent`."""
    calendar = ical.shared(content)
    zone = ical.zone_of(calendar, ical.main(calendar, "VEVENT"))
    return max(exceptions(calendar, zone), default=datetime.min.replace(tzinfo=UTC))


def deleted(content: bytes) -> list[datetime]:
    """Return the occurrences that were taken out of a series. Raises `BadContent`."""
    calendar = ical.shared(content)
    event = ical.main(calendar, "VEVENT")
    return sorted(excluded(event, ical.zone_of(calendar, event)))


def exception(calendar: Calendar, original: datetime) -> Component:
    """Return the VEVENT of one occurrence, which begins as its series says if it has none of its own."""
    event = ical.main(calendar, "VEVENT")
    zone = ical.zone_of(calendar, event)
    if (own := exceptions(calendar, zone).get(original)) is not None:
        return own
    own = deepcopy(event)
    for name in ("RRULE", "RDATE", "EXDATE", "DURATION"):
        own.pop(name, None)
    start = ical.value(event, "DTSTART")
    length = ical.end(event) - start
    local = original.astimezone(zone)
    first = local if isinstance(start, datetime) else local.date()
    ical.put(own, "RECURRENCE-ID", first)
    ical.put(own, "DTSTART", first)
    ical.put(own, "DTEND", first + length)  # by the clock on the wall, as the series has it
    calendar.add_component(own)
    return own


def include(event: Component, original: datetime, zone: Any) -> None:
    """Take back that an occurrence was taken out of a series."""
    left = [one for one in _dates(event, "EXDATE") if ical.instant(one, zone) != original]
    event.pop("EXDATE", None)
    for one in left:
        event.add("EXDATE", one)


def align(event: Component, length: timedelta) -> None:
    """Begin a series with the first occurrence that its rule has, as EWS does when its start is none."""
    start = ical.value(event, "DTSTART")
    first = next(_local(event, start), None)
    if first is None:
        raise Refusal("ErrorCalendarInvalidRecurrence")
    moved = first.replace(tzinfo=start.tzinfo) if isinstance(start, datetime) else first.date()
    if moved != start:
        ical.put(event, "DTSTART", moved)
        ical.put(event, "DTEND", moved + length)


@sound
def without(content: bytes, original: datetime) -> bytes:
    """Return a series without one of its occurrences."""
    calendar = ical.parse(content)
    event = ical.main(calendar, "VEVENT")
    start, zone = ical.value(event, "DTSTART"), ical.zone_of(calendar, event)
    local = original.astimezone(zone)
    event.add("EXDATE", local if isinstance(start, datetime) else local.date())
    own = exceptions(calendar, zone).get(original)
    calendar.subcomponents[:] = [one for one in calendar.subcomponents if one is not own]
    return ical.serialise(calendar)
