"""Meetings by mail (RFC 5546, RFC 6047): requests and cancellations sent, answers given."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from attrs import frozen
from icalendar import Calendar, Component

from casd.mailbox.call import Call
from casd.mailbox.ews import appointments, ical
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa import calendar
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.people import Person, shape
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.mime import decoded, leaves, parsed
from casd.mailbox.store.values import Item, Kind
from protocols.ews.paths import Property

ANSWERS = {"accept": "ACCEPTED", "tentative": "TENTATIVE", "decline": "DECLINED"}
_SUBJECTS = {"accept": "Accepted: ", "tentative": "Tentative: ", "decline": "Declined: ", "CANCEL": "Canceled: "}
_BUSY = {"accept": "BUSY", "tentative": "TENTATIVE"}


@frozen
class Letter:
    """A meeting message on its way out."""

    to: tuple[Person, ...]
    subject: str
    text: str
    method: str
    content: bytes


async def send_invitations(call: Call, arguments: Arguments) -> Any:
    """Save a meeting as `SaveAppointment` does, and tell those who are invited."""
    item = await call.database.run(calendar.saved, call.mailbox, arguments)
    letter = await call.database.run(_letter, call.mailbox, item, "REQUEST")
    return {"id": item.id, "failed": await _send(call, letter)}


async def cancel_meeting(call: Call, arguments: Arguments) -> Any:
    """Tell those who were invited that a meeting will not take place, and delete it."""
    item = await call.database.run(call.mailbox.items.get, arguments.text("id"))
    letter = await call.database.run(_letter, call.mailbox, item, "CANCEL")
    failed = await _send(call, letter)
    await call.database.run(calendar.delete_appointment, call.mailbox, arguments)
    return {"failed": failed}


async def answer_meeting(call: Call, arguments: Arguments) -> Any:
    """Accept, accept tentatively or decline what a message invites to; put it into the calendar, tell the organizer."""
    letter = await call.database.run(_answered, call.mailbox, arguments)
    return {"failed": await _send(call, letter)}


def remove_cancelled(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Take out of the calendar what a message says will not take place."""
    found = _sent_with(mailbox, arguments.text("id"))
    if found is None or ical.string(found, "METHOD").upper() != "CANCEL":
        raise BadArgument("The message cancels nothing.")
    if item := calendar.meeting(mailbox, ical.string(ical.main(found, "VEVENT"), "UID")):
        calendar.delete_appointment(mailbox, Arguments({"id": item.id}))
    return {}


def invitation(mailbox: MailboxStore, message: Message) -> dict[str, Any] | None:
    """Return what a message says of a meeting; None if nothing, or nothing that can be read."""
    try:
        found = _calendar(message)
        return _invitation(mailbox, found) if found else None
    except BadContent:
        return None


@sound
def _invitation(mailbox: MailboxStore, found: Calendar) -> dict[str, Any]:
    event = ical.main(found, "VEVENT")
    zone = ical.zone_of(found, event)
    first, last = ical.value(event, "DTSTART"), ical.end(event)
    start, end = ical.instant(first, zone), ical.instant(last, zone)
    known = calendar.meeting(mailbox, ical.string(event, "UID"))
    near = calendar.within(mailbox, start, end) if start <= end else []
    return {
        "method": ical.string(found, "METHOD").upper(),
        "subject": ical.string(event, "SUMMARY"),
        "location": ical.string(event, "LOCATION"),
        "allDay": not isinstance(first, datetime),
        "start": (start if isinstance(first, datetime) else first).isoformat(),
        "end": (end if isinstance(last, datetime) else last).isoformat(),
        "recurring": "RRULE" in event,
        "who": shape(_attendees(event)),
        "answered": _answer_in(event),
        "answer": known.properties.get("answer", "") if known else "",
        "known": known is not None,
        "conflicts": [one.item.subject for one in near if one.item.uid != ical.string(event, "UID")],
    }


def _answer_in(event: Component) -> str:
    """Return the answer of the one who is named first, which in a REPLY is who gives it."""
    said = next((str(one.params.get("PARTSTAT", "")).upper() for one in _several(event.get("ATTENDEE"))), "")
    return next((name for name, word in ANSWERS.items() if word == said), "")


def _calendar(message: Message) -> Calendar | None:
    found = next((leaf for leaf, _ in leaves(message) if leaf.get_content_type() == "text/calendar"), None)
    if found is None:
        return None
    said = ical.parse(decoded(found))
    return said if said.walk("VEVENT") and "METHOD" in said else None


def _sent_with(mailbox: MailboxStore, item: str) -> Calendar | None:
    return _calendar(parsed(mailbox.items.content(item)))


@sound
def _letter(mailbox: MailboxStore, item: Item, method: str) -> Letter:
    """Return a meeting as a message to all who are invited."""
    content = mailbox.items.content(item.id)
    said = ical.parse(content)
    event = ical.main(said, "VEVENT")
    ical.put(event, "SEQUENCE", ical.number(event, "SEQUENCE") + (method == "CANCEL"))
    if method == "CANCEL":
        ical.put(event, "STATUS", "CANCELLED")
    ical.put(said, "METHOD", method)
    people = tuple(person for person in _attendees(event) if person.address.lower() != mailbox.address.lower())
    return Letter(people, _SUBJECTS.get(method, "") + item.subject, _text(content), method, ical.serialise(said))


def _text(content: bytes) -> str:
    """Return what those see whose programs know no meetings."""
    found = appointments.read(content)
    start, end = found[Property("calendar:Start")], found[Property("calendar:End")]
    body = found.get(Property("item:TextBody"))
    return f"{start:%Y-%m-%d %H:%M} - {end:%Y-%m-%d %H:%M} UTC\n\n{body.text if body else ''}"


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
    return _reply(mailbox, event, answer, arguments.text("comment", ""))


def _keep(mailbox: MailboxStore, found: Calendar, answer: str) -> None:
    kept = deepcopy(found)
    kept.pop("METHOD", None)
    event = ical.main(kept, "VEVENT")
    for one in _several(event.get("ATTENDEE")):
        if _address(one).lower() == mailbox.address.lower():
            one.params["PARTSTAT"] = ANSWERS[answer]
    if answer in _BUSY:
        ical.put(event, "X-MICROSOFT-CDO-BUSYSTATUS", _BUSY[answer])
    known = calendar.meeting(mailbox, ical.string(event, "UID"))
    if answer == "decline":
        if known:
            calendar.delete_appointment(mailbox, Arguments({"id": known.id}))
    elif known:
        mailbox.items.update(known.id, ical.serialise(kept), properties={"answer": answer})
    else:
        home, told = mailbox.folders.distinguished("calendar").id, {"answer": answer}
        mailbox.items.create(home, Kind.APPOINTMENT, ical.serialise(kept), read=True, properties=told)


def _reply(mailbox: MailboxStore, event: Component, answer: str, comment: str) -> Letter:
    """Return the answer to a request (RFC 5546 section 3.2.3)."""
    organizer = event.get("ORGANIZER")
    if organizer is None:
        raise BadArgument("The invitation does not say who invites.")
    mine = deepcopy(event)
    mine.subcomponents.clear()
    me = next(
        (one for one in _several(event.get("ATTENDEE")) if _address(one).lower() == mailbox.address.lower()), None
    )
    attendee = deepcopy(me) if me is not None else type(organizer)(f"mailto:{mailbox.address}")
    attendee.params["PARTSTAT"] = ANSWERS[answer]
    mine.pop("ATTENDEE", None)
    mine.add("ATTENDEE", attendee, encode=False)
    ical.put(mine, "DTSTAMP", datetime.now(UTC).replace(microsecond=0))
    said = ical.new(mine)
    said.add("METHOD", "REPLY")
    to = Person(str(organizer.params.get("CN", "")), _address(organizer))
    return Letter((to,), _SUBJECTS[answer] + ical.string(event, "SUMMARY"), comment, "REPLY", ical.serialise(said))


async def _send(call: Call, letter: Letter) -> list[dict[str, str]]:
    """Send a message, keep it in Sent Items, and return whom it did not reach."""
    if not letter.to:
        return []
    mime = _mime(call.mailbox, letter)
    receipts = await call.submit(call.mailbox.address, [person.address for person in letter.to], mime)
    await call.database.run(_keep_sent, call.mailbox, mime)
    return [{"address": each.address, "reason": each.reason} for each in receipts if not each.delivered]


def _keep_sent(mailbox: MailboxStore, mime: bytes) -> None:
    mailbox.items.create(mailbox.folders.distinguished("sentitems").id, Kind.MAIL, mime, read=True)


def _mime(mailbox: MailboxStore, letter: Letter) -> bytes:
    message = EmailMessage(SMTP)
    message["From"] = Address(mailbox.display_name, addr_spec=mailbox.address)
    message["To"] = [Address(person.name, addr_spec=person.address) for person in letter.to]
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC).replace(microsecond=0))
    message["Message-ID"] = f"<{uuid4()}@{mailbox.address.rpartition('@')[2]}>"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.content.decode(), subtype="calendar", params={"method": letter.method}, cte="base64")
    return message.as_bytes()


def _attendees(event: Component) -> Sequence[Person]:
    return [Person(str(one.params.get("CN", "")), _address(one)) for one in _several(event.get("ATTENDEE"))]


def _address(value: Any) -> str:
    text = str(value)
    return text[7:] if text.lower().startswith("mailto:") else text


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
