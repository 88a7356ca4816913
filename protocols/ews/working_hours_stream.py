"""The working hours stream: how clients keep with a calendar when its owner works ([MS-OXOCFG] section 2.2.5.2.1)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from attrs import frozen

from protocols.ews import described_zones, envelope, working_hours
from protocols.ews.codecs import parse_integer
from protocols.ews.described_zones import Turn, Zone
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, clean
from protocols.ews.working_hours import Period, WorkingHours

CONFIGURATION = "WorkHours"
"""The user configuration of the calendar whose XmlData it is."""

MAX_SIZE = 64 * 1024
"""Bytes of a document: one has some 800, and is read whenever somebody asks when its owner is free."""

_SPACE = "WorkingHours.xsd"
_VERSION = "WorkHoursVersion1"


@frozen
class Stream:
    """One period of each week by the clock of a zone, and the zone's `name`, empty where that is not said."""

    zone: Zone
    name: str
    period: Period

    @property
    def hours(self) -> WorkingHours:
        """Return the same as GetUserAvailability tells it."""
        return WorkingHours(self.zone, (self.period,) if self.period.days else ())


def parse(document: bytes) -> Stream:
    """Return what a document says. Raises `Fault`, `BadDocument` among them."""
    if len(document) > MAX_SIZE:
        raise BadDocument("The document is too large.")
    root = envelope.tree(document)
    zone, slot = f"{_VERSION}/TimeZone", f"{_VERSION}/TimeSlot"
    standard, daylight = (_turn(root, f"{zone}/{name}") for name in ("Standard", "DaylightSavings"))
    start, end = (_minutes(_said(root, f"{slot}/{name}")) for name in ("Start", "End"))
    return Stream(
        described_zones.turning(described_zones.bias(_said(root, f"{zone}/Bias")), standard, daylight),
        _text(root, f"{zone}/Name") or "",
        working_hours.period(_said(root, f"{_VERSION}/WorkDays"), start, end),
    )


def _turn(root: Element, path: str) -> Turn | None:
    """Return one turn. Its date is year, month and which such day of it; the year is 0, for each."""
    change = f"{path}/ChangeDate"
    date = _said(root, f"{change}/Date").split("/")
    if len(date) != 3:
        raise BadDocument("A date has three parts.")
    _, month, order = map(parse_integer, date)
    weekday = (parse_integer(_said(root, f"{change}/DayOfWeek")) - 1) % 7  # it counts from Sunday
    clock = described_zones.clock(_said(root, f"{change}/Time"))
    return described_zones.turn(described_zones.bias(_said(root, f"{path}/Bias")), clock, order, month, weekday)


def _minutes(said: str) -> int:
    clock = described_zones.clock(said)
    return clock.hour * 60 + clock.minute


def _text(root: Element, path: str) -> str | None:
    return root.findtext("/".join(f"{{{_SPACE}}}{name}" for name in path.split("/")))


def _said(root: Element, path: str) -> str:
    if (said := _text(root, path)) is None:
        raise BadDocument(f"The required element '{path}' is missing.")
    return said.strip()


def write(stream: Stream) -> bytes:
    """Return a stream as a document."""
    zone, period = stream.zone, stream.period
    turns = _written("Standard", zone.standard) + _written("DaylightSavings", zone.daylight)
    name = _e("Name", escape(clean(stream.name))) if stream.name else ""
    slot = _e("TimeSlot", _e("Start", _clock(period.start)), _e("End", _clock(period.end)))
    days = _e("WorkDays", " ".join(period.days))
    said = _e(_VERSION, _e("TimeZone", _e("Bias", str(zone.bias)), turns, name), slot, days)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Root xmlns="{_SPACE}">{said}</Root>'.encode()


def _e(name: str, *content: str) -> str:
    return f"<{name}>{''.join(content)}</{name}>"


def _written(name: str, turn: Turn | None) -> str:
    shown = turn or described_zones.NEVER
    date = _e("Date", f"0000/{shown.month:02}/{shown.order:02}")
    weekday = _e("DayOfWeek", str((shown.weekday + 1) % 7))
    change = _e("ChangeDate", _e("Time", shown.clock.isoformat()), date, weekday)
    return _e(name, _e("Bias", str(shown.bias)), change)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}:00"
