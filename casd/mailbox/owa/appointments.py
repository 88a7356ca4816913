"""An appointment as JSON: what a view of the calendar shows, what a form does, and what a form asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.ews import appointments, ical, zones
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.ews.soundness import sound
from casd.mailbox.ews.windows import Entry
from casd.mailbox.meetings import attendance
from casd.mailbox.owa import recurring
from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.owa.moments import original_of, wall, zone_of
from casd.mailbox.owa.people import given, listed, shape
from casd.mailbox.owa.recurring import Series
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews.paths import Property
from protocols.ews.values import Address, Attendee, Body

_STATUSES = {word: status for status, word in BUSY.items()}
_STATUS = Property("calendar:LegacyFreeBusyStatus")
_START, _RECURRENCE = Property("calendar:Start"), Property("calendar:Recurrence")
_PEOPLE = {"required": Property("calendar:RequiredAttendees"), "optional": Property("calendar:OptionalAttendees")}


def entry_shape(mailbox: MailboxStore, entry: Entry) -> dict[str, Any]:
    """Return what a view of the calendar shows; whole days are dates, the last one exclusive."""
    item, occurrence = entry.item, entry.occurrence
    own = occurrence.component if occurrence else None
    organizer = listed(item.sender)
    mine = not organizer or organizer[0].address.lower() == mailbox.address.lower()
    start, end = entry.start, (occurrence.end if occurrence else item.end) or entry.start
    return {
        "id": item.id,
        "original": occurrence.original.isoformat() if occurrence else "",
        "subject": ical.string(own, "SUMMARY") if own else item.subject,
        "location": ical.string(own, "LOCATION") if own else item.location,
        **_when(mailbox, item, start, end),
        "allDay": item.all_day,
        "busy": shown(BUSY[appointments.own(own)[_STATUS]] if own else item.busy),
        "recurring": item.recurring,
        "meeting": bool(item.to or item.cc),
        "mine": mine,
        "organizer": shape(organizer),
        "answer": "" if mine else _answer(mailbox, entry),
        "cancelled": (ical.string(own, "STATUS") if own else item.status).upper() == "CANCELLED",
        "categories": list(item.categories),
    }


def shown(busy: str) -> str:
    """Return how time counts in the words that a form has: of which nothing is known is taken."""
    return "busy" if busy == "nodata" else busy


def _event(mailbox: MailboxStore, item: Item) -> tuple[Calendar, Component] | None:
    """Return an appointment with its calendar; None for one that cannot be read, which is to hide no other."""
    try:
        calendar = ical.shared(mailbox.items.content(item.id))
        return calendar, ical.main(calendar, "VEVENT")
    except BadContent:
        return None


def _answer(mailbox: MailboxStore, entry: Entry) -> str:
    if entry.occurrence and entry.occurrence.component:
        return response(entry.occurrence.component)
    found = _event(mailbox, entry.item)
    return response(found[1]) if found else ""


def response(event: Component) -> str:
    """Return what the owner of a calendar has answered to an invitation; empty if nothing."""
    word = ical.string(event, attendance.RESPONSE)
    return word.lower() if word in attendance.PARTSTATS else ""


def _when(mailbox: MailboxStore, item: Item, start: datetime, end: datetime) -> dict[str, str]:
    if not item.all_day:
        return {"start": start.isoformat(), "end": end.isoformat()}
    found = _event(mailbox, item)
    zone = ical.zone_of(*found) if found else UTC
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return {"start": first.isoformat(), "end": max(last, first + timedelta(days=1)).isoformat()}


@sound
def details(content: bytes, entry: Entry) -> dict[str, Any]:
    """Return what a form shows beside that."""
    calendar = ical.parse(content)
    event = (entry.occurrence and entry.occurrence.component) or ical.main(calendar, "VEVENT")
    found = appointments.read(content, event)
    return {
        "body": ical.text_body(event).text,
        "attendees": [
            {"name": one.mailbox.name, "address": one.mailbox.address, "optional": role == "optional",
             "response": one.response}
            for role, path in _PEOPLE.items()
            for one in found.get(path, ())
        ],
        "reminder": ical.reminder(event),
        **recurring.shown(content),
    }  # fmt: skip


def changes(mailbox: MailboxStore, arguments: Arguments, series: Series | None = None) -> dict[Property, Any]:
    """Return the properties that a request names, with their new values; `series` is what the appointment is so far."""
    named: dict[Property, Any] = {}
    for name, uri in (("subject", "item:Subject"), ("location", "calendar:Location")):
        if arguments.has(name):
            named[Property(uri)] = arguments.text(name)
    if arguments.has("body"):
        named[Property("item:Body")] = Body("Text", arguments.text("body"))
    if arguments.has("busy"):
        named[_STATUS] = _STATUSES.get(arguments.text("busy"), "Busy")
    if arguments.has("start"):
        named |= _times(arguments, series)
    if arguments.has("attendees"):
        named |= _attendees(mailbox, arguments)
    if arguments.has("reminder"):
        minutes = arguments.number("reminder", 40320) - 1  # 0: none
        named[Property("item:ReminderIsSet")] = minutes >= 0
        named[Property("item:ReminderMinutesBeforeStart")] = max(minutes, 0)
    return named | _recurrence(arguments, named, series)


def _times(arguments: Arguments, series: Series | None) -> dict[Property, Any]:
    """Return the times that a request says by the clock of its reader; a series goes on by its own clock."""
    zone, whole_days = zone_of(arguments), arguments.flag("allDay", False)
    start, end = (wall(arguments.text(name)) for name in ("start", "end"))
    if series and not whole_days:
        start, end = (zones.settle(one, zone).astimezone(series.zone) for one in (start, end))
    times = {_START: start, Property("calendar:End"): end, Property("calendar:IsAllDayEvent"): whole_days}
    if series is None and (key := getattr(zone, "key", "")):
        times |= dict.fromkeys((Property("calendar:StartTimeZone"), Property("calendar:EndTimeZone")), key)
    return times


def _recurrence(arguments: Arguments, named: Mapping[Property, Any], series: Series | None) -> dict[Property, Any]:
    """Return how often it is to happen, if a request says so, or begins a series on another day."""
    known = series.rule if series else None
    first = named[_START].date() if _START in named else known.start if known else None
    if arguments.has("repeat"):
        return {_RECURRENCE: recurring.asked(arguments, first or wall(arguments.text("start")).date(), known)}
    if known is None or first is None or first == known.start or original_of(arguments):
        return {}
    return {_RECURRENCE: recurring.moved(known, first)}


def _attendees(mailbox: MailboxStore, arguments: Arguments) -> dict[Property, Any]:
    people: dict[str, list[Attendee]] = {role: [] for role in _PEOPLE}
    for each in arguments.objects("attendees", 500):
        (person,) = given([each])
        role = "optional" if each.flag("optional", False) else "required"
        if person.address.lower() != mailbox.address.lower():
            people[role].append(Attendee(Address(person.address, person.name)))
    return {path: tuple(people[role]) for role, path in _PEOPLE.items()}
