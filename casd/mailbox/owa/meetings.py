"""Meetings: invitations and cancellations sent, shown in the messages that bring them, answered."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import datetime
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.call import Call
from casd.mailbox.ews import ical
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa import calendar
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.letters import (
    ANSWERS,
    Letter,
    address,
    answer_of,
    attendees,
    calendar_in,
    letter,
    mime,
    reply,
    several,
)
from casd.mailbox.owa.people import Person, listed, shape
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.mime import parsed
from casd.mailbox.store.values import Item, Kind

_MAY_INVITE = re.compile(rb"text/calendar", re.IGNORECASE)
_BUSY = {"accept": "BUSY", "tentative": "TENTATIVE"}


async def send_invitations(call: Call, arguments: Arguments) -> Any:
    """Save a meeting as `SaveAppointment` does, and tell those who are invited."""
    item = await call.database.run(_saved, call.mailbox, arguments)
    told = await call.database.run(_letter, call.mailbox, item, "REQUEST")
    return {"id": item, "failed": await _send(call, told)}


async def cancel_meeting(call: Call, arguments: Arguments) -> Any:
    """Tell those who were invited that a meeting will not take place, and delete it."""
    item = await call.database.run(call.mailbox.items.get, arguments.text("id"))
    told = await call.database.run(_letter, call.mailbox, item.id, "CANCEL")
    failed = await _send(call, told)
    await call.database.run(calendar.delete_appointment, call.mailbox, arguments)
    return {"failed": failed}


async def answer_meeting(call: Call, arguments: Arguments) -> Any:
    """Accept, accept tentatively or decline what a message invites to; put it into the calendar, tell the organizer."""
    told = await call.database.run(_answered, call.mailbox, arguments)
    return {"failed": await _send(call, told)}


def remove_cancelled(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Take out of the calendar what a message says will not take place."""
    found = _sent_with(mailbox, arguments.text("id"))
    if found is None or ical.string(found, "METHOD").upper() != "CANCEL":
        raise BadArgument("The message cancels nothing.")
    if item := _known(mailbox, ical.main(found, "VEVENT")):
        calendar.delete_appointment(mailbox, Arguments({"id": item.id}))
    return {}


def invitation(mailbox: MailboxStore, content: bytes) -> dict[str, Any] | None:
    """Return what a message says of a meeting; None if nothing, or nothing that can be read."""
    if not _MAY_INVITE.search(content):  # most messages, some of them large, need not be taken apart
        return None
    try:
        found = calendar_in(parsed(content))
        return _invitation(mailbox, found) if found else None
    except BadContent:
        return None


@sound
def _invitation(mailbox: MailboxStore, found: Calendar) -> dict[str, Any]:
    event = ical.main(found, "VEVENT")
    zone = ical.zone_of(found, event)
    first, last = ical.value(event, "DTSTART"), ical.end(event)
    start, end = ical.instant(first, zone), ical.instant(last, zone)
    known = _known(mailbox, event)
    entered = ical.main(ical.parse(mailbox.items.content(known.id)), "VEVENT") if known else event
    later = ical.number(entered, "SEQUENCE") - ical.number(event, "SEQUENCE")
    near = calendar.within(mailbox, start, end) if start <= end else []
    return {
        "method": ical.string(found, "METHOD").upper(),
        "subject": ical.string(event, "SUMMARY"),
        "location": ical.string(event, "LOCATION"),
        "allDay": not isinstance(first, datetime),
        "start": (start if isinstance(first, datetime) else first).isoformat(),
        "end": (end if isinstance(last, datetime) else last).isoformat(),
        "recurring": "RRULE" in event,
        "who": shape(attendees(event)),
        "answered": answer_of(next((person.address for person in attendees(event)), ""), event),
        "answer": answer_of(mailbox.address, entered) if known and later >= 0 else "",
        "outdated": later > 0,
        "mine": address(event.get("ORGANIZER", "")).lower() == mailbox.address.lower(),
        "known": known is not None,
        "conflicts": [one.item.subject for one in near if one.item.uid != ical.string(event, "UID")],
    }


def _known(mailbox: MailboxStore, event: Component) -> Item | None:
    """Return what the calendar has of a meeting, by its UID and its organizer: nobody changes another one's."""
    found = calendar.meeting(mailbox, ical.string(event, "UID"))
    organizer = listed(found.sender)[:1] if found else ()
    same = any(one.address.lower() == address(event.get("ORGANIZER", "")).lower() for one in organizer)
    return found if same else None


@sound
def _saved(mailbox: MailboxStore, arguments: Arguments) -> str:
    """Save a meeting; a change of one that was sent already has the next number (RFC 5545 section 3.8.7.4)."""
    item = calendar.saved(mailbox, arguments)
    if arguments.has("id"):
        meeting = ical.parse(mailbox.items.content(item.id))
        for event in meeting.walk("VEVENT"):
            ical.put(event, "SEQUENCE", ical.number(event, "SEQUENCE") + 1)
        mailbox.items.update(item.id, ical.serialise(meeting))
    return item.id


def _letter(mailbox: MailboxStore, item: str, method: str) -> Letter:
    return letter(mailbox.address, mailbox.items.content(item), method)


def _sent_with(mailbox: MailboxStore, item: str) -> Calendar | None:
    return calendar_in(parsed(mailbox.items.content(item)))


@sound
def _answered(mailbox: MailboxStore, arguments: Arguments) -> Letter:
    """Put what was answered into the calendar, and return the message to the organizer."""
    answer = arguments.text("answer")
    found = _sent_with(mailbox, arguments.text("id"))
    if answer not in ANSWERS or found is None or ical.string(found, "METHOD").upper() != "REQUEST":
        raise BadArgument("The message is no invitation, or this is no answer to one.")
    _keep(mailbox, found, answer)
    event = ical.main(found, "VEVENT")
    mailbox.items.update(arguments.text("id"), read=True)
    return reply(mailbox.address, event, answer, arguments.text("comment", ""))


def _keep(mailbox: MailboxStore, found: Calendar, answer: str) -> None:
    kept = deepcopy(found)
    kept.pop("METHOD", None)
    event = ical.main(kept, "VEVENT")
    for one in several(event.get("ATTENDEE")):
        if address(one).lower() == mailbox.address.lower():
            one.params["PARTSTAT"] = ANSWERS[answer]
    if answer in _BUSY:
        ical.put(event, "X-MICROSOFT-CDO-BUSYSTATUS", _BUSY[answer])
    known = _known(mailbox, event)
    if answer == "decline":
        if known:
            calendar.delete_appointment(mailbox, Arguments({"id": known.id}))
    elif known:
        mailbox.items.update(known.id, ical.serialise(kept))
    else:
        home = mailbox.folders.distinguished("calendar").id
        mailbox.items.create(home, Kind.APPOINTMENT, ical.serialise(kept), read=True)


async def _send(call: Call, told: Letter) -> list[dict[str, str]]:
    """Send a message, keep it in Sent Items, and return whom it did not reach."""
    if not told.to:
        return []
    content = mime(Person(call.mailbox.display_name, call.mailbox.address), told)
    receipts = await call.submit(call.mailbox.address, [person.address for person in told.to], content)
    await call.database.run(_keep_sent, call.mailbox, content)
    return [{"address": each.address, "reason": each.reason} for each in receipts if not each.delivered]


def _keep_sent(mailbox: MailboxStore, content: bytes) -> None:
    mailbox.items.create(mailbox.folders.distinguished("sentitems").id, Kind.MAIL, content, read=True)
