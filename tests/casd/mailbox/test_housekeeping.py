from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from casd.mailbox import housekeeping
from casd.mailbox.housekeeping import Housekeeping
from casd.mailbox.roster import Roster
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import BadState, NotMounted
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode
from tests.casd.mailbox.store.world import ALICE, NOON, Reactor, mail, mount, result

DAY = 86400.0


class House:
    """Two databases, the first with a mailbox from which a mail was deleted at noon."""

    def __init__(self, folder: Path) -> None:
        self.reactor, self.time = Reactor(), NOON
        self.roster = Roster(folder, "mbx1", self.reactor, mount=mount)
        result(Deferred.fromCoroutine(self.roster.begin(["DB01", "DB02"])))
        self.keeping = Housekeeping(self.roster, 14 * DAY, self.reactor, lambda: self.time)
        with self.roster.use("DB01") as database:
            self.alice = result(database.open(ALICE, "alice@example.org", "Alice"))
            item = result(database.run(self.alice.deliver, mail()))
            result(database.run(self.alice.items.delete, item.id, DeleteMode.SOFT))

    @property
    def kept(self) -> int:
        return deletions(self.alice)


def deletions(mailbox: MailboxStore) -> int:
    return mailbox.folders.distinguished("recoverableitemsdeletions").total


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_every_hour_what_was_deleted_long_ago_is_forgotten(house: House) -> None:
    house.keeping.start()
    house.time += 13 * DAY
    house.reactor.advance(3600)
    assert house.kept == 1
    house.time += 2 * DAY
    with capturedLogs() as events:
        house.reactor.advance(3600)
    assert house.kept == 0
    assert [(event["database"], event["count"]) for event in events] == [("DB01", 1)]
    house.keeping.stop()
    house.keeping.stop()
    assert not house.reactor.getDelayedCalls()


def test_notes_of_what_was_deleted_are_forgotten_after_three_months(house: House) -> None:
    state = house.alice.folders.changes("").state
    for days, notes in ((89, 2), (91, 0)):
        house.time = NOON + days * DAY
        result(Deferred.fromCoroutine(house.keeping.tidy()))
        with house.roster.use("DB01") as database:
            assert database.connections.execute("SELECT count(*) FROM tombstone").fetchone() == (notes,), days
    with pytest.raises(BadState):
        house.alice.folders.changes(state)


def test_a_database_that_fails_keeps_nobody_from_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fails(database: MailboxDatabase, _before: int) -> int:
        asked.append(database.name)
        raise (NotMounted if database.name == "DB01" else ZeroDivisionError)(database.name)

    monkeypatch.setattr(housekeeping, "purge", fails)
    with capturedLogs() as events:
        result(Deferred.fromCoroutine(house.keeping.tidy()))
    assert asked == ["DB01", "DB02"]
    assert [event["database"] for event in events] == ["DB02"]
