"""The writes of one database: those that wait share a commit, hence one wait for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.values import Event

T = TypeVar("T")

_MOST = 64
_LONGEST = 0.02
"""Writes of one commit, and seconds after which it takes no more: what the first of them waits for."""


@frozen
class _Write:
    function: Callable[[], Any]
    answer: Deferred[Any]


@frozen
class Outcome:
    """What is to be answered, and told to watchers before; a `Failure` is what was raised."""

    answer: Deferred[Any]
    result: Any
    events: tuple[Event, ...] = ()


class Commits:
    """What waits to be written. `add` is for any thread, `write` for the writer's.

    `events` is what functions tell; `undone` is called when something of theirs was rolled back.
    """

    def __init__(self, connections: Connections, events: list[Event], undone: Callable[[], None]) -> None:
        self._connections = connections
        self._events = events
        self._undone = undone
        self._waiting: deque[_Write] = deque()

    def add(self, function: Callable[[], T]) -> Deferred[T]:
        """Have a function wait; call `write` in the writer's thread after that."""
        answer: Deferred[T] = Deferred()
        self._waiting.append(_Write(function, answer))
        return answer

    def write(self) -> Sequence[Outcome]:
        """Do what waits and what comes meanwhile, in one commit; one that fails undoes nothing but itself."""
        if not self._waiting:  # it was taken along with another
            return ()
        done: list[Outcome] = []
        try:
            with self._connections.writing():
                until = monotonic() + _LONGEST
                while self._waiting and len(done) < _MOST and (not done or monotonic() < until):
                    done.append(self._try(self._waiting.popleft()))
        except BaseException:
            self._undo()
            failure = Failure()
            lost = [outcome.answer for outcome in done] or [self._waiting.popleft().answer]
            return [Outcome(answer, failure) for answer in lost]
        return done

    def _try(self, write: _Write) -> Outcome:
        try:
            with self._connections.step():
                result = write.function()
        except BaseException:
            self._undo()
            return Outcome(write.answer, Failure())
        events = tuple(self._events)
        self._events.clear()
        return Outcome(write.answer, result, events)

    def _undo(self) -> None:
        self._events.clear()
        self._undone()
