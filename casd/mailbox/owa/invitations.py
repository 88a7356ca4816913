"""What the reading pane shows of a message about a meeting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from icalendar import Component

from casd.mailbox.ews import ical
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance, attending, entries, itip
from casd.mailbox.meetings.itip import Scheduling
from casd.mailbox.owa import calendar
from casd.mailbox.owa.appointments import response
from casd.mailbox.owa.people import Person, shape
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item


def invitation(mailbox: MailboxStore, item: Item, content: bytes) -> dict[str, Any] | None:
    """Return what a message says of a meeting; None if nothing, or nothing that can be read."""
    try:
        said = itip.read(content)
        return {**_said(said), **_state(mailbox, item, said), **_near(mailbox, said)} if said else None
    except BadContent:
        return None


@sound
def _said(said: Scheduling) -> dict[str, Any]:
    event = said.main
    first, (start, end) = ical.value(event, "DTSTART"), _times(said)
    whole_days = not isinstance(first, datetime)
    who = (Person(str(line.params.get("CN", "")), attendance.address(line)) for line in attendance.lines(event))
    return {
        "method": "REPLY" if said.replies else said.method,
        "subject": ical.string(event, "SUMMARY"),
        "location": ical.string(event, "LOCATION"),
        "allDay": whole_days,
        "start": (first if whole_days else start).isoformat(),
        "end": (ical.end(event) if whole_days else end).isoformat(),
        "recurring": "RRULE" in event,
        "who": shape(who),
        "answered": attendance.WORDS.get(said.answer, "").lower() if said.replies else "",
        "proposed": said.method == "COUNTER",
    }


def _state(mailbox: MailboxStore, item: Item, said: Scheduling) -> dict[str, Any]:
    """Return what has become of the meeting in the calendar of who reads."""
    meeting = attending.known(mailbox, said)
    event = attending.event(mailbox, meeting) if meeting else None
    cancelled = event is not None and entries.is_cancelled(event)
    return {
        "delegated": bool(item.properties.get("meeting:IsDelegated")),
        "mine": attendance.organizer(said.main) == mailbox.address.casefold(),
        "known": meeting is not None and (cancelled or said.method != "CANCEL"),
        "cancelled": cancelled,
        "outdated": event is not None and _older(said.main, event) and not cancelled,
        "answer": response(event) if event else _last(item),
    }


def _older(event: Component, known: Component) -> bool:
    return ical.number(event, "SEQUENCE") < ical.number(known, "SEQUENCE")


def _last(item: Item) -> str:
    """Return what was answered to a message whose meeting is not in the calendar, as one that was declined."""
    word = item.properties.get("meeting:ResponseType", "")
    return word.lower() if word in attendance.PARTSTATS else ""


def _near(mailbox: MailboxStore, said: Scheduling) -> dict[str, Any]:
    """Return the subjects of what takes place at the same time."""
    start, end = _times(said)
    near = calendar.within(mailbox, start, end) if start <= end else []
    taken = (one.item for one in near if one.item.uid != said.uid and one.item.busy != "free")
    return {"conflicts": [item.subject for item in taken]}


def _times(said: Scheduling) -> tuple[datetime, datetime]:
    zone = ical.zone_of(said.calendar, said.main)
    return ical.instant(ical.value(said.main, "DTSTART"), zone), ical.instant(ical.end(said.main), zone)
