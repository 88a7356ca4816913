"""An appointment as JSON: what a view of the calendar shows, what a form does, and what a form asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.ews import appointments, ical, zones
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.ews.soundness import sound
from casd.mailbox.ews.windows import Entry
from casd.mailbox.meetings import attendance
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.people import given, listed, shape
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews.paths import Property
from protocols.ews.recurrence import Recurrence
from protocols.ews.values import Address, Attendee, Body

_STATUSES = {word: status for status, word in BUSY.items()}
_STATUS = Property("calendar:LegacyFreeBusyStatus")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
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
        "busy": BUSY[appointments.own(own)[_STATUS]] if own else item.busy,
        "recurring": item.recurring,
        "meeting": bool(item.to or item.cc),
        "mine": mine,
        "organizer": shape(organizer),
        "answer": "" if mine else _answer(mailbox, entry),
        "cancelled": (ical.string(own, "STATUS") if own else item.status).upper() == "CANCELLED",
        "categories": list(item.categories),
    }


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
    rule = ical.recurrence(ical.main(calendar, "VEVENT"), ical.zone_of(calendar, event))
    return {
        "body": ical.text_body(event).text,
        "attendees": [
            {"name": one.mailbox.name, "address": one.mailbox.address, "optional": role == "optional",
             "response": one.response}
            for role, path in _PEOPLE.items()
            for one in found.get(path, ())
        ],
        "reminder": ical.reminder(event),
        "repeat": rule.rule.get("FREQ", "") if rule else "",
        "interval": int(rule.rule.get("INTERVAL", "1")) if rule else 1,
        "until": rule.end.isoformat() if rule and rule.end else "",
    }  # fmt: skip


def changes(mailbox: MailboxStore, arguments: Arguments, zone: tzinfo) -> dict[Property, Any]:
    """Return the properties that a request names, with their new values."""
    named: dict[Property, Any] = {}
    for name, uri in (("subject", "item:Subject"), ("location", "calendar:Location")):
        if arguments.has(name):
            named[Property(uri)] = arguments.text(name)
    if arguments.has("body"):
        named[Property("item:Body")] = Body("Text", arguments.text("body"))
    if arguments.has("busy"):
        named[_STATUS] = _STATUSES.get(arguments.text("busy"), "Busy")
    if arguments.has("start"):
        named |= _times(arguments, zone)
    if arguments.has("attendees"):
        named |= _attendees(mailbox, arguments)
    if arguments.has("reminder"):
        minutes = arguments.number("reminder", 40320) - 1  # 0: none
        named[Property("item:ReminderIsSet")] = minutes >= 0
        named[Property("item:ReminderMinutesBeforeStart")] = max(minutes, 0)
    if arguments.has("repeat"):
        named[Property("calendar:Recurrence")] = _recurrence(arguments)
    return named


def _times(arguments: Arguments, zone: tzinfo) -> dict[Property, Any]:
    start, end = (_wall(arguments.text(name)) for name in ("start", "end"))
    times: dict[Property, Any] = {
        Property("calendar:Start"): start,
        Property("calendar:End"): end,
        Property("calendar:IsAllDayEvent"): arguments.flag("allDay", False),
    }
    if key := getattr(zone, "key", ""):
        times[Property("calendar:StartTimeZone")] = times[Property("calendar:EndTimeZone")] = key
    return times


def _attendees(mailbox: MailboxStore, arguments: Arguments) -> dict[Property, Any]:
    people: dict[str, list[Attendee]] = {role: [] for role in _PEOPLE}
    for each in arguments.objects("attendees", 500):
        (person,) = given([each])
        role = "optional" if each.flag("optional", False) else "required"
        if person.address.lower() != mailbox.address.lower():
            people[role].append(Attendee(Address(person.address, person.name)))
    return {path: tuple(people[role]) for role, path in _PEOPLE.items()}


def _recurrence(arguments: Arguments) -> Recurrence | None:
    frequency = arguments.text("repeat")
    if not frequency:
        return None
    if frequency not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}:
        raise BadArgument("repeat must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    start, until = _wall(arguments.text("start")).date(), arguments.text("until", "")
    rule = {"FREQ": frequency, "INTERVAL": str(arguments.number("interval", 999, 1) or 1)}
    if frequency == "WEEKLY":
        rule["BYDAY"] = ",".join(day for day in arguments.texts("days") if day in _DAYS) or _DAYS[start.weekday()]
    return Recurrence(rule, start, _wall(until).date() if until else None)


def zone_of(arguments: Arguments) -> tzinfo:
    """Return the time zone in which a request says times."""
    found = zones.find(arguments.text("zone", "UTC") or "UTC")
    if found is None:
        raise BadArgument("There is no such time zone.")
    return found


def moment_of(arguments: Arguments, name: str) -> datetime:
    """Return a moment that a request names."""
    return parsed(arguments.text(name))


def original_of(arguments: Arguments) -> datetime | None:
    """Return where its series puts the occurrence that a request means; None for a whole appointment."""
    text = arguments.optional_text("original")
    return parsed(text) if text else None


def parsed(text: str) -> datetime:
    """Read a moment."""
    moment = _wall(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _wall(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time.") from None
