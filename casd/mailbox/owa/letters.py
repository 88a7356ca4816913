"""Messages about meetings (RFC 5546, RFC 6047), from an organizer to attendees and back."""

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

from casd.mailbox.ews import appointments, ical
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa.arguments import BadArgument
from casd.mailbox.owa.people import Person
from casd.mailbox.store.mime import decoded, leaves
from protocols.ews.paths import Property

ANSWERS = {"accept": "ACCEPTED", "tentative": "TENTATIVE", "decline": "DECLINED"}
_SUBJECTS = {"accept": "Accepted: ", "tentative": "Tentative: ", "decline": "Declined: ", "CANCEL": "Canceled: "}


@frozen
class Letter:
    """A meeting message on its way out."""

    to: tuple[Person, ...]
    subject: str
    text: str
    method: str
    content: bytes


def calendar_in(message: Message) -> Calendar | None:
    """Return what a message says of a meeting, if it does. Raises `BadContent`."""
    found = next((leaf for leaf, _ in leaves(message) if leaf.get_content_type() == "text/calendar"), None)
    if found is None:
        return None
    said = ical.parse(decoded(found))
    return said if said.walk("VEVENT") and "METHOD" in said else None


@sound
def letter(me: str, content: bytes, method: str) -> Letter:
    """Return a meeting as a message to all who are invited but `me`; `method` is REQUEST or CANCEL."""
    said = ical.parse(content)
    event = ical.main(said, "VEVENT")
    ical.put(event, "SEQUENCE", ical.number(event, "SEQUENCE") + (method == "CANCEL"))
    if method == "CANCEL":
        ical.put(event, "STATUS", "CANCELLED")
    ical.put(said, "METHOD", method)
    people = tuple(person for person in attendees(event) if person.address.lower() != me.lower())
    return Letter(
        people, _SUBJECTS.get(method, "") + ical.string(event, "SUMMARY"), _text(content), method, ical.serialise(said)
    )


def _text(content: bytes) -> str:
    """Return what those see whose programs know no meetings."""
    found = appointments.read(content)
    start, end = found[Property("calendar:Start")], found[Property("calendar:End")]
    body = found.get(Property("item:TextBody"))
    return f"{start:%Y-%m-%d %H:%M} - {end:%Y-%m-%d %H:%M} UTC\n\n{body.text if body else ''}"


def reply(me: str, event: Component, answer: str, comment: str) -> Letter:
    """Return the answer to a request (RFC 5546 section 3.2.3)."""
    organizer = event.get("ORGANIZER")
    if organizer is None:
        raise BadArgument("The invitation does not say who invites.")
    mine = deepcopy(event)
    mine.subcomponents.clear()
    own = next((one for one in several(event.get("ATTENDEE")) if address(one).lower() == me.lower()), None)
    attendee = deepcopy(own) if own is not None else type(organizer)(f"mailto:{me}")
    attendee.params["PARTSTAT"] = ANSWERS[answer]
    mine.pop("ATTENDEE", None)
    mine.add("ATTENDEE", attendee, encode=False)
    ical.put(mine, "DTSTAMP", datetime.now(UTC).replace(microsecond=0))
    said = ical.new(mine)
    said.add("METHOD", "REPLY")
    to = Person(str(organizer.params.get("CN", "")), address(organizer))
    return Letter((to,), _SUBJECTS[answer] + ical.string(event, "SUMMARY"), comment, "REPLY", ical.serialise(said))


def mime(sender: Person, letter: Letter) -> bytes:
    """Return a message as bytes."""
    message = EmailMessage(SMTP)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = [Address(person.name, addr_spec=person.address) for person in letter.to]
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(datetime.now(UTC).replace(microsecond=0))
    message["Message-ID"] = f"<{uuid4()}@{sender.address.rpartition('@')[2]}>"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.content.decode(), subtype="calendar", params={"method": letter.method}, cte="base64")
    return message.as_bytes()


def answer_of(me: str, event: Component) -> str:
    """Return what somebody who is invited has answered, empty if nothing."""
    lines = (one for one in several(event.get("ATTENDEE")) if address(one).lower() == me.lower())
    said = next((str(one.params.get("PARTSTAT", "")).upper() for one in lines), "")
    return next((name for name, word in ANSWERS.items() if word == said), "")


def attendees(event: Component) -> Sequence[Person]:
    """Return those who are invited."""
    return [Person(str(one.params.get("CN", "")), address(one)) for one in several(event.get("ATTENDEE"))]


def address(value: Any) -> str:
    """Return the mail address that a calendar address is."""
    text = str(value)
    return text[7:] if text.lower().startswith("mailto:") else text


def several(value: Any) -> list[Any]:
    """Return the values of a property that may stand once, several times or not at all."""
    return value if isinstance(value, list) else [] if value is None else [value]
