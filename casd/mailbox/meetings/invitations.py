"""What an organiser sends: invitations and cancellations, made of the entry in his calendar (RFC 5546 section 3.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance, entries, itip
from casd.mailbox.meetings.entries import CANCELED
from casd.mailbox.meetings.itip import File, Letter
from casd.mailbox.outgoing import Outgoing
from protocols.ews.values import Address, Body

_PRIVATE = (
    *(attendance.RESPONSE, attendance.INVITED, attendance.REPLY_TIME, attendance.BUSY, attendance.UNSET),
    "CATEGORIES",
)
"""Properties of the organiser's entry that are nobody else's business."""


@sound
def request(
    content: bytes,
    author: Address,
    now: datetime,
    only: Occurrence = None,
    to: Guests = None,
    files: Sequence[File] = (),
) -> Outgoing:
    """Return the invitation to a meeting, or to one occurrence of a series, for all guests or some of them."""
    calendar, events = _chosen(content, only)
    alive = [event for event in events if not entries.is_cancelled(event)] or events
    shown = [_shown(event, now) for event in alive]
    letter = _letter(author, shown[0], ical.string(shown[0], "SUMMARY"), ical.body(shown[0]), files)
    return _outgoing(letter, to, now, itip.wrap("REQUEST", shown, calendar))


@sound
def cancel(
    content: bytes, author: Address, now: datetime, only: Occurrence = None, to: Guests = None, note: Body | None = None
) -> Outgoing:
    """Return the cancellation of a meeting, or of one occurrence of a series."""
    calendar, events = _chosen(content, only)
    event = _shown(events[0], now)
    for name in ("VALARM", "RRULE", "EXDATE"):
        event.pop(name, None)
    ical.put_reminder(event, None)
    ical.put(event, "STATUS", "CANCELLED")
    ical.put(event, "SEQUENCE", ical.number(event, "SEQUENCE") + 1)
    subject = CANCELED + ical.string(event, "SUMMARY").removeprefix(CANCELED)
    letter = _letter(author, event, subject, note or ical.body(event))
    return _outgoing(letter, to, now, itip.wrap("CANCEL", [event], calendar))


Occurrence = datetime | None
"""Where the rule puts the occurrence that is meant; None: the whole meeting."""

Guests = Collection[str] | None
"""The addresses of those who are to be told; None: all who are invited."""


def _chosen(content: bytes, only: Occurrence) -> tuple[Calendar, list[Component]]:
    calendar = ical.parse(content)
    if only is not None:
        return calendar, [occurrences.exception(calendar, only)]
    main = ical.main(calendar, "VEVENT")
    return calendar, [main, *(event for event in calendar.walk("VEVENT") if event is not main)]


def _shown(event: Component, now: datetime) -> Component:
    """Return an event as others may see it."""
    shown = deepcopy(event)
    ical.put(shown, attendance.INTENDED, ical.string(event, attendance.BUSY) or "BUSY")
    for name in _PRIVATE:
        shown.pop(name, None)
    ical.put(shown, "DTSTAMP", now)
    if "SEQUENCE" not in shown:
        ical.put(shown, "SEQUENCE", 0)
    for line in attendance.lines(shown):
        if attendance.address(line) != attendance.organizer(shown):
            attendance.answer(line, "NEEDS-ACTION")
            line.params["RSVP"] = "TRUE"
    return shown


def _letter(author: Address, event: Component, subject: str, body: Body, files: Sequence[File] = ()) -> Letter:
    optional = tuple(attendance.person(line) for line in attendance.lines(event) if _role(line) == "OPT-PARTICIPANT")
    required = tuple(attendance.person(line) for line in attendance.lines(event) if _role(line) == "REQ-PARTICIPANT")
    return Letter(author, required, subject, body, optional, tuple(files))


def _outgoing(letter: Letter, to: Guests, now: datetime, calendar: Calendar) -> Outgoing:
    invited = attendance.invited(ical.main(calendar, "VEVENT"))
    guests = tuple(one for one in invited if to is None or one in to)
    return Outgoing(guests, itip.message(letter, calendar, now))


def _role(line: Any) -> str:
    return str(line.params.get("ROLE", "REQ-PARTICIPANT")).upper()
