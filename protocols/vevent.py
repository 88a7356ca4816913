"""When somebody is busy by a whole calendar of his, its series expanded (RFC 5545 section 3.6.1).

What is read comes from servers that are not trusted: bytes, events, rules and what is done for them have an end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from protocols.components import BadCalendar, Component, Line, moment, read
from protocols.freebusy import Period, TooMany, duration
from protocols.recurrence import TooMuchWork, Work, parse
from protocols.vtimezone import NAMES as ZONE_NAMES
from protocols.vtimezone import UNIVERSAL, Named, Zone, described, named

_NAMES = ZONE_NAMES | {
    *("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
    *("TRANSP", "STATUS", "X-MICROSOFT-CDO-BUSYSTATUS", "X-WR-TIMEZONE"),
}
_STATUSES = {"TENTATIVE": "Tentative", "OOF": "OOF", "WORKINGELSEWHERE": "WorkingElsewhere"}
_DAY = timedelta(days=1)


@frozen
class Window:
    """A time in UTC without offset, and how many periods in it are wanted at most."""

    start: datetime
    end: datetime
    most: int


def busy(content: bytes, window: Window) -> list[Period]:
    """Return the times in a window that are not free. Raises `BadCalendar`, `TooMany`."""
    found: list[Period] = []
    try:
        for calendar in read(content, _NAMES):
            if calendar.name != "VCALENDAR":
                raise BadCalendar(f"{calendar.name[:40]!r} is no calendar")
            for period in _Calendar(calendar, window).periods():
                found.append(period)
                if len(found) > window.most:
                    raise TooMany
    except TooMuchWork:
        raise TooMany from None
    except OverflowError as error:
        raise BadCalendar(f"a time beyond all years: {error}") from error
    return sorted(found, key=lambda period: period.start)


class _Calendar:
    """One calendar with its time zones."""

    def __init__(self, calendar: Component, window: Window) -> None:
        self._events = list(calendar.named("VEVENT"))
        self._described = {one.text("TZID"): one for one in calendar.named("VTIMEZONE")}
        self._zones: dict[str, Zone | Named] = {}
        self._window = window
        self._work = Work()
        usual = calendar.first("X-WR-TIMEZONE")
        self._usual = (named(usual.value) if usual else None) or UNIVERSAL

    def periods(self) -> Iterator[Period]:
        """Yield when somebody is busy, in no order."""
        moved: defaultdict[str, set[datetime]] = defaultdict(set)
        for event in self._events:
            if (original := event.first("RECURRENCE-ID")) is not None:
                moved[_uid(event)].add(self._utc(original, moment(original.value)))
        for event in self._events:
            status = _status(event)
            if status:
                left_out = set() if "RECURRENCE-ID" in event.lines else moved[_uid(event)]
                yield from self._of(event, status, left_out)

    def _of(self, event: Component, status: str, left_out: set[datetime]) -> Iterator[Period]:
        line = event.first("DTSTART")
        if line is None:
            raise BadCalendar("an event without a begin")
        first, window = moment(line.value), self._window
        length = self._length(event, line, first)
        gone = {self._utc(one, moment(value)) for one in event.all("EXDATE") for value in one.value.split(",")}
        for local in self._locals(event, line, first, length):
            start = self._utc(line, local)
            if start in left_out or start in gone:
                continue
            end = self._utc(line, local + length) if _is_date(line) else start + length
            if start < end and start < window.end and end > window.start:
                yield Period(start, end, status)

    def _locals(self, event: Component, line: Line, first: datetime, length: timedelta) -> Sequence[datetime]:
        """Return when an event begins by its own clock, near the window."""
        begin, end = self._window.start - length - 2 * _DAY, self._window.end + 2 * _DAY
        found = {first}
        for one in event.all("RDATE"):
            found |= {moment(value.partition("/")[0]) for value in one.value.split(",")}
        for one in event.all("RRULE"):
            rule = parse(one.value)
            last = end
            if rule.until:
                last = min(end, self._until(line, rule.until))
            if last >= begin:
                found |= {*rule.moments(first, begin, last, self._work)}
        if "RECURRENCE-ID" in event.lines:
            found = {first}
        return sorted(one for one in found if begin <= one <= end)

    def _until(self, line: Line, until: str) -> datetime:
        """Return up to when a rule is good, by the clock of its event and a little more than that (section 3.3.10)."""
        last = moment(until)
        if "T" not in until:
            return last + _DAY
        if until.endswith("Z") and not line.value.upper().endswith("Z"):
            last += last - self._utc(line, last)
        return last + timedelta(seconds=1)

    def _length(self, event: Component, line: Line, first: datetime) -> timedelta:
        if (end := event.first("DTEND")) is not None:
            if _is_date(line):
                return max(moment(end.value) - first, timedelta())
            return max(self._utc(end, moment(end.value)) - self._utc(line, first), timedelta())
        if (lasts := event.first("DURATION")) is not None:
            return duration(lasts.value)
        return _DAY if _is_date(line) else timedelta()

    def _utc(self, line: Line, local: datetime) -> datetime:
        """Return a time by a property's clock as one of UTC."""
        if line.value.upper().endswith("Z"):
            return local
        name = line.parameters.get("TZID", "")
        return (self._zone(name) if name else self._usual).utc(local)

    def _zone(self, name: str) -> Zone | Named:
        known = self._zones.get(name)
        if known is None:
            component, window = self._described.get(name.upper()), self._window
            found = described(component, window.start, window.end, self._work) if component else named(name)
            if found is None:
                raise BadCalendar(f"{name[:40]!r} is no time zone")
            known = self._zones[name] = found
        return known


def _is_date(line: Line) -> bool:
    return "T" not in line.value.upper()


def _uid(event: Component) -> str:
    found = event.first("UID")
    return found.value if found else ""


def _status(event: Component) -> str:
    """Return how an event counts, as a word of EWS; empty if it leaves the time free."""
    said = event.text("X-MICROSOFT-CDO-BUSYSTATUS")
    if event.text("STATUS") == "CANCELLED" or event.text("TRANSP") == "TRANSPARENT" or said == "FREE":
        return ""
    return _STATUSES.get(said) or _STATUSES.get(event.text("STATUS"), "Busy")
