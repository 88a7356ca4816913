"""An iTIP object in a mail (RFC 6047): found in a message that has come, put into one that goes out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from attrs import frozen
from icalendar import Calendar, Component

from casd.mailbox.ews import ical, mail
from casd.mailbox.ews.soundness import sound
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import Part, plain
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.mime import part_content
from casd.mailbox.store.values import Kind
from protocols.ews.paths import Property
from protocols.ews.values import Address, Body

LARGEST = 256 * 1024
"""Bytes of an object that is looked at: a series with hundreds of exceptions."""

PREFIX = "IPM.Schedule.Meeting."
"""How the item class of each meeting message begins."""

_CLASSES = {
    "REQUEST": f"{PREFIX}Request",
    "CANCEL": f"{PREFIX}Canceled",
    "ACCEPTED": f"{PREFIX}Resp.Pos",
    "TENTATIVE": f"{PREFIX}Resp.Tent",
    "DECLINED": f"{PREFIX}Resp.Neg",
}
_CALENDAR = re.compile(rb"text/calendar", re.IGNORECASE)
_REPLIES = frozenset({"REPLY", "COUNTER"})


@frozen
class Scheduling:
    """What a message asks of a calendar: REQUEST, CANCEL, REPLY, or COUNTER (a reply that proposes another time)."""

    method: str
    content: bytes
    calendar: Calendar

    @property
    def events(self) -> list[Component]:
        """Its VEVENTs: a whole series, or single occurrences of one."""
        return list(self.calendar.walk("VEVENT"))

    @property
    def main(self) -> Component:
        """The VEVENT that is no occurrence of another, or the first."""
        return ical.main(self.calendar, "VEVENT")

    @property
    def uid(self) -> str:
        """What all copies of a meeting have in common."""
        return ical.string(self.main, "UID")

    @property
    def replies(self) -> bool:
        """Whether it answers an invitation."""
        return self.method in _REPLIES

    @property
    def answer(self) -> str:
        """The participation status that a reply gives."""
        line = self.main.get("ATTENDEE")
        first = line[0] if isinstance(line, list) else line
        return "" if first is None else str(first.params.get("PARTSTAT", "")).upper()

    @property
    def item_class(self) -> str:
        """The class of the message that carries it (MS-OXOCAL 2.2.4 to 2.2.7); empty for a reply that says nothing."""
        return _CLASSES.get(self.answer if self.replies else self.method, "")


def read(mime: bytes) -> Scheduling | None:
    """Return the iTIP object that a message carries; None if there is none that we can use."""
    try:
        content = _part(mime)
        return None if content is None else parse(content)
    except BadContent:
        return None


@sound
def parse(content: bytes) -> Scheduling | None:
    """Return an iTIP object; None for a method that asks for nothing. Raises `BadContent`."""
    calendar = ical.parse(content)
    method = ical.string(calendar, "METHOD").upper()
    found = Scheduling(method, content, calendar)
    if method not in {"REQUEST", "CANCEL", *_REPLIES} or not found.uid:
        return None
    return found if found.item_class else None


@sound
def parsed(content: bytes) -> Component:
    """Return the VEVENT of an entry that is no exception of another. Raises `BadContent`."""
    return ical.main(ical.shared(content), "VEVENT")


def _part(mime: bytes) -> bytes | None:
    if _CALENDAR.search(mime) is None:
        return None
    for part in mail.parse(mime).walk():
        if part.get_content_type() == "text/calendar":
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) and len(payload) <= LARGEST else None
    return None


File = tuple[Part, bytes]
"""An attachment with what it holds."""


def files(mime: bytes) -> tuple[File, ...]:
    """Return what is attached to a meeting message."""
    parts = KINDS[Kind.MAIL].read(mime).parts
    return tuple((part, part_content(mime, part.index)) for part in parts if part.content_type != "text/calendar")


@frozen
class Letter:
    """The mail around an iTIP object."""

    author: Address
    to: tuple[Address, ...]
    subject: str
    body: Body
    cc: tuple[Address, ...] = ()
    files: tuple[File, ...] = ()


def message(letter: Letter, calendar: Calendar, now: datetime) -> bytes:
    """Return a mail that carries an iTIP object, with its text beside it for programs without a calendar."""
    domain = letter.author.address.rpartition("@")[2]
    said = {
        "message:From": letter.author,
        "message:ToRecipients": letter.to,
        "message:CcRecipients": letter.cc,
        "item:Subject": letter.subject,
    }
    head = mail.write(b"", {Property(uri): value for uri, value in said.items() if value})
    made = mail.parse(head)
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=domain)
    _fill(made, letter.body, calendar)
    return mail.write(mail.serialise(made), {}, letter.files)


def _fill(made: EmailMessage, body: Body, calendar: Calendar) -> None:
    text = plain(body.text) if body.type == "HTML" else body.text
    made.set_content(text or "\n", cte="quoted-printable")
    if body.type == "HTML":
        made.add_alternative(body.text, subtype="html", cte="quoted-printable")
    content, method = ical.serialise(calendar).decode(), ical.string(calendar, "METHOD")
    made.add_alternative(content, subtype="calendar", cte="base64", params={"method": method})


def wrap(method: str, events: Sequence[Component], like: Calendar) -> Calendar:
    """Return an iTIP object that holds some events of a calendar."""
    calendar = Calendar()
    calendar.add("PRODID", "-//casd//Mailbox//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", method)
    ical.put_day_zone(calendar, ical.string(like, "X-WR-TIMEZONE") or None)
    for zone in like.walk("VTIMEZONE"):
        calendar.add_component(zone)
    for event in events:
        calendar.add_component(event)
    return calendar
