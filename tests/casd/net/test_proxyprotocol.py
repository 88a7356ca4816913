"""What a gate does when the system has nothing left, and what it is to a reactor."""

from __future__ import annotations

import errno
import socket
from typing import Any, cast
from unittest.mock import Mock

import pytest
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import formatEvent, globalLogPublisher
from zope.interface.verify import verifyObject

from casd.config import networks
from casd.net.proxyprotocol import QUIET, Gate, Preface


class Listening:
    """A listening socket whose next connections are told."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.number = 7

    def setblocking(self, _: bool) -> None:
        pass

    def fileno(self) -> int:
        return self.number

    def accept(self) -> Any:
        outcome = self.outcomes.pop(0) if self.outcomes else BlockingIOError()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        self.number = -1


@pytest.fixture
def reactor() -> MemoryReactorClock:
    return MemoryReactorClock()


def gate(reactor: MemoryReactorClock, *outcomes: Any) -> tuple[Gate, Listening, list[Any]]:
    admitted: list[Any] = []
    listening = Listening(*outcomes)
    made = Gate(reactor, cast(socket.socket, listening), networks("127.0.0.0/8", None), lambda *_: admitted.append(_))  # type: ignore[arg-type]
    return made, listening, admitted


def test_a_gate_rests_while_there_are_no_descriptors_left(reactor: MemoryReactorClock) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made, _, admitted = gate(reactor, OSError(errno.EMFILE, "too many"), (ours, ("192.0.2.7", 5)))
        assert reactor.getReaders() == [made]
        made.doRead()
        assert reactor.getReaders() == []
        reactor.advance(1)
        assert reactor.getReaders() == [made]
        made.doRead()
        assert admitted == [(ours, None)]


def test_a_gate_that_was_closed_meanwhile_stays_closed(reactor: MemoryReactorClock) -> None:
    made, _, _ = gate(reactor, OSError(errno.ENFILE, "too many"))
    made.doRead()
    made.close()
    reactor.advance(1)
    assert reactor.getReaders() == []


def test_a_client_that_went_before_it_was_accepted_is_nothing(reactor: MemoryReactorClock) -> None:
    made, _, admitted = gate(reactor, ConnectionAbortedError(), OSError(errno.EPERM, "no"))
    made.doRead()
    made.doRead()
    assert (admitted, reactor.getReaders()) == ([], [made])


@pytest.mark.negative
def test_a_balancer_that_is_set_up_wrong_fills_no_log(reactor: MemoryReactorClock) -> None:
    made, listening, _ = gate(reactor)
    lines: list[str] = []

    def note(event: Any) -> None:
        lines.append(formatEvent(event))

    def comes() -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.send(b"GET / HTTP/1.1\r\n")
            listening.outcomes.append((ours, ("127.0.0.1", 5)))
            made.doRead()
            (waiting,) = set(reactor.getReaders()) - {made}
            cast(Preface, waiting).doRead()
            assert ours.fileno() == -1

    globalLogPublisher.addObserver(note)
    for _ in range(50):
        comes()
    reactor.advance(QUIET)
    comes()
    globalLogPublisher.removeObserver(note)
    first, second = lines
    assert first.startswith("a connection of 127.0.0.1 is closed: ")
    assert second == f"{first}, and 49 more since this was told last"


def test_both_are_read_descriptors(reactor: MemoryReactorClock) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        made, _, admitted = gate(reactor)
        ours.setblocking(False)
        waiting = Preface(reactor, ours, "127.0.0.1", lambda *_: admitted.append(_), Mock())
        for each in (made, waiting):
            assert verifyObject(IReadDescriptor, each)
            assert each.logPrefix()
            each.connectionLost(None)
        waiting.doRead()
        assert (admitted, waiting.fileno()) == ([], ours.fileno())
        reactor.advance(5)
        assert ours.fileno() == -1
