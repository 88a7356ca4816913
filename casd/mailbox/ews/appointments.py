"""Appointments: the properties that are in an iCalendar object with a VEVENT, read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from attrs import frozen
from icalendar import Calendar, Component, Event

from casd.mailbox.ews import attendees, ical, inheriting, occurrences, zones
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.meetings import attendance
from protocols.ews.errors import Refusal
from protocols.ews.paths import Path, Property
from protocols.ews.values import Attendee

_BUSY = {word: status.upper() for word, status in BUSY.items()}
_STATUSES = {status: word for word, status in _BUSY.items()}
_CLASSES = {"Normal": None, "Personal": "PRIVATE", "Private": "PRIVATE", "Confidential": "CONFIDENTIAL"}
_PRIORITIES = {"Low": 9, "Normal": None, "High": 1}
_WHEN = ("calendar:Start", "calendar:End", "calendar:IsAllDayEvent", "calendar:StartTimeZone", "calendar:EndTimeZone")


@frozen
class _Times:
    """When an appointment is: moments in UTC, whether it takes whole days, and its time zones."""

    start: datetime
    end: datetime
    whole_days: bool
    zone: tzinfo
    end_zone: tzinfo


@frozen
class _Source:
    """An appointment as its properties are read from it."""

    content: bytes
    event: Component
    times: _Times
    minutes: int | None

    @property
    def meeting(self) -> bool:
        """Whether others are invited."""
        return "ATTENDEE" in self.event

    @property
    def received(self) -> bool:
        """Whether it came as an invitation."""
        return attendance.RESPONSE in self.event

    @property
    def response(self) -> str:
        """What the owner of the calendar has answered."""
        said = ical.string(self.event, attendance.RESPONSE)
        return said or ("Organizer" if self.meeting else "Unknown")

    @property
    def cancelled(self) -> bool:
        """Whether it will not take place."""
        return ical.string(self.event, "STATUS").upper() == "CANCELLED"


def read(content: bytes, exception: Component | None = None) -> dict[Path, Any]:
    """Return the properties in an iCalendar object with a VEVENT, or of an `exception` to it. Raises `BadContent`."""
    calendar = ical.shared(content)
    event = exception or ical.main(calendar, "VEVENT")
    source = _Source(content, event, _times(calendar, event, UTC), ical.reminder(event))
    found = {Property(uri): reader(source) for uri, reader in _READERS.items()}
    return {path: value for path, value in found.items() if value not in (None, ())}


def seen_by(owner: str, found: Mapping[Path, Any]) -> dict[Path, Any]:
    """Return properties as they are in somebody's calendar: where another invites, he has answered what he is said to.

    Invitations that the server itself puts there say so; others may have come as iCalendar.
    """
    organizer = found.get(Property("calendar:Organizer"))
    if organizer is None or owner.casefold() == organizer.address.casefold():
        return dict(found)
    if found.get(Property("calendar:MyResponseType")) != "Organizer":
        return dict(found)
    people = [one for uri in attendees.ROLES for one in found.get(Property(uri), ())]
    said = next((one.response for one in people if one.mailbox.address.casefold() == owner.casefold()), "Unknown")
    answer = "NoResponseReceived" if said == "Unknown" else said
    return {**found, Property("calendar:MyResponseType"): answer, Property("calendar:IsOrganizer"): False}


def own(event: Component) -> dict[Path, Any]:
    """Return what an exception says for itself, where a whole appointment has columns in the store."""
    found = {
        "item:Subject": ical.string(event, "SUMMARY"),
        "calendar:Location": ical.string(event, "LOCATION"),
        "calendar:LegacyFreeBusyStatus": _STATUSES.get(ical.string(event, attendance.BUSY).upper(), "Busy"),
        "calendar:IsAllDayEvent": not isinstance(ical.value(event, "DTSTART"), datetime),
    }
    return {Property(uri): value for uri, value in found.items()}


def write(content: bytes, changes: Mapping[Property, Any], zone: tzinfo = UTC) -> bytes:
    """Return an appointment with some of its properties changed; None takes one away.

    Without a content it begins as an empty one. Times without an offset are of `zone`.
    """
    calendar = ical.parse(content) if content else ical.new(Event())
    event = ical.main(calendar, "VEVENT")
    before = deepcopy(event) if content else None
    _write(calendar, event, changes, zone, new=not content)
    if "RRULE" in event and (before is None or not _same_times(before, event)):
        occurrences.align(event, ical.end(event) - ical.value(event, "DTSTART"))
    if before is not None and not _same_times(before, event):
        _forget_exceptions(calendar, event)
    elif before is not None:
        inheriting.follow((one for one in calendar.walk("VEVENT") if one is not event), before, event)
    return ical.serialise(calendar)


def write_occurrence(content: bytes, original: datetime, changes: Mapping[Property, Any], zone: tzinfo = UTC) -> bytes:
    """Return a series in which one occurrence has been changed. Raises `Refusal`, and `BadContent`."""
    for path in changes:
        if path.uri in _OF_SERIES:
            raise Refusal("ErrorInvalidPropertySet", path=path)
    calendar = ical.parse(content)
    _write(calendar, occurrences.exception(calendar, original), changes, zone)
    return ical.serialise(calendar)


_OF_SERIES = frozenset({"calendar:Recurrence", "calendar:UID", "item:MimeContent"})
"""Properties that a series has as a whole."""


def _write(
    calendar: Calendar, event: Component, changes: Mapping[Property, Any], zone: tzinfo, *, new: bool = False
) -> None:
    named = {path.uri: value for path, value in changes.items()}
    if new or any(uri in named for uri in _WHEN):
        old = None if new else _times(calendar, event, zone)
        _put_times(calendar, event, _changed(named, old, zone))
    for uri, value in named.items():
        if uri in _WRITERS:
            _WRITERS[uri](event, value)
    if "calendar:Recurrence" in named:
        ical.put_recurrence(event, named["calendar:Recurrence"], _times(calendar, event, zone).zone)
    _put_reminder(event, named)


def _same_times(before: Component, event: Component) -> bool:
    return attendance.schedule(event) == attendance.schedule(before)


def _forget_exceptions(calendar: Calendar, event: Component) -> None:
    """Begin a series anew: at other times its exceptions are exceptions of nothing."""
    event.pop("EXDATE", None)
    kept = [one for one in calendar.subcomponents if one.name != "VEVENT" or one is event]
    calendar.subcomponents[:] = kept


def _times(calendar: Calendar, event: Component, default: tzinfo) -> _Times:
    start = ical.value(event, "DTSTART")
    end = ical.end(event)
    zone = ical.zone_of(calendar, event, default)
    end_zone = getattr(end, "tzinfo", None) or zone
    whole_days = not isinstance(start, datetime)
    return _Times(ical.instant(start, zone), ical.instant(end, end_zone), whole_days, zone, end_zone)


def _changed(named: Mapping[str, Any], old: Any, zone: tzinfo) -> _Times:
    """Return the times that a client asks for, the old ones where it does not say."""
    first = zones.find(named.get("calendar:StartTimeZone") or "") or (old.zone if old else zone)
    last = zones.find(named.get("calendar:EndTimeZone") or "") or (old.end_zone if old else first)
    if not named.get("calendar:Start") and old is None:
        raise Refusal("ErrorRequiredPropertyMissing", path=Property("calendar:Start"))
    start: datetime = zones.settle(named.get("calendar:Start") or old.start, first)
    length = old.end - old.start if old else timedelta(0)
    end = zones.settle(named["calendar:End"], last) if named.get("calendar:End") else start + length
    if end < start:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate")
    whole_days = named.get("calendar:IsAllDayEvent", old.whole_days if old else False)
    return _Times(start, end, bool(whole_days), first, last)


def _put_times(calendar: Calendar, event: Component, times: _Times) -> None:
    event.pop("DURATION", None)
    start, end = times.start.astimezone(times.zone), times.end.astimezone(times.end_zone)
    if times.whole_days:
        # A day that has begun counts whole (How to create all-day events by using EWS).
        following = end.date() + timedelta(days=end.time() > time())
        ical.put(event, "DTSTART", start.date())
        ical.put(event, "DTEND", max(following, start.date() + timedelta(days=1)))
        ical.put_day_zone(calendar, getattr(times.zone, "key", "UTC"))
    else:
        ical.put(event, "DTSTART", start)
        ical.put(event, "DTEND", end)


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    return f"P{days}D{'T' + clock if clock else ''}" if days else f"PT{clock or '0S'}"


def _invited(uri: str) -> Callable[[_Source], tuple[Attendee, ...]]:
    return lambda source: attendees.read(source.event, uri)


def _put_busy(event: Component, status: str | None) -> None:
    ical.put(event, "X-MICROSOFT-CDO-BUSYSTATUS", _BUSY.get(status or "Busy", "BUSY"))
    ical.put(event, "TRANSP", "TRANSPARENT" if status == "Free" else "OPAQUE")


def _put_reminder(event: Component, named: Mapping[str, Any]) -> None:
    """Remind as asked; the two properties may come alone, and 15 minutes are what Exchange takes for unsaid."""
    if not named.keys() & {"item:ReminderIsSet", "item:ReminderMinutesBeforeStart"}:
        return
    minutes = named.get("item:ReminderMinutesBeforeStart", _minutes(event))
    wanted = named.get("item:ReminderIsSet", ical.reminder(event) is not None)
    ical.put_reminder(event, (15 if minutes is None else minutes) if wanted else None)
    ical.put(event, attendance.UNSET, None if wanted or minutes is None else str(minutes))


def _minutes(event: Component) -> int | None:
    """Return how long before its start an appointment reminds, or would if it did."""
    unset = ical.string(event, attendance.UNSET)
    return int(unset) if unset.isdecimal() else ical.reminder(event)


def _text(name: str, words: Mapping[str, Any] | None = None) -> Callable[[Component, Any], None]:
    return lambda event, value: ical.put(event, name, words.get(value) if words else value)


_READERS: Mapping[str, Callable[[_Source], Any]] = {
    "item:MimeContent": lambda source: source.content,
    "item:Body": lambda source: ical.body(source.event),
    "item:TextBody": lambda source: ical.text_body(source.event),
    "item:ReminderIsSet": lambda source: source.minutes is not None,
    "item:ReminderMinutesBeforeStart": lambda source: _minutes(source.event),
    "item:ReminderDueBy": lambda source: None if source.minutes is None else source.times.start,
    "calendar:DateTimeStamp": lambda source: ical.moment(source.event, "DTSTAMP"),
    "calendar:Start": lambda source: source.times.start,
    "calendar:End": lambda source: source.times.end,
    "calendar:StartTimeZone": lambda source: zones.windows(source.times.zone),
    "calendar:EndTimeZone": lambda source: zones.windows(source.times.end_zone),
    "calendar:Duration": lambda source: _duration(source.times.end - source.times.start),
    "calendar:IsMeeting": lambda source: source.meeting,
    "calendar:IsCancelled": lambda source: source.cancelled,
    "calendar:AppointmentState": lambda source: source.meeting | source.received << 1 | source.cancelled << 2,
    "calendar:AppointmentSequenceNumber": lambda source: ical.number(source.event, "SEQUENCE"),
    "calendar:AppointmentReplyTime": lambda source: attendance.responded(source.event),
    "calendar:MeetingRequestWasSent": lambda source: attendance.INVITED in source.event,
    "calendar:MyResponseType": lambda source: source.response,
    "calendar:IsOrganizer": lambda source: source.response in {"Organizer", "Unknown"},
    "calendar:CalendarItemType": lambda source: "RecurringMaster" if "RRULE" in source.event else "Single",
    "calendar:Organizer": lambda source: attendees.organizer(source.event),
    "calendar:Recurrence": lambda source: ical.recurrence(source.event, source.times.zone),
    **{uri: _invited(uri) for uri in attendees.ROLES},
}
_WRITERS: Mapping[str, Callable[[Component, Any], None]] = {
    "item:Subject": _text("SUMMARY"),
    "item:Body": ical.put_body,
    "item:Sensitivity": _text("CLASS", _CLASSES),
    "item:Importance": _text("PRIORITY", _PRIORITIES),
    "calendar:UID": _text("UID"),
    "calendar:DateTimeStamp": _text("DTSTAMP"),
    "calendar:Location": _text("LOCATION"),
    "calendar:LegacyFreeBusyStatus": _put_busy,
    "calendar:Organizer": attendees.put_organizer,
    **{uri: attendees.writer(uri) for uri in attendees.ROLES},
}

READS = frozenset(_READERS)
"""Properties that `read` knows."""

URIS = frozenset({*_WRITERS, *_WHEN, "calendar:Recurrence", "item:ReminderIsSet"}) | {
    *("item:ReminderMinutesBeforeStart", "item:ReminderDueBy"),
}
"""Properties that an appointment has a place for; when it reminds follows from its start."""
