"""A Twisted protocol whose transport is a stream, as every transport here is.

It has no base class of Twisted's: what is on the way of every request must be able to be compiled (setup.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import classImplements


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


class Wired:
    """A protocol on a stream (`IProtocol`)."""

    transport: Stream

    def makeConnection(self, transport: Any) -> None:
        """Begin."""
        self.transport = transport
        self.connectionMade()

    def connectionMade(self) -> None:
        """Begin with what a connection begins with; here, nothing."""

    def dataReceived(self, data: bytes) -> None:
        """Take what came."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Take the end."""


classImplements(Wired, IProtocol)
