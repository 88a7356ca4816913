"""A mailbox database in which everything happens at once, for tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import Clock
from zope.interface import implementer

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.schema import open_database
from casd.mailbox.store.values import Dismounted, Event

T = TypeVar("T")

ALICE = "11111111-1111-1111-1111-111111111111"
BOB = "22222222-2222-2222-2222-222222222222"
NOON = 1_710_000_000.0


@implementer(IReactorFromThreads)
class Reactor(Clock):
    """A reactor whose threads are all the same one."""

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:  # noqa: A002
        callable(*args, **kwargs)


class Inline:
    """A worker that does a job when it is given."""

    def do(self, job: Callable[[], None]) -> None:
        job()

    def quit(self) -> None:
        pass

    def wait(self) -> None:
        pass


def result(deferred: Deferred[T]) -> T:
    """Return what a Deferred has fired with, or raise its failure."""
    outcome: list[Any] = []
    deferred.addBoth(outcome.append)
    assert outcome, "the Deferred has not fired"
    if hasattr(outcome[0], "raiseException"):
        outcome[0].raiseException()
    value: T = outcome[0]
    return value


def mount(folder: Path, name: str = "DB01", server: str = "mbx1", reactor: Any = None) -> MailboxDatabase:
    return MailboxDatabase.mount(folder, name, server, reactor or Reactor(), worker=Inline(), now=lambda: NOON)


@cache
def empty() -> bytes:
    """Return the file of an empty database, made once: a copy of it is there ten times as soon as a new one."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "empty.sqlite")
        open_database(file).close()
        return file.read_bytes()


class World:
    """One mounted database with alice's mailbox, and the events told."""

    def __init__(self, folder: Path) -> None:
        home = folder / "DB01"
        if not home.exists():
            home.mkdir(parents=True)
            (home / "mailboxes.sqlite").write_bytes(empty())
        self.database = mount(home)
        self.alice = self.open(ALICE, "alice@example.org")
        self.notices: list[Event | Dismounted] = []
        self.database.watch(ALICE, self.notices.append)

    def open(self, guid: str, address: str) -> MailboxStore:
        return self.run(self.database.mailbox, guid, address, address.partition("@")[0].title())

    def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return result(self.database.run(function, *args, **kwargs))

    def folder(self, name: str) -> str:
        return self.alice.folders.distinguished(name).id

    def told(self) -> list[Event]:
        """Return the events told since this was asked last."""
        told = [notice for notice in self.notices if isinstance(notice, Event)]
        self.notices.clear()
        return told


def mail(subject: str = "Hello", body: str = "Some text", **headers: str) -> bytes:
    lines = {"From": "Bob <bob@example.org>", "To": "alice@example.org", "Subject": subject, **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{head}\r\n{body}\r\n".encode()


APPOINTMENT = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//casd//test//EN\r
BEGIN:VEVENT\r
UID:meeting-1\r
DTSTAMP:20240101T000000Z\r
DTSTART;TZID=Europe/Berlin:20240701T100000\r
DURATION:PT1H\r
SUMMARY:Planning\r
LOCATION:Room 5\r
DESCRIPTION:Bring coffee\r
CATEGORIES:Red,Work\r
PRIORITY:1\r
CLASS:PRIVATE\r
ORGANIZER;CN=Alice:mailto:alice@example.org\r
ATTENDEE;CN=Bob:mailto:bob@example.org\r
ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:carol@example.org\r
RRULE:FREQ=DAILY;COUNT=3\r
END:VEVENT\r
END:VCALENDAR\r
"""

CONTACT = """BEGIN:VCARD\r
VERSION:3.0\r
UID:card-1\r
FN:Dave Müller\r
N:Müller;Dave;;;\r
ORG:Example;Sales\r
EMAIL;TYPE=work:dave@example.org\r
EMAIL;TYPE=home:dave@home.example\r
CATEGORIES:Friends\r
NOTE:Plays chess\r
END:VCARD\r
""".encode()

TASK = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//casd//test//EN\r
BEGIN:VTODO\r
UID:task-1\r
DTSTAMP:20240101T000000Z\r
DUE;VALUE=DATE:20240801\r
SUMMARY:Write report\r
STATUS:IN-PROCESS\r
PERCENT-COMPLETE:40\r
END:VTODO\r
END:VCALENDAR\r
"""
