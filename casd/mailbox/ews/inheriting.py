"""What the exceptions of a series take over of a change to the series: all in which they did not differ from it."""

from __future__ import annotations

from collections.abc import Iterable

from icalendar import Component

from casd.mailbox.ews import ical
from casd.mailbox.meetings import attendance

_NAMES = ("SUMMARY", "LOCATION", "DESCRIPTION", ical.HTML, "CLASS", "PRIORITY", attendance.BUSY, "TRANSP")


def follow(exceptions: Iterable[Component], before: Component, after: Component) -> None:
    """Have exceptions follow their series from what it was `before` to what it is."""
    for own in exceptions:
        for name in _NAMES:
            if own.get(name) == before.get(name) != after.get(name):
                own.pop(name, None)
                own.update({name: after[name]} if name in after else {})
        _follow_guests(own, before, after)


def _follow_guests(own: Component, before: Component, after: Component) -> None:
    """Invite to an exception who was added to its series, and nobody who was left out there."""
    old, new = (set(map(attendance.address, attendance.lines(event))) for event in (before, after))
    kept = [line for line in attendance.lines(own) if attendance.address(line) not in old - new]
    here = set(map(attendance.address, kept))
    added = [line for line in attendance.lines(after) if attendance.address(line) not in here | old]
    own.pop("ATTENDEE", None)
    for line in (*kept, *added):
        own.add("ATTENDEE", line, encode=False)
