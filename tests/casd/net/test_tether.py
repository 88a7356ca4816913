"""The line between a worker and its supervisor: messages with sockets, and what siblings tell."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ReactorNotRunning
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from casd.model import Endpoint
from casd.net import tether
from casd.net.tether import PATIENCE, Tether, hear, pair, receive, send, tell
from tests.casd.estate import outcome_of

PLACE = Endpoint("127.0.0.1", 8443)


class Reactor(Clock):
    """A reactor that has no thread to spare, and which is stopped once."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []
        self.stopped = 0

    def addReader(self, reader: Any) -> None:
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        self.readers.remove(reader)

    def callFromThread(self, function: Any, *args: Any) -> None:
        function(*args)

    def stop(self) -> None:
        self.stopped += 1
        if self.stopped > 1:
            raise ReactorNotRunning


class Worker:
    """A worker's end, and the supervisor's."""

    def __init__(self) -> None:
        self.line, theirs = pair()
        self.reactor = Reactor()
        self.outcome: Deferred[bool] = succeed(True)
        self.tether = Tether(2, 77, theirs, {})
        self.tether.begin(self.reactor, lambda: self.outcome, lambda: b"a report")

    def hears(self, word: str, sockets: Any = (), **about: Any) -> None:
        assert send(self.line, word, sockets, **about)
        self.tether.doRead()

    def says(self) -> list[str]:
        words = []
        while True:
            try:
                received = receive(self.line)
            except BlockingIOError:
                return words
            assert received
            words.append(received[0]["word"])

    def close(self) -> None:
        self.line.close()
        self.tether._line.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    found = Worker()
    yield found
    found.close()


def test_sockets_travel_with_a_message() -> None:
    one, other = pair()
    with one, other, socket.socket() as sent:
        sent.bind(("127.0.0.1", 0))
        assert send(one, "reload", [sent], places=[["127.0.0.1", 1]])
        received = receive(other)
        assert received
        message, (got,) = received
        with got:
            assert message == {"word": "reload", "places": [["127.0.0.1", 1]]}
            assert got.getsockname() == sent.getsockname()
            assert not got.get_inheritable()
        with pytest.raises(BlockingIOError):
            receive(other)


def test_no_more_sockets_travel_than_the_system_takes() -> None:
    one, other = pair()
    with one, other:
        assert not send(one, "siblings", [one] * (tether.SOCKETS + 1))
        assert send(one, "siblings", [one] * tether.SOCKETS)
        received = receive(other)
        assert received
        assert len(received[1]) == tether.SOCKETS
        for each in received[1]:
            each.close()


def test_a_side_that_is_gone_is_noticed() -> None:
    one, other = pair()
    other.close()
    with one:
        assert not send(one, "drain")
        assert receive(one) is None


def test_a_side_that_never_reads_does_not_hold_the_other_up() -> None:
    one, other = pair()
    with one, other:
        while send(one, "report"):
            pass


def test_a_worker_says_what_it_has_to_say(worker: Worker) -> None:
    worker.tether.say("ready")
    assert worker.says() == ["ready"]
    assert (worker.tether.post, worker.tether.main) == (2, 77)
    assert worker.reactor.readers == [worker.tether]


def test_a_worker_that_is_well_says_so(worker: Worker) -> None:
    worker.hears("well")
    assert worker.says() == ["well"]


def test_new_sockets_come_with_a_reload_and_are_taken_once(worker: Worker) -> None:
    with socket.socket() as sent:
        worker.hears("reload", [sent], places=[["127.0.0.1", 8443]])
    assert worker.says() == ["reloaded"]
    (got,) = worker.tether.take(PLACE)
    got.close()
    assert worker.tether.take(PLACE) == []


@pytest.mark.parametrize("outcome", [succeed(False), fail(OSError("no"))])
def test_a_reload_that_fails_is_told(worker: Worker, outcome: Deferred[bool]) -> None:
    worker.outcome = outcome
    worker.hears("reload", places=[])
    assert worker.says() == ["stale"]


def test_a_drain_is_an_end_in_order(worker: Worker) -> None:
    worker.hears("drain")
    assert worker.reactor.stopped == 1
    worker.hears("drain")
    assert worker.reactor.readers == [worker.tether]  # siblings may still ask


def test_a_worker_ends_with_its_supervisor(worker: Worker) -> None:
    worker.line.close()
    worker.tether.doRead()
    assert (worker.reactor.stopped, worker.reactor.readers) == (1, [])


def test_nothing_to_read_is_no_end(worker: Worker) -> None:
    worker.tether.doRead()
    assert worker.reactor.stopped == 0


def test_who_is_asked_reports(worker: Worker) -> None:
    ours, theirs = socket.socketpair()
    worker.hears("report", [theirs])
    theirs.close()
    assert hear([ours]) == [b"a report"]


def test_who_asks_hears_the_others(worker: Worker) -> None:
    told = outcome_of(worker.tether.siblings())
    assert worker.says() == ["gather"]
    ours, theirs = socket.socketpair()
    tell(theirs, b"x" * 100_000)
    worker.hears("siblings", [ours], posts=[1])
    ours.close()
    assert told == [[(1, b"x" * 100_000)]]


def test_a_supervisor_that_does_not_answer_costs_a_moment_only(worker: Worker) -> None:
    told = outcome_of(worker.tether.siblings())
    worker.reactor.advance(2 * PATIENCE)
    assert told == [[(0, None)]]
    second = outcome_of(worker.tether.siblings())
    worker.hears("siblings", posts=[])  # to the first question, after all
    worker.hears("siblings", posts=[])
    assert second == [[]]


def test_a_sibling_that_hangs_costs_a_moment_only() -> None:
    lines = [socket.socketpair() for _ in range(3)]
    tell(lines[0][1], b"well")
    lines[1][1].close()
    assert hear([line for line, _ in lines], 0.01) == [b"well", None, None]
    assert hear([]) == []
    lines[2][1].close()


def test_a_sibling_that_has_died_is_silent() -> None:
    class Broken(socket.socket):
        def recv(self, *_: Any) -> bytes:
            raise ConnectionResetError

    ours, theirs = socket.socketpair()
    with theirs:
        theirs.send(b"x")
        assert hear([Broken(fileno=ours.detach())]) == [None]


def test_who_is_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tether, "PATIENCE", 0.01)
    ours, theirs = socket.socketpair()
    with ours:
        tell(theirs, b"x" * 10_000_000)
        assert theirs.fileno() == -1


def test_at_the_end_of_the_reactor_the_line_is_closed(worker: Worker) -> None:
    worker.reactor.stop()
    worker.tether.connectionLost(Failure(OSError()))
    assert worker.reactor.readers == []
    assert worker.tether.fileno() == -1
    assert worker.tether.logPrefix() == "tether"


def test_a_worker_that_cannot_be_told_anything_any_more_ends(worker: Worker) -> None:
    worker.tether.connectionLost(Failure(OSError(24, "too many open files")))
    assert worker.reactor.stopped == 1
