"""One occurrence of a series that is otherwise than the rule says (RFC 5545 section 3.8.4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, tzinfo
from typing import Any

from icalendar import Component

from casd.mailbox.ews import appointments, ical
from casd.mailbox.ews.occurrences import Occurrence, expand
from casd.mailbox.ews.soundness import sound
from protocols.ews.paths import Property


@sound
def occurrence(content: bytes, original: datetime) -> Occurrence | None:
    """Return the occurrence that the rule puts at this time, wherever it was moved; None if there is none."""
    for one in expand(content):
        if one.original >= original:
            return one if one.original == original else None
    return None


@sound
def with_exception(content: bytes, original: datetime, changes: Mapping[Property, Any], zone: tzinfo) -> bytes:
    """Return a series of which one occurrence is changed."""
    calendar = ical.parse(content)
    event = ical.main(calendar, "VEVENT")
    own_zone, whole_days = ical.zone_of(calendar, event), not isinstance(ical.value(event, "DTSTART"), datetime)
    place = original.astimezone(own_zone).date() if whole_days else original.astimezone(own_zone)
    old = next((one for one in calendar.walk("VEVENT") if _stands_for(one, original, own_zone)), None)
    begun = old or _as_single(event, place)
    written = ical.parse(appointments.write(ical.serialise(ical.new(begun)), changes, zone))
    made = ical.main(written, "VEVENT")
    ical.put(made, "RECURRENCE-ID", place)
    calendar.subcomponents[:] = [*(one for one in calendar.subcomponents if one is not old), made]
    return ical.serialise(calendar)


def _stands_for(event: Component, original: datetime, zone: tzinfo) -> bool:
    place = ical.value(event, "RECURRENCE-ID")
    return place is not None and ical.instant(place, zone) == original


def _as_single(event: Component, start: date) -> Component:
    """Return an occurrence of a series as an event of its own."""
    made: Component = deepcopy(event)
    length = ical.end(event) - ical.value(event, "DTSTART")
    for name in ("RRULE", "RDATE", "EXDATE", "DURATION"):
        made.pop(name, None)
    ical.put(made, "DTSTART", start)
    ical.put(made, "DTEND", start + length)
    return made
