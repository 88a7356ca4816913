"""A Twisted protocol whose transport is a stream, as every transport here is: it says so to the type checker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.protocol import Protocol as TwistedProtocol


class Stream(Protocol):
    """What both kinds of transports offer (ITransport, ITCPTransport, IConsumer, IPushProducer)."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def writeSequence(self, data: Sequence[bytes]) -> None:
        """Send several pieces at once."""

    def loseConnection(self) -> None:
        """Close when everything has been sent."""

    def abortConnection(self) -> None:
        """Close at once."""

    def getPeer(self) -> Any:
        """Return the other side's address."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let a push producer feel the peer's pace."""

    def unregisterProducer(self) -> None:
        """Forget the producer."""

    def pauseProducing(self) -> None:
        """Read no more for now."""

    def resumeProducing(self) -> None:
        """Read again."""


class Wired(TwistedProtocol):
    """A protocol on a stream."""

    transport: Stream  # type: ignore[assignment]
