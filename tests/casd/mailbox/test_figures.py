"""What an operator's Prometheus reads of a mailbox server: how large its databases are."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from casd.mailbox import figures
from casd.mailbox.figures import FRESH, Figures
from casd.mailbox.roster import Roster
from casd.mailbox.store.values import DeleteMode
from tests.casd.estate import Answer, Client, get
from tests.casd.mailbox.store.world import ALICE, Reactor, mail, mount, result


class House:
    """Two databases, the first with a mailbox in which a mail was deleted and one is left."""

    def __init__(self, folder: Path) -> None:
        self.reactor = Reactor()
        self.roster = Roster(folder, "mbx1", self.reactor, mount=mount)
        result(Deferred.fromCoroutine(self.roster.begin(["DB01", "DB02"])))
        self.listener = Figures("mbx1", self.roster, self.reactor).listener()
        self.deliver(2)
        with self.roster.use("DB01") as database:
            inbox = self.alice.folders.distinguished("inbox").id
            first = self.alice.items.find([inbox]).items[0]
            result(database.run(self.alice.items.delete, first.id, DeleteMode.SOFT))

    def deliver(self, count: int) -> None:
        with self.roster.use("DB01") as database:
            self.alice = result(database.open(ALICE, "alice@example.org", "Alice"))
            for _ in range(count):
                result(database.run(self.alice.deliver, mail()))

    def ask(self, target: str = "/metrics", host: str = "127.0.0.1:9543", method: str = "GET") -> Answer:
        client = Client(self.listener, self.reactor)
        client.send(get(target, host=host, method=method))
        return client.read(method.encode())[0]

    def figure(self, name: str, database: str = "DB01") -> float | None:
        start = f'casd_database_{name}{{database="{database}",server="mbx1"}} '
        lines = self.ask().body.decode().splitlines()
        return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_each_database_has_its_figures(house: House) -> None:
    told = {name: house.figure(name) for name in ("mailboxes", "items", "recoverable_items", "unread_attachments")}
    assert told == {"mailboxes": 1, "items": 2, "recoverable_items": 1, "unread_attachments": 0}
    size, free = house.figure("size_bytes"), house.figure("free_bytes")
    assert size is not None
    assert free is not None
    assert size > free >= 0
    assert house.figure("content_bytes") == house.alice.settings.size() > 0
    assert house.figure("items", "DB02") == 0
    assert house.ask().fields["content-type"].startswith("text/plain; version=0.0.4")


def test_it_is_measured_once_a_minute_however_often_it_is_asked_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[object] = []
    measure = figures.growth
    monkeypatch.setattr(figures, "growth", lambda connections: measured.append(connections) or measure(connections))
    for _ in range(5):
        assert house.figure("items") == 2
    house.deliver(1)
    assert (house.figure("items"), len(measured)) == (2, 2)
    house.reactor.advance(FRESH)
    assert (house.figure("items"), len(measured)) == (3, 4)


def test_of_what_is_dismounted_nothing_is_told(house: House) -> None:
    assert house.figure("items") == 2
    result(Deferred.fromCoroutine(house.roster.dismount("DB01")))
    assert (house.figure("items"), house.figure("items", "DB02")) == (None, 0)


@pytest.mark.parametrize(
    ("host", "method", "target", "status"),
    [
        ("evil.example.org", "GET", "/metrics", 403),
        ("127.0.0.1", "POST", "/metrics", 405),
        ("127.0.0.1", "GET", "/casd/status", 404),
        ("localhost:9543", "GET", "/metrics", 200),
    ],
)
def test_nothing_else_is_told_and_no_web_page_reads_it(
    house: House, host: str, method: str, target: str, status: int
) -> None:
    assert house.ask(target, host, method).status == status


def test_a_database_that_cannot_be_measured_hides_no_other(house: House) -> None:
    with house.roster.use("DB01") as database:
        database.connections.execute("DROP TABLE unread_attachments")
    with capturedLogs() as events:
        assert (house.figure("items"), house.figure("items", "DB02")) == (None, 0)
    assert {event.get("database") for event in events} == {"DB01"}
