"""What an iCalendar answer tells of one mailbox, for the languages that have nothing better."""

from __future__ import annotations

from collections.abc import Callable

from protocols import freebusy, vevent
from protocols.ews.availability import Event, Request, View
from protocols.ews.availability_client import MOST_EVENTS
from protocols.ews.errors import Refusal
from protocols.freebusy import BadFreeBusy, Period, TooMany
from protocols.vevent import Window


def view(request: Request, content: bytes) -> View:
    """Return the busy times in a VFREEBUSY that are within those asked for: who and what is never told."""
    return _view(request, lambda _: freebusy.read(content, MOST_EVENTS))


def published(request: Request, content: bytes) -> View:
    """Return the same of a VFREEBUSY or of a whole calendar, which takes its time."""
    if freebusy.is_one(content):
        return view(request, content)
    return _view(request, lambda window: vevent.busy(content, Window(window.start, window.end, MOST_EVENTS)))


def _view(request: Request, read: Callable[[Request], list[Period]]) -> View:
    window = request.in_utc()
    try:
        periods = read(window)
    except BadFreeBusy:
        return View(Refusal("ErrorFreeBusyGenerationFailed"))
    except TooMany:
        return View(Refusal("ErrorResultSetTooBig"))
    near = (one for one in periods if one.start < window.end and one.end > window.start)
    return View(events=tuple(Event(one.start, one.end, one.status) for one in near))
