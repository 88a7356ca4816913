"""What an iCalendar answer tells of one mailbox, for the languages that have nothing better."""

from __future__ import annotations

from protocols import freebusy
from protocols.ews.availability import Event, Request, View
from protocols.ews.availability_client import MOST_EVENTS
from protocols.ews.errors import Refusal
from protocols.freebusy import BadFreeBusy, TooMany


def view(request: Request, content: bytes) -> View:
    """Return the busy times in a VFREEBUSY that are within those asked for: who and what is never told."""
    window = request.in_utc()
    try:
        periods = freebusy.read(content, MOST_EVENTS)
    except BadFreeBusy:
        return View(Refusal("ErrorFreeBusyGenerationFailed"))
    except TooMany:
        return View(Refusal("ErrorResultSetTooBig"))
    near = (one for one in periods if one.start < window.end and one.end > window.start)
    return View(events=tuple(Event(one.start, one.end, one.status) for one in near))
