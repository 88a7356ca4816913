from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from casd.mailbox.store import reindexing
from casd.mailbox.store.checks import checks
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.query import Search
from casd.mailbox.store.reindexing import Progress, Reindexing
from casd.mailbox.store.values import DeleteMode, Item, Kind
from tests.casd.mailbox.store.test_database import Later
from tests.casd.mailbox.store.world import ALICE, CONTACT, Reactor, World, mail, result


class Slow:
    """A database that works when it is told to, with ten mails and a contact, whose index knows nothing."""

    def __init__(self, folder: Path) -> None:
        self.file, self.worker = folder / "DB01" / "mailboxes.sqlite", Later()
        self.database = MailboxDatabase.mount(folder / "DB01", "DB01", "mbx1", Reactor(), worker=self.worker)
        opened = self.database.open(ALICE, "alice@example.org", "Alice")
        self.worker.work()
        self.alice = result(opened)
        self.inbox = self.alice.folders.distinguished("inbox").id
        self.items = [self.do(self.alice.deliver, mail(f"Mail {number}", "apples")) for number in range(10)]
        self.items.append(self.do(self.alice.items.create, self.inbox, Kind.CONTACT, CONTACT))
        self.do(self.database.connections.execute, "DELETE FROM words_1")
        assert self.found("apples") == []

    def do(self, function: Callable[..., Item], *args: object) -> Item:
        done = self.database.run(function, *args)
        self.worker.work()
        return result(done)

    def found(self, text: str) -> list[str]:
        found = self.alice.items.find([self.inbox], Search(text)).items
        return [item.subject for item in found]

    def wrong(self) -> list[str]:
        connection = sqlite3.connect(self.file)
        found = [line for check in checks(connection, deep=True) for line in check.run()]
        connection.close()
        return found


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(reindexing, "_STEP", 4)
    return Slow(tmp_path)


def test_an_index_is_made_anew_while_mail_comes_and_goes(slow: Slow) -> None:
    again = Reindexing(slow.database)
    again.begin()
    again.begin()
    slow.worker.jobs.pop(0)()  # what is there
    slow.worker.jobs.pop(0)()  # begun
    slow.worker.jobs.pop(0)()
    assert again.progress == Progress(4, 11, running=True)
    last, first = slow.items[9], slow.items[0]
    coming: list[Deferred[Any]] = [
        slow.database.run(slow.alice.deliver, mail("New", "apples")),
        slow.database.run(slow.alice.items.delete, first.id, DeleteMode.HARD),
        slow.database.run(slow.alice.items.delete, last.id, DeleteMode.HARD),
        slow.database.run(slow.alice.items.update, slow.items[1].id, mail("Changed", "apples")),
        slow.database.run(slow.alice.items.update, slow.items[8].id, received=last.received.replace(year=2020)),
    ]
    assert not any(each.called for each in coming)
    slow.worker.work()
    assert again.progress == Progress(11, 11)
    assert len(slow.found("apples")) == 9
    assert slow.found("subject:new") == ["New"]
    assert slow.found("changed") == ["Changed"]
    assert slow.found("chess") == ["Dave Müller"]
    assert slow.wrong() == []


def test_what_was_interrupted_goes_on_where_it_was(slow: Slow) -> None:
    Reindexing(slow.database).begin()
    for _ in range(4):
        slow.worker.jobs.pop(0)()
    slow.worker.jobs.clear()
    again = Reindexing(slow.database)
    again.begin()
    for _ in range(3):
        slow.worker.jobs.pop(0)()
    assert again.progress.done > 4
    slow.worker.work()
    assert again.progress == Progress(11, 11)
    assert len(slow.found("apples")) == 10
    assert slow.wrong() == []


def test_a_damaged_content_keeps_no_other_out(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("contacts"), Kind.CONTACT, CONTACT)
    world.run(world.database.connections.execute, "UPDATE content SET bytes = x'ff'")
    again = Reindexing(world.database)
    again.begin()
    assert again.progress == Progress(1, 1)
    found = world.alice.items.find([world.folder("contacts")], Search("dave")).items
    assert [one.id for one in found] == [item.id]


def test_a_reindexing_that_fails_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(world.alice.deliver, mail())
    world.run(world.database.connections.execute, "DELETE FROM content")
    again = Reindexing(world.database)
    with capturedLogs() as events:
        again.begin()
    assert again.progress.failure
    assert not again.progress.running
    assert len(events) == 1
