"""Layers between one of Twisted's own sockets and its protocol: a handshake, a PROXY header before it or behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.net.addresses import address_of
from casd.net.shown import Shown
from casd.net.tls import ClientTLS
from protocols.proxyprotocol import Header

_DONE = Failure(ConnectionDone())


def start_tls(transport: Any, tls: Shown | ClientTLS, timeout: float) -> Deferred[None]:
    """Encrypt a running connection; fires when the handshake has ended."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    shaken: Deferred[None] = Deferred()
    shaken.addTimeout(timeout, transport.reactor).addErrback(given_up, transport)
    above = transport.protocol
    waiting = transport.protocol = Handshake(lambda _: above, shaken)
    transport.startTLS(tls.twisted_context() if isinstance(tls, ClientTLS) else tls.twisted)
    waiting.layer = transport.protocol
    return shaken


def given_up(failure: Failure, transport: Any) -> Failure:
    """Close a connection whose handshake failed."""
    transport.abortConnection()
    return failure


def layer_of(transport: Any) -> TLSMemoryBIOProtocol | None:
    """Return what encrypts one of Twisted's transports: over the socket, or, when that came later, beside it."""
    while not isinstance(transport, TLSMemoryBIOProtocol):
        if isinstance(transport, ProtocolWrapper):
            transport = transport.transport
        elif getattr(transport, "TLS", False):
            transport = transport.protocol
        else:
            return None
    return transport


@implementer(IHandshakeListener)
class Handshake(Protocol):
    """Holds a protocol back until the handshake has ended."""

    layer: Any = None  # which encrypts, where the protocol had begun in clear

    def __init__(self, build: Callable[[Any], Any], shaken: Deferred[None]) -> None:
        self._build = build
        self._shaken = shaken

    def handshakeCompleted(self) -> None:
        """Let the protocol begin, or go on."""
        if self.layer is None:
            self.layer = self.transport
            protocol = self.layer.wrappedProtocol = self._build(self.layer)
            protocol.makeConnection(self.layer)
        else:
            self.layer.wrappedProtocol = self._build(self.layer)
        if not self._shaken.called:
            self._shaken.callback(None)

    def connectionLost(self, reason: Failure = _DONE) -> None:
        """Tell whoever waits for the handshake, and a protocol that had begun."""
        if self.layer is not None:
            self._build(self.layer).connectionLost(reason)
        if not self._shaken.called:
            self._shaken.errback(reason)


class _Prefaced(ProtocolWrapper):
    """Says what is to be said before anything else."""

    def makeConnection(self, transport: Any) -> None:
        transport.write(self.factory.preface)
        super().makeConnection(transport)


class PrefacedFactory(WrappingFactory):
    """Makes connections that begin with some bytes in clear."""

    protocol = _Prefaced

    def __init__(self, wrapped: Any, preface: bytes) -> None:
        super().__init__(wrapped)
        self.preface = preface


class _Proxied(ProtocolWrapper):
    """A connection whose other side is who its balancer says."""

    def getPeer(self) -> Any:
        source = self.factory.header.source
        return address_of(source) if source else super().getPeer()

    def getHost(self) -> Any:
        destination = self.factory.header.destination
        return address_of(destination) if destination else super().getHost()


class ProxiedFactory(WrappingFactory):
    """Makes connections of whom a header names."""

    protocol = _Proxied

    def __init__(self, wrapped: Any, header: Header) -> None:
        super().__init__(wrapped)
        self.header = header

    def buildProtocol(self, addr: Any) -> Any:
        """Let the factory build for the client."""
        source = self.header.source
        return super().buildProtocol(address_of(source) if source else addr)
