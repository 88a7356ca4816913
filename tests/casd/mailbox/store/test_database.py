from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casd.mailbox.store import commits, schema
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import AlreadyMounted, NotMounted, StoreError
from casd.mailbox.store.lock import holder
from casd.mailbox.store.values import Dismounted, Event
from casd.mailbox.store.worker import ThreadWorker
from tests.casd.mailbox.store.world import ALICE, BOB, Inline, Reactor, World, mail, mount, result


class Later(Inline):
    """A worker that waits to be told."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def do(self, job: Callable[[], None]) -> None:
        self.jobs.append(job)

    def work(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


def test_one_server_at_a_time_holds_a_database(tmp_path: Path) -> None:
    database = mount(tmp_path / "DB01", server="mbx1")
    with pytest.raises(AlreadyMounted) as caught:
        mount(tmp_path / "DB01", server="mbx2")
    assert (caught.value.name, caught.value.holder) == ("DB01", "mbx1")
    result(database.dismount())
    result(mount(tmp_path / "DB01", server="mbx2").dismount(forget=False))
    assert holder(tmp_path / "DB01") == "mbx2"


def test_a_database_that_was_let_go_names_nobody(tmp_path: Path) -> None:
    assert holder(tmp_path / "DB01") is None
    result(mount(tmp_path / "DB01", server="a longer name").dismount(forget=False))
    result(mount(tmp_path / "DB01", server="mbx1").dismount())
    assert holder(tmp_path / "DB01") == ""


def test_a_shorter_name_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    result(mount(tmp_path / "DB01", server="a longer name").dismount(forget=False))
    result(mount(tmp_path / "DB01", server="mbx1").dismount(forget=False))
    assert holder(tmp_path / "DB01") == "mbx1"


def test_ids_and_contents_move_with_the_database(tmp_path: Path) -> None:
    world = World(tmp_path)
    item, state = world.run(world.alice.deliver, mail("kept")), world.alice.folders.changes().state
    result(world.database.dismount())
    world = World(tmp_path)
    assert world.alice.items.get(item.id) == item
    assert world.alice.folders.changes(state).changes == ()


def test_a_failure_undoes_everything_and_tells_nobody(world: World) -> None:
    def fails() -> None:
        world.alice.deliver(mail())
        world.database.mailbox(BOB, "bob@example.org", "Bob")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.run(fails)
    assert world.told() == []
    assert world.alice.folders.distinguished("inbox").total == 0
    assert world.open(BOB, "bob@example.org").folders.distinguished("inbox").total == 0


def test_writes_that_wait_share_a_commit_and_one_that_fails_undoes_only_itself(tmp_path: Path) -> None:
    worker = Later()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker)
    opened = database.open(ALICE, "alice@example.org", "Alice")
    worker.work()
    alice, heard = result(opened), list[Any]()
    database.watch(ALICE, heard.append)
    answers = [database.run(alice.deliver, mail("first"))]

    def fails() -> None:
        assert not answers[0].called
        alice.deliver(mail("second"))
        raise ZeroDivisionError

    answers += [database.run(fails), database.run(alice.deliver, mail("third"))]
    worker.jobs.pop(0)()
    assert [answer.called for answer in answers] == [True, True, True]
    with pytest.raises(ZeroDivisionError):
        result(answers[1])
    inbox = alice.folders.distinguished("inbox")
    assert [item.subject for item in alice.items.find([inbox.id]).items] == ["third", "first"]
    assert inbox.total == 2
    assert [alice.items.get(event.item).subject for event in heard] == ["first", "first", "third", "third"]


def test_a_commit_that_has_taken_long_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "_LONGEST", 0.0)
    worker = Later()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker)
    answers = [database.run(len, "") for _ in range(2)]
    worker.jobs.pop(0)()
    assert [answer.called for answer in answers] == [True, False]
    worker.work()
    assert answers[1].called


def test_a_commit_that_fails_fails_all_that_shared_it(tmp_path: Path) -> None:
    worker = Later()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker)
    opened = database.open(ALICE, "alice@example.org", "Alice")
    worker.work()
    alice = result(opened)

    def full() -> None:
        database.connections.execute("ROLLBACK")  # as SQLite does when the disk is full
        raise OSError

    answers = [database.run(alice.deliver, mail()), database.run(full), database.run(alice.deliver, mail())]
    worker.work()
    for answer in answers:
        with pytest.raises(sqlite3.OperationalError):
            result(answer)
    assert alice.folders.distinguished("inbox").total == 0


def test_a_write_that_cannot_begin_is_answered(tmp_path: Path) -> None:
    database = mount(tmp_path / "DB01")
    database.connections.execute("BEGIN")
    with pytest.raises(sqlite3.OperationalError):
        result(database.open(ALICE, "alice@example.org", "Alice"))


def test_a_reader_sees_what_was_committed_and_changes_nothing(tmp_path: Path) -> None:
    worker = Later()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker, readers=Inline())
    opened = database.open(ALICE, "alice@example.org", "Alice")
    worker.work()
    alice = result(opened)

    def total() -> int:
        return alice.folders.distinguished("inbox").total

    def deliver() -> int:
        alice.deliver(mail())
        assert total() == 1
        return result(database.read(total))

    delivered = database.run(deliver)
    worker.work()
    assert result(delivered) == 0
    assert result(database.read(total)) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        result(database.read(alice.deliver, mail()))
    assert result(database.read(total)) == 1


def test_a_mailbox_that_is_open_waits_for_no_writer(tmp_path: Path) -> None:
    worker = Later()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker)
    opened = database.open(ALICE, "alice@example.org", "Alice")
    worker.work()
    assert result(database.open(ALICE, "alice@example.org", "Alice")) is result(opened)
    renamed = database.open(ALICE, "alice@example.net", "Alice")
    assert not renamed.called
    worker.work()
    assert result(renamed).address == "alice@example.net"


def test_a_mailbox_is_opened_once_and_follows_its_names(world: World) -> None:
    assert world.open(ALICE, "alice@example.org") is world.alice
    renamed = world.open(ALICE, "alice@example.net")
    assert renamed.address == "alice@example.net"
    assert renamed.folders.distinguished("inbox").id == world.folder("inbox")


def test_watchers_hear_after_the_commit_and_until_they_stop(world: World) -> None:
    heard: list[Any] = []
    stop = world.database.watch(ALICE, heard.append)
    world.run(world.alice.deliver, mail())
    assert len(heard) == 2
    stop()
    stop()
    world.run(world.alice.deliver, mail())
    assert len(heard) == 2


def test_a_watcher_hears_of_its_own_mailbox_only(world: World) -> None:
    bob = world.open(BOB, "bob@example.org")
    world.told()
    world.run(bob.deliver, mail())
    assert world.told() == []


def test_a_watcher_that_fails_harms_nobody(world: World) -> None:
    def fails(_notice: Event | Dismounted) -> None:
        raise ZeroDivisionError

    heard: list[Any] = []
    world.database.watch(ALICE, fails)
    world.database.watch(ALICE, heard.append)
    world.run(world.alice.deliver, mail())
    assert len(heard) == 2


def test_a_dismount_tells_watchers_finishes_what_was_begun_and_refuses_the_rest(tmp_path: Path) -> None:
    worker, heard = Later(), list[Any]()
    database = MailboxDatabase.mount(tmp_path / "DB01", "DB01", "mbx1", Reactor(), worker=worker)
    opened = database.run(database.mailbox, ALICE, "alice@example.org", "Alice")
    database.watch(ALICE, heard.append)
    dismounted = database.dismount()
    refused = database.run(database.mailbox, BOB, "bob@example.org", "Bob")
    assert heard == [Dismounted("DB01")]
    for refusal in (refused, database.read(len, ""), database.open(BOB, "", ""), database.dismount()):
        with pytest.raises(NotMounted):
            result(refusal)
    with pytest.raises(AlreadyMounted):
        mount(tmp_path / "DB01")
    worker.work()
    assert result(opened).address == "alice@example.org"
    result(dismounted)
    result(mount(tmp_path / "DB01").dismount())


def test_who_watches_too_late_is_told_at_once(world: World) -> None:
    world.database.end_watches()
    heard: list[Any] = []
    world.database.watch(ALICE, heard.append)
    assert heard == [Dismounted("DB01")]


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    result(mount(tmp_path / "DB01").dismount())
    connection = sqlite3.connect(tmp_path / "DB01" / "mailboxes.sqlite")
    connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="upgrade casd"):
        mount(tmp_path / "DB01")
    with pytest.raises(StoreError, match="upgrade casd"):  # the lock was given back
        mount(tmp_path / "DB01")


def test_what_is_acknowledged_is_synced(tmp_path: Path) -> None:
    connection = schema.open_database(tmp_path / "db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


def test_a_thread_works_in_order_and_ends() -> None:
    worker, done, ended = ThreadWorker("test"), list[int](), threading.Event()
    for number in range(3):
        worker.do(lambda number=number: done.append(number))  # type: ignore[misc]
    worker.do(ended.set)
    worker.quit()
    worker.wait()
    assert ended.is_set()
    assert done == [0, 1, 2]
