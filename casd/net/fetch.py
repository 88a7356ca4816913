"""One whole request to a mailbox server, made by the front end itself: health checks and the hand-over of mail."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.defer import Deferred

from casd.net.backend import Backend
from casd.net.pool import Unreachable
from casd.net.trunk import Stream
from protocols.http1 import Field, ResponseHead


@frozen
class Answer:
    """What a server said."""

    head: ResponseHead
    body: bytes


class Unheard(Unreachable):
    """A connection has ended before anything was heard on it."""


class _Fetch:
    """Gathers one answer."""

    def __init__(self, connection: Backend | Stream, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._head: ResponseHead | None = None
        self._body = bytearray()
        self.done: Deferred[Answer] = Deferred()

    def response(self, head: ResponseHead) -> None:
        if head.status != 100:
            self._head = head

    def body(self, data: bytes) -> None:
        self._body += data  # a server may send it byte by byte: each must cost no more than itself
        if len(self._body) > self._limit:
            self._connection.abandon()
            self.done.errback(Unreachable("the answer is too large"))

    def end(self, _trailers: list[Field]) -> None:
        if self._head is not None:
            # Whoever asked may find that this connection must not be used again.
            self.done.callback(Answer(self._head, bytes(self._body)))
        self._connection.lane.release(self._connection)

    def broken(self, reason: str) -> None:
        self.done.errback(Unheard(reason) if self._head is None else Unreachable(reason))

    def cork(self) -> None:
        pass

    def uncork(self) -> None:
        pass


async def fetch(
    connection: Backend | Stream,
    method: bytes,
    target: bytes,
    lines: bytes,
    body: bytes,
    patience: float,
    limit: int = 65536,
) -> Answer:
    """Return the answer to one request; `lines` are its fields but the length. `Unreachable` when none comes."""
    taker = _Fetch(connection, limit)
    head = b"%b %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (method, target, lines, len(body), body)
    connection.ask(method, head, taker, patience)
    return await taker.done


class Once:
    """What stands for a lane: a connection that is used once goes back to nobody."""

    def release(self, connection: Backend) -> None:
        """Close the connection."""
        connection.abandon()

    def gone(self, connection: Backend) -> None:
        """Have nothing to forget."""
