"""What web mail asks of the calendar; all its calls to the code that knows iCalendar are here."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import uuid4

from icalendar import Component

from casd.mailbox.ews import appointments, ical, occurrences, zones
from casd.mailbox.ews.soundness import sound
from casd.mailbox.ews.windows import Entry, entries
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.people import given, listed, shape
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import And, Compare, Operator, Page
from casd.mailbox.store.values import DeleteMode, Item, Kind
from protocols.ews.paths import Property
from protocols.ews.recurrence import Recurrence
from protocols.ews.values import Address, Attendee, Body
from protocols.ews.views import Window

_BUSY = {"free": "Free", "tentative": "Tentative", "busy": "Busy", "oof": "OOF", "workingelsewhere": "WorkingElsewhere"}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PEOPLE = {"required": Property("calendar:RequiredAttendees"), "optional": Property("calendar:OptionalAttendees")}
_MONTH = timedelta(days=62)


def find_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all that a window of time shows, each occurrence of a series for itself."""
    start, end = _moment(arguments, "start"), _moment(arguments, "end")
    if not timedelta(0) <= end - start <= _MONTH:
        raise BadArgument("A window of time has at most 62 days.")
    return {"items": [_entry(mailbox, each) for each in within(mailbox, start, end)]}


def get_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return all that a form shows of an appointment, or of the occurrence that was `original` at this time."""
    item = mailbox.items.get(arguments.text("id"))
    content = mailbox.items.content(item.id)
    entry = _occurrence(item, content, arguments.optional_text("original"))
    return {**_entry(mailbox, entry), **_details(content, entry)}


def save_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make an appointment, change one, or change one occurrence of a series; what is not named stays as it is."""
    return {"id": saved(mailbox, arguments).id}


def saved(mailbox: MailboxStore, arguments: Arguments) -> Item:
    """Do as `save_appointment` is told, and return the item."""
    zone = _zone(arguments)
    named, original = arguments.optional_text("id"), arguments.optional_text("original")
    changes = _changes(mailbox, arguments, zone)
    if named is None:
        made = appointments.write(b"", {**_begin(mailbox), **changes}, zone)
        return mailbox.items.create(mailbox.folders.distinguished("calendar").id, Kind.APPOINTMENT, made, read=True)
    content = mailbox.items.content(mailbox.items.get(named).id)
    if original:
        return mailbox.items.update(named, _with_exception(content, _parsed(original), changes, zone))
    return mailbox.items.update(named, appointments.write(content, changes, zone))


def delete_appointment(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Delete an appointment, or one occurrence of a series."""
    item, original = mailbox.items.get(arguments.text("id")), arguments.optional_text("original")
    if original:
        mailbox.items.update(item.id, occurrences.without(mailbox.items.content(item.id), _parsed(original)))
    else:
        mailbox.items.delete(item.id, DeleteMode.DELETED_ITEMS)
    return {}


def within(mailbox: MailboxStore, start: datetime, end: datetime) -> list[Entry]:
    """Return what of the calendar overlaps a window of time."""
    return entries(mailbox, mailbox.folders.distinguished("calendar").id, Window(start, end), UTC)


def meeting(mailbox: MailboxStore, uid: str) -> Item | None:
    """Return the appointment with this UID, if it is in the calendar."""
    where = And((Compare("kind", Operator.EQUAL, Kind.APPOINTMENT), Compare("uid", Operator.EQUAL, uid)))
    found = mailbox.items.find([mailbox.folders.distinguished("calendar").id], where, page=Page(1)).items
    return found[0] if found else None


def _begin(mailbox: MailboxStore) -> dict[Property, Any]:
    owner, now = Address(mailbox.address, mailbox.display_name), datetime.now(UTC).replace(microsecond=0)
    return {
        Property("calendar:UID"): str(uuid4()),
        Property("calendar:DateTimeStamp"): now,
        Property("calendar:Organizer"): owner,
        Property("calendar:LegacyFreeBusyStatus"): "Busy",
    }


def _changes(mailbox: MailboxStore, arguments: Arguments, zone: tzinfo) -> dict[Property, Any]:
    """Return the properties that a request names."""
    changes: dict[Property, Any] = {}
    for name, uri in (("subject", "item:Subject"), ("location", "calendar:Location")):
        if arguments.has(name):
            changes[Property(uri)] = arguments.text(name)
    if arguments.has("body"):
        changes[Property("item:Body")] = Body("Text", arguments.text("body"))
    if arguments.has("busy"):
        changes[Property("calendar:LegacyFreeBusyStatus")] = _BUSY.get(arguments.text("busy"), "Busy")
    if arguments.has("start"):
        changes |= _times(arguments, zone)
    if arguments.has("attendees"):
        changes |= _attendees(mailbox, arguments)
    if arguments.has("reminder"):
        minutes = arguments.number("reminder", 40320) - 1  # 0: none
        changes[Property("item:ReminderIsSet")] = minutes >= 0
        changes[Property("item:ReminderMinutesBeforeStart")] = max(minutes, 0)
    if arguments.has("repeat"):
        changes[Property("calendar:Recurrence")] = _recurrence(arguments)
    return changes


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
            answer = each.text("response", "Unknown")
            people[role].append(Attendee(Address(person.address, person.name), answer))
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


@sound
def _with_exception(content: bytes, original: datetime, changes: dict[Property, Any], zone: tzinfo) -> bytes:
    """Return a series of which one occurrence is otherwise (RFC 5545 section 3.8.4.4)."""
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


@sound
def _occurrence(item: Item, content: bytes, original: str | None) -> Entry:
    if not original:
        return Entry(item, item.start or item.created)
    wanted = _parsed(original)
    for one in occurrences.expand(content):
        if one.original == wanted:
            return Entry(item, one.start, one)
        if one.original > wanted:
            break
    raise BadArgument("There is no such occurrence.")


def _entry(mailbox: MailboxStore, entry: Entry) -> dict[str, Any]:
    """Return what a view of the calendar shows; whole days are dates, the last one exclusive."""
    item, occurrence = entry.item, entry.occurrence
    own = occurrence.component if occurrence else None
    organizer = listed(item.sender)
    start, end = entry.start, (occurrence.end if occurrence else item.end) or entry.start
    return {
        "id": item.id,
        "original": occurrence.original.isoformat() if occurrence else "",
        "subject": ical.string(own, "SUMMARY") if own else item.subject,
        "location": ical.string(own, "LOCATION") if own else item.location,
        **_when(mailbox, item, start, end),
        "allDay": item.all_day,
        "busy": item.busy,
        "recurring": item.recurring,
        "meeting": bool(item.to or item.cc),
        "mine": not organizer or organizer[0].address.lower() == mailbox.address.lower(),
        "organizer": shape(organizer),
        "answer": item.properties.get("answer", ""),
        "cancelled": item.status.upper() == "CANCELLED",
        "categories": list(item.categories),
    }


def _when(mailbox: MailboxStore, item: Item, start: datetime, end: datetime) -> dict[str, str]:
    if not item.all_day:
        return {"start": start.isoformat(), "end": end.isoformat()}
    calendar = ical.parse(mailbox.items.content(item.id))
    zone = ical.zone_of(calendar, ical.main(calendar, "VEVENT"))
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return {"start": first.isoformat(), "end": max(last, first + timedelta(days=1)).isoformat()}


@sound
def _details(content: bytes, entry: Entry) -> dict[str, Any]:
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


def _zone(arguments: Arguments) -> tzinfo:
    found = zones.find(arguments.text("zone", "UTC") or "UTC")
    if found is None:
        raise BadArgument("There is no such time zone.")
    return found


def _moment(arguments: Arguments, name: str) -> datetime:
    return _parsed(arguments.text(name))


def _parsed(text: str) -> datetime:
    moment = _wall(text)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _wall(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time.") from None
