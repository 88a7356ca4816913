"""The client's side of HTTP/1.1: one connection to a mailbox server, one exchange at a time."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from casd.net.deadline import Deadline
from casd.net.wired import Wired
from protocols.http1 import BadMessage, Field, ResponseHead, chunk, last_chunk
from protocols.http1_parser import End, ResponseParser


class Taker(Protocol):
    """Who takes the answer that a connection is waiting for."""

    def response(self, head: ResponseHead) -> None:
        """Take the head, also of a 100 Continue."""

    def body(self, data: bytes) -> None:
        """Take the next bytes of the body."""

    def end(self, trailers: list[Field]) -> None:
        """Take the end: the connection is free again, if it may be kept."""

    def broken(self, reason: str) -> None:
        """Take the end of the connection before the end of the answer."""

    def cork(self) -> None:
        """Expect several calls at once."""

    def uncork(self) -> None:
        """Expect no more for now."""


class Backend(Wired):
    """One connection; `expired` when it must not be used again."""

    untouched = False  # the server has said that it did nothing: HTTP/1.1 has no word for it

    def __init__(self, clock: IReactorTime, lane: Any) -> None:
        self.lane = lane
        self.expired = False
        self.idle_since = clock.seconds()
        self.served = 0
        self._taker: Taker | None = None
        self._parser = ResponseParser()
        self._keep = True
        self._paused = False
        self._clock = clock
        self._deadline = Deadline(clock, lambda: self._break("no answer in time"))

    # The relay's side

    def ask(self, method: bytes, data: bytes, taker: Taker, patience: float) -> None:
        """Send a request's head (and body, if whole); wait `patience` seconds at most for each step of the answer."""
        self._taker = taker
        self._patience = patience
        self.served += 1
        self._parser.expect(method)
        self._deadline.within(patience)
        self.transport.write(data)

    def asking(self) -> None:
        """Wait anew: something is on its way. Not while we ourselves do not read the answer."""
        if not self._paused:
            self._deadline.within(self._patience)

    def send(self, data: bytes, *, chunked: bool) -> None:
        """Send bytes of the request's body."""
        self.transport.write(chunk(data) if chunked else data)

    def send_end(self, fields: list[Field], *, chunked: bool) -> None:
        """Send the end of the request's body."""
        if chunked:
            self.transport.write(last_chunk(fields))

    def pauseProducing(self) -> None:
        """Read no more of the answer for now: its client does not keep up."""
        self._paused = True
        self._deadline.never()
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read the answer again."""
        self._paused = False
        self._deadline.within(self._patience)
        self.transport.resumeProducing()

    def abandon(self) -> None:
        """Close at once: the exchange under way is wanted no more."""
        self._taker = None
        self.expired = True
        self.transport.abortConnection()

    def distrust(self) -> None:
        """Close at once: it has answered for somebody else."""
        self.abandon()

    # From the transport

    def dataReceived(self, data: bytes) -> None:
        """Parse what came, for whoever waits for it."""
        taker = self._taker
        if taker is None:
            # An answer that nobody asked for: whatever follows could be taken for another user's.
            self.abandon()
            return
        self.asking()
        taker.cork()
        end: End | None = None
        try:
            self._parser.feed(data)
            while end is None and (event := self._parser.next()) is not None:
                if isinstance(event, End):
                    end = event
                else:
                    self._pass_on(event)
        except BadMessage as error:
            self._break(f"no HTTP: {error}")
        if end is not None and self._taker is not None:
            self._hand_back(taker, end.trailers)
        taker.uncork()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End an answer that ends with its connection; tell of one that is cut off."""
        self._deadline.stop()
        self.expired = True
        taker = self._taker
        if taker is not None and self._parser.close() and reason.check(ConnectionDone):
            self._hand_back(taker, [])
        elif taker is not None:
            self._break(reason.getErrorMessage())
        self.lane.gone(self)

    def _pass_on(self, event: ResponseHead | bytes) -> None:
        if isinstance(event, ResponseHead):
            self._keep = event.keep_alive
            if self._taker is not None:
                self._taker.response(event)
        elif self._taker is not None:
            self._taker.body(event)

    def _hand_back(self, taker: Taker, trailers: list[Field]) -> None:
        """Pass the end on; the taker then gives the connection back to its lane.

        What stands behind the answer could be taken for another user's: that connection is not used again.
        """
        self._taker = None
        self._deadline.never()
        self.idle_since = self._clock.seconds()
        self.expired = self.expired or not self._keep or not self._parser.idle
        if self._paused:  # the pace of this answer's client is not the next one's
            self._paused = False
            self.transport.resumeProducing()
        taker.end(trailers)

    def _break(self, reason: str) -> None:
        taker, self._taker = self._taker, None
        self.expired = True
        self.transport.abortConnection()
        if taker is not None:
            taker.broken(reason)
