"""What the calendar of somebody invited makes of an invitation and of a cancellation (RFC 5546 section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from attrs import frozen
from icalendar import Calendar, Component

from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attendance
from casd.mailbox.meetings.itip import Scheduling

CANCELED = "Canceled: "
"""What stands before the subject of a meeting that will not take place."""

_OWN = (attendance.RESPONSE, attendance.REPLY_TIME, attendance.BUSY, "TRANSP", "CATEGORIES", "CLASS")
"""Properties of an entry that are its owner's, not the organiser's."""


@frozen
class Update:
    """An entry as it is now, and what the invitation was to it (MeetingRequestType of EWS)."""

    content: bytes
    kind: str


@sound
def requested(stored: bytes, invitation: Scheduling) -> Update:
    """Return the entry that an invitation makes of the one there is (empty: none). Raises `BadContent`."""
    events = invitation.events
    if not stored:
        calendar = _fresh(invitation.calendar, events)
        for event in events:
            _begin(event)
        return Update(ical.serialise(calendar), "NewMeetingRequest")
    old = ical.parse(stored)
    if all("RECURRENCE-ID" in event for event in events):
        kinds = [_put_occurrence(old, event) for event in events]
        return Update(ical.serialise(old), _strongest(kinds))
    before = ical.main(old, "VEVENT")
    if _stale(before, invitation.main):
        return Update(stored, "Outdated")
    calendar = _fresh(invitation.calendar, events)
    kind = _carry(old, calendar, before)
    return Update(ical.serialise(calendar), kind)


def _fresh(like: Calendar, events: Sequence[Component]) -> Calendar:
    """Return a calendar object for the store: one without a method."""
    calendar = ical.new(events[0])
    ical.put_day_zone(calendar, ical.string(like, "X-WR-TIMEZONE") or None)
    for component in (*like.walk("VTIMEZONE"), *events[1:]):
        calendar.add_component(component)
    return calendar


def _begin(event: Component) -> None:
    """Make an event one that waits for its owner's answer."""
    for name in (attendance.REPLY_TIME, attendance.INVITED):
        event.pop(name, None)
    ical.put(event, attendance.INTENDED, attendance.intended(event))
    ical.put(event, attendance.RESPONSE, "NoResponseReceived")
    attendance.put_busy(event, "FREE" if attendance.intended(event) == "FREE" else "TENTATIVE")


def _carry(old: Calendar, new: Calendar, before: Component) -> str:
    """Carry the owner's own over to a newer version of a whole series; say what has become of it."""
    main = ical.main(new, "VEVENT")
    zone = ical.zone_of(new, main)
    known = occurrences.exceptions(old, ical.zone_of(old, before))
    same = _same(before, main)
    for event in new.walk("VEVENT"):
        original = _original(event, zone)
        mine = before if original is None else known.get(original, before)
        if same and (original is None or _same(mine, event) or original not in known):
            _keep(event, mine)
        else:
            _begin(event)
            _keep_reminder(event, mine)
    return "InformationalUpdate" if same else "FullUpdate"


def _put_occurrence(calendar: Calendar, event: Component) -> str:
    """Put one occurrence into a series, in place of the one that was there."""
    main = ical.main(calendar, "VEVENT")
    zone = ical.zone_of(calendar, main)
    original = _original(event, zone)
    series = "RRULE" in main and original is not None
    before = occurrences.exceptions(calendar, zone).get(original) if original else None
    compared = before or (main if series else None)
    if compared is not None and _stale(compared, event):
        return "Outdated"
    earlier = before or (occurrences.exception(calendar, original) if series and original else None)
    if earlier is not None and _same(earlier, event):
        _keep(event, earlier)
        kind = "InformationalUpdate"
    else:
        _begin(event)
        kind = "FullUpdate" if earlier is not None else "NewMeetingRequest"
    if series and original is not None:
        occurrences.include(main, original, zone)
    calendar.subcomponents[:] = [one for one in calendar.subcomponents if one is not earlier]
    calendar.add_component(event)
    return kind


def _strongest(kinds: Sequence[str]) -> str:
    ranked = ("FullUpdate", "NewMeetingRequest", "InformationalUpdate", "Outdated")
    return next(kind for kind in ranked if kind in kinds)


def _original(event: Component, zone: tzinfo) -> datetime | None:
    found = ical.value(event, "RECURRENCE-ID")
    return None if found is None else ical.instant(found, zone)


def _same(before: Component, event: Component) -> bool:
    """Say whether what was answered before holds for an event: it is at the same time, and was not called off."""
    return not is_cancelled(before) and attendance.schedule(before) == attendance.schedule(event)


def is_cancelled(event: Component) -> bool:
    """Say whether the organiser has called an event off."""
    return ical.string(event, "STATUS").upper() == "CANCELLED"


def _stale(before: Component, event: Component) -> bool:
    """Say whether an event is older than what is known (RFC 5546 section 2.1.5).

    A cancellation that was for one guest only has a higher number than the organiser's next invitation to that guest.
    """
    known, new = ical.number(before, "SEQUENCE"), ical.number(event, "SEQUENCE")
    then, now = ical.moment(before, "DTSTAMP"), ical.moment(event, "DTSTAMP")
    if new < known:
        return not (is_cancelled(before) and then is not None and now is not None and then <= now)
    return new == known and then is not None and now is not None and now < then


def _keep(event: Component, before: Component) -> None:
    for name in _OWN:
        event.pop(name, None)
        if name in before:
            event[name] = before[name]
    for line in attendance.lines(event):
        known = attendance.find(before, attendance.address(line))
        if known is not None:
            line.params["PARTSTAT"] = known.params.get("PARTSTAT", "NEEDS-ACTION")
    _keep_reminder(event, before)


def _keep_reminder(event: Component, before: Component) -> None:
    ical.put_reminder(event, ical.reminder(before))


@sound
def cancelled(stored: bytes, cancellation: Scheduling) -> bytes | None:
    """Return an entry of which the organiser has called off all, or some occurrences.

    None if nothing is called off: the cancellation is out of date, or its occurrence was declined. Raises `BadContent`.
    """
    calendar = ical.parse(stored)
    zone = ical.zone_of(calendar, ical.main(calendar, "VEVENT"))
    heeded = False
    for event in cancellation.events:
        for one in _concerned(calendar, event, zone):
            _call_off(one, event)
            heeded = True
    return ical.serialise(calendar) if heeded else None


def _concerned(calendar: Calendar, cancellation: Component, zone: tzinfo) -> list[Component]:
    """Return the events that a cancellation calls off: all, or one occurrence, if it is not older than they are."""
    main, original = ical.main(calendar, "VEVENT"), _original(cancellation, zone)
    if original is None:
        return [] if _stale(main, cancellation) else list(calendar.walk("VEVENT"))
    if "RRULE" in main:
        found = [occurrences.exception(calendar, original)] if original not in occurrences.excluded(main, zone) else []
    else:
        found = [one for one in calendar.walk("VEVENT") if _original(one, zone) == original]
    return [one for one in found if not _stale(one, cancellation)]


def _call_off(event: Component, cancellation: Component) -> None:
    subject = ical.string(event, "SUMMARY")
    ical.put(event, "SUMMARY", subject if subject.startswith(CANCELED) else CANCELED + subject)
    ical.put(event, "STATUS", "CANCELLED")
    ical.put(event, "SEQUENCE", max(ical.number(cancellation, "SEQUENCE"), ical.number(event, "SEQUENCE")))
    ical.put(event, "DTSTAMP", ical.moment(cancellation, "DTSTAMP") or ical.moment(event, "DTSTAMP"))
    attendance.put_busy(event, "FREE")
    ical.put_reminder(event, None)
