"""Sends a file as an answer's body: in large pieces, at the client's pace, without holding more than one."""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from casd.net.exchange import Exchange
from protocols.http1 import Headers
from protocols.http_ranges import Part

_PIECE = 64 * 1024
"""Bytes of one read: with eight times as many, each costs twice the time, as caches are too small."""


@implementer(IPushProducer)
class Sending:
    """A part of an open file as an answer; the file is closed at the end, or when the client goes away."""

    def __init__(self, exchange: Exchange, descriptor: int, part: Part, headers: Headers, clock: IReactorTime) -> None:
        self._exchange = exchange
        self._descriptor = descriptor
        self._position = part.first
        self._end = part.first + part.length
        self._status = part.status
        self._headers = headers
        self._paused = False
        self._clock = clock
        self._close: Callable[[], None] = lambda: os.close(descriptor)
        exchange.on_lost(self._over)

    def begin(self) -> None:
        """Begin the answer, with one piece.

        The others wait until what is gathered now has been written: before that, no client would ever be too slow.
        """
        exchange = self._exchange
        if exchange.done:  # the client went away while it was found out who it is
            self._over()
            return
        exchange.producer = self
        exchange.begin(self._status, self._headers, length=self._end - self._position)
        if exchange.head.method == b"HEAD":
            self._position = self._end
        self._send()
        if exchange.producer is self:
            self._clock.callLater(0, self._go_on)

    def pauseProducing(self) -> None:
        """Send no more for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Send again."""
        self._paused = False
        self._go_on()

    def stopProducing(self) -> None:
        """Have nothing to do: the exchange tells when its client is gone."""

    def _go_on(self) -> None:
        while not self._paused and self._exchange.producer is self:
            self._send()

    def _send(self) -> None:
        """Send the next piece, and the end behind the last one."""
        exchange = self._exchange
        if self._position < self._end:
            data = os.pread(self._descriptor, min(_PIECE, self._end - self._position), self._position)
            if not data:  # somebody has cut the file: the client must notice
                self._over()
                exchange.abort()
                return
            self._position += len(data)
            exchange.write(data)
        if self._position == self._end and exchange.producer is self:
            self._over()
            exchange.finish()

    def _over(self) -> None:
        """Let go of the file, once."""
        self._exchange.producer = None
        close, self._close = self._close, _nothing
        close()


def _nothing() -> None:
    pass
