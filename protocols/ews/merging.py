"""How busy somebody is in each step of a time (MergedFreeBusy), and what a request sees of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from protocols.ews.availability import Event, Request, View
from protocols.ews.working_hours import WorkingHours

_RANKED = {"Free": "0", "NoData": "4", "WorkingElsewhere": "5", "Tentative": "1", "Busy": "2", "OOF": "3"}
"""The digit of each status; of several at once the last one here counts.

NoData is a part of somebody's time that is not known: a group's member who did not answer may well be free.
"""

STATUSES = frozenset(_RANKED)


def seen(
    request: Request, happening: Sequence[Event], *, detailed: bool = False, hours: WorkingHours | None = None
) -> View:
    """Return what a request is told of events in UTC."""
    local = request.zone.local
    shown = (Event(local(one.start), local(one.end), one.status, one.details if detailed else ()) for one in happening)
    return View(events=tuple(shown), detailed=detailed, merged=merged(request, happening), hours=hours)


def steps(request: Request) -> int:
    """Return how many digits the time asked for has; one that has begun counts."""
    window = request.in_utc()
    return -((window.start - window.end) // timedelta(minutes=request.interval))


def merged(request: Request, happening: Sequence[Event]) -> str:
    """Return one digit for each step of the time asked for: how busy somebody is then, at most.

    Events are in UTC, and a step is as long as it says: an hour that comes twice has its digits twice.
    """
    window, step = request.in_utc(), timedelta(minutes=request.interval)
    digits = bytearray(b"0" * steps(request))
    for status, digit in _RANKED.items():
        for one in happening:
            start, end = max(one.start, window.start), min(one.end, window.end)
            if one.status == status and start < end:
                first, last = (start - window.start) // step, -((window.start - end) // step)
                digits[first:last] = digit.encode() * (last - first)
    return digits.decode()
