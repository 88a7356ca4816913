"""What mailboxes are filled with: messages, appointments, contacts and tasks, as the store takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from mimetypes import guess_type
from uuid import NAMESPACE_DNS, uuid5

import vobject
from attrs import field, frozen
from icalendar import Calendar, Component, Event, Todo

from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Kind

_TOPICS = ("Quarterly figures", "Lunch on Friday", "Travel to Lisbon", "The new office", "Minutes of the board")
_TEXT = "Please find below what we spoke about. It would be good to have your view by the end of the week."
_NAMES = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth")


@frozen(kw_only=True)
class Mail:
    """One message; `headers` are more fields of its head, `received` is when it came, by default now."""

    subject: str = "Hello"
    text: str = ""
    html: str = ""
    sender: str = "sender@example.net"
    received: datetime | None = None
    read: bool = False
    attachments: Mapping[str, bytes] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)

    def mime(self, recipient: str, now: datetime) -> bytes:
        """Return it as MIME."""
        made = EmailMessage()
        date = self.received or now
        fixed = {"From": self.sender, "To": recipient, "Subject": self.subject, "Date": format_datetime(date)}
        identifier = uuid5(NAMESPACE_DNS, f"{self.subject} {self.sender} {recipient} {date.isoformat()}")
        for name, value in ({"Message-ID": f"<{identifier}@casd.test>"} | fixed | dict(self.headers)).items():
            made[name] = value
        made.set_content(self.text)
        if self.html:
            made.add_alternative(self.html, "html")
        for name, content in self.attachments.items():
            main, _, sub = (guess_type(name)[0] or "application/octet-stream").partition("/")
            made.add_attachment(content, main, sub, filename=name)
        return made.as_bytes()


def put_mail(mailbox: MailboxStore, mail: Mail, folder: str, now: datetime) -> None:
    """Put a message into a folder (a distinguished name, or a folder's name); one for the inbox is delivered."""
    content = mail.mime(mailbox.address, now)
    place = folder_of(mailbox, folder)
    if folder == "inbox":
        item = mailbox.deliver(content)
        mailbox.items.update(item.id, read=mail.read, received=mail.received or now)
    else:
        mailbox.items.create(place, Kind.MAIL, content, read=mail.read, received=mail.received or now)


def folder_of(mailbox: MailboxStore, name: str) -> str:
    """Return the id of a folder, made below the root of the user's folders if there is none of that name."""
    top = mailbox.folders.distinguished("msgfolderroot")
    for folder in mailbox.folders.children(top.id):
        if name in {folder.distinguished, folder.name}:
            return folder.id
    return mailbox.folders.create(top.id, name).id


def fill(mailbox: MailboxStore, counts: Mapping[str, int], now: datetime) -> None:
    """Put so many items of each kind into their default folders, the same every time for the same `now`."""
    for what, count in counts.items():
        for number in range(1, count + 1):
            _FILLINGS[what](mailbox, number, now)


def _mail(mailbox: MailboxStore, number: int, now: datetime) -> None:
    topic, name = _TOPICS[number % len(_TOPICS)], _NAMES[number % len(_NAMES)]
    sender = f"{name} <{name.partition(' ')[0].lower()}@example.net>"
    at = (now - timedelta(hours=number)).replace(microsecond=0)
    mail = Mail(subject=f"{topic} {number}", text=_TEXT, sender=sender, received=at, read=number % 3 == 0)
    put_mail(mailbox, mail, "inbox", now)


def _appointment(mailbox: MailboxStore, number: int, now: datetime) -> None:
    start = now.replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=number)
    event = Event()
    event.add("summary", f"Meeting {number}")
    event.add("location", "Room 1")
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(hours=1))
    mailbox.items.create(mailbox.folders.distinguished("calendar").id, Kind.APPOINTMENT, _calendar(event, number, now))


def _task(mailbox: MailboxStore, number: int, now: datetime) -> None:
    todo = Todo()
    todo.add("summary", f"Task {number}")
    todo.add("due", (now + timedelta(days=number)).date())
    mailbox.items.create(mailbox.folders.distinguished("tasks").id, Kind.TASK, _calendar(todo, number, now))


def _contact(mailbox: MailboxStore, number: int, _now: datetime) -> None:
    name = f"{_NAMES[number % len(_NAMES)]} {number}"
    given, _, surname = name.partition(" ")
    card = vobject.vCard()
    card.add("n").value = vobject.vcard.Name(family=surname, given=given)
    card.add("fn").value = name
    card.add("email").value = f"{given.lower()}{number}@example.net"
    content = card.serialize().encode()
    mailbox.items.create(mailbox.folders.distinguished("contacts").id, Kind.CONTACT, content)


def _calendar(component: Component, number: int, now: datetime) -> bytes:
    component.add("uid", f"{component.name}-{number}@casd.test")
    component.add("dtstamp", now.astimezone(UTC))
    calendar = Calendar()
    calendar.add("prodid", "-//casd//testing//EN")
    calendar.add("version", "2.0")
    calendar.add_component(component)
    return bytes(calendar.to_ical())


_FILLINGS: Mapping[str, Callable[[MailboxStore, int, datetime], None]] = {
    "mails": _mail,
    "appointments": _appointment,
    "contacts": _contact,
    "tasks": _task,
}
