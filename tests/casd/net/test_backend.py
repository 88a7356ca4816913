"""One connection to a mailbox server: one question at a time, and nothing that nobody asked for."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from casd.net.backend import Backend
from protocols.http1 import Field, ResponseHead
from tests.casd.estate import Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Lane:
    """Notes what it is given back, and what has ended."""

    def __init__(self) -> None:
        self.ended: list[Backend] = []

    def gone(self, connection: Backend) -> None:
        self.ended.append(connection)


class Taker:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.corks = 0

    def response(self, head: ResponseHead) -> None:
        self.told.append(head.status)

    def body(self, data: bytes) -> None:
        self.told.append(data)

    def end(self, trailers: list[Field]) -> None:
        self.told.append(trailers)

    def broken(self, reason: str) -> None:
        self.told.append(reason)

    def cork(self) -> None:
        self.corks += 1

    def uncork(self) -> None:
        self.corks -= 1


class Call:
    """A connection on which a question was asked."""

    def __init__(self, method: bytes = b"GET") -> None:
        self.clock = Clock()
        self.lane = Lane()
        self.backend = Backend(self.clock, self.lane)
        self.wire = Wire(self.clock, self.backend)
        self.taker = Taker()
        self.ask(method)

    def ask(self, method: bytes = b"GET") -> None:
        self.backend.ask(method, method + b" / HTTP/1.1\r\n\r\n", self.taker, 10)


@pytest.fixture
def call() -> Call:
    return Call()


def test_a_question_is_asked_and_its_answer_taken(call: Call) -> None:
    assert call.wire.taken() == b"GET / HTTP/1.1\r\n\r\n"
    call.wire.deliver(OK)
    assert call.taker.told == [200, b"ok", []]
    assert call.taker.corks == 0
    assert not call.backend.expired
    call.ask()
    call.wire.deliver(OK)
    assert call.taker.told == [200, b"ok", []] * 2
    assert call.backend.served == 2


@pytest.mark.negative
def test_a_client_that_is_slow_at_the_end_of_its_answer_does_not_hold_the_next_one(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call.taker, "body", lambda _: call.backend.pauseProducing())
    call.wire.deliver(OK)
    assert not call.wire.paused
    monkeypatch.undo()
    call.ask()
    call.wire.deliver(OK)
    assert call.taker.told == [200, [], 200, b"ok", []]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
def test_a_connection_that_the_server_will_close_is_not_kept(call: Call, answer: bytes) -> None:
    call.wire.deliver(answer)
    assert call.taker.told == [200, b"ok", []]
    assert call.backend.expired


def test_an_answer_may_end_with_its_connection(call: Call) -> None:
    call.wire.deliver(b"HTTP/1.1 200 OK\r\n\r\nok")
    call.wire.hang_up()
    assert call.taker.told == [200, b"ok", []]
    assert call.backend.expired
    assert call.lane.ended == [call.backend]


@pytest.mark.negative
@pytest.mark.parametrize(
    "part", [b"", b"HTTP/1.1 200", OK[:-1], b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"]
)
def test_an_answer_that_is_cut_off_is_no_answer(call: Call, part: bytes) -> None:
    call.wire.deliver(part)
    call.wire.hang_up()
    assert "closed cleanly" in call.taker.told[-1]
    assert call.lane.ended == [call.backend]


@pytest.mark.negative
def test_what_nobody_asked_for_ends_the_connection(call: Call) -> None:
    call.wire.deliver(OK)
    call.wire.deliver(OK)
    assert call.taker.told == [200, b"ok", []]
    assert call.wire.aborted
    assert call.backend.expired


@pytest.mark.negative
@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"GET", OK + OK),
        (b"GET", OK + b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", OK + b"HTTP/1.1 200 OK\r\n"),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ],
)
def test_more_than_the_answer_is_not_passed_on_and_ends_the_connection(method: bytes, answer: bytes) -> None:
    call = Call(method)
    call.wire.deliver(answer)
    assert call.taker.told == ([200, b"ok", []] if method == b"GET" else [200, []])
    assert call.backend.expired


@pytest.mark.negative
def test_what_is_no_http_is_no_answer(call: Call) -> None:
    call.wire.deliver(b"* OK IMAP4rev1 ready\r\n")
    assert call.taker.told[0].startswith("no HTTP")
    assert call.wire.aborted


@pytest.mark.negative
def test_nobody_waits_longer_than_he_is_patient(call: Call) -> None:
    call.clock.advance(9)
    call.wire.deliver(b"HTTP/1.1 100 Continue\r\n\r\n")
    call.clock.advance(9)
    call.wire.deliver(OK[:-1])
    call.clock.advance(9.9)
    assert call.taker.told == [100, 200, b"o"]
    call.clock.advance(0.1)
    assert call.taker.told[-1] == "no answer in time"
    assert call.wire.aborted


def test_patience_begins_anew_while_the_request_is_on_its_way(call: Call) -> None:
    for _ in range(10):
        call.clock.advance(9)
        call.backend.asking()
    assert call.taker.told == []


def test_an_answer_that_we_do_not_read_is_not_late(call: Call) -> None:
    call.wire.deliver(OK[:-1])
    call.backend.pauseProducing()
    assert call.wire.paused
    call.clock.advance(1000)
    call.backend.resumeProducing()
    call.wire.deliver(OK[-1:])
    assert call.taker.told[-1] == []


@pytest.mark.parametrize("meanwhile", ["the request goes on", "the answer's rest was read already"])
def test_nor_is_it_late_whatever_happens_meanwhile(call: Call, meanwhile: str) -> None:
    call.wire.deliver(OK[:-1])
    call.backend.pauseProducing()
    if meanwhile == "the request goes on":
        call.backend.asking()
    else:
        call.backend.dataReceived(b"")
    call.clock.advance(1000)
    assert call.wire.open


@pytest.mark.negative
def test_an_answer_that_ends_with_its_connection_is_not_whole_when_that_is_cut_off(call: Call) -> None:
    call.wire.deliver(b"HTTP/1.1 200 OK\r\n\r\nhal")
    call.wire.cut()
    assert call.taker.told == [200, b"hal", "Connection to the other side was lost in a non-clean fashion."]


def test_an_idle_connection_has_no_deadline(call: Call) -> None:
    call.wire.deliver(OK)
    call.clock.advance(1000)
    assert call.wire.open


def test_an_abandoned_question_tells_nobody(call: Call) -> None:
    call.backend.abandon()
    call.clock.advance(0)
    assert call.wire.aborted
    assert call.taker.told == []
    assert call.lane.ended == [call.backend]
    assert call.clock.getDelayedCalls() == []
