"""Sockets for ordinary Twisted factories: uvloop's C transports where the reactor runs on uvloop, Twisted's elsewhere.

Measured on one core: Twisted's own sockets with pyOpenSSL cost twice uvloop's transports per request and twice
the memory per idle connection (docs/performance.md). A protocol sees the same ITransport either way.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from typing import Any, cast

from attrs import frozen
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IProtocol, IProtocolFactory, IPushProducer, ITransport
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.model import Endpoint
from casd.net.shown import Shown
from casd.net.tls import ClientTLS

BACKLOG = 1024
HANDSHAKE = 10
"""Seconds in which a client may prove that it speaks TLS."""

DONE = Failure(ConnectionDone())


@frozen
class Port:
    """A listening socket: where it is, how to close it."""

    endpoint: Endpoint
    stop: Callable[[], Deferred[None]]


def loop_of(reactor: Any) -> asyncio.AbstractEventLoop | None:
    """Return the reactor's uvloop, or None when it has none."""
    loop = getattr(reactor, "_asyncioEventloop", None)
    return loop if type(loop).__module__.startswith("uvloop") else None


async def listen(
    reactor: Any,
    endpoint: Endpoint,
    factory: IProtocolFactory,
    shown: Shown | None = None,
    inherited: socket.socket | None = None,
) -> Port:
    """Accept connections for a factory, on a socket that was handed to this process if there is one.

    Those that agree on HTTP/2 are built by its `buildMultiplexed`.

    Raises OSError or CannotListenError when the address is taken.
    """
    loop = loop_of(reactor)
    if loop is None:
        return await _listen_twisted(reactor, endpoint, factory, shown, inherited)
    where = {"sock": inherited} if inherited else {"host": endpoint.host, "port": endpoint.port}
    server = await _future(
        loop.create_server(
            lambda: LoopTransport(lambda transport: _build(factory, transport)),
            ssl=shown.loop if shown else None,
            backlog=BACKLOG,
            ssl_handshake_timeout=HANDSHAKE if shown else None,
            ssl_shutdown_timeout=2 if shown else None,
            **where,
        ),
        loop,
    )
    factory.doStart()

    async def stop() -> None:
        server.close()
        factory.doStop()

    return Port(_named(server.sockets[0].getsockname()), lambda: Deferred.fromCoroutine(stop()))


async def connect(reactor: Any, endpoint: Endpoint, protocol: Any, tls: ClientTLS | None, timeout: float) -> None:
    """Connect a protocol; only when the server has proved who it is may anything be written.

    Raises OSError, TimeoutError, ssl.SSLError, twisted's ConnectError, or `UntrustedPeer`.
    """
    loop = loop_of(reactor)
    if loop is None:
        await _connect_twisted(reactor, endpoint, protocol, tls, timeout)
    else:
        opened = loop.create_connection(
            lambda: LoopTransport(lambda _: protocol),
            endpoint.host,
            endpoint.port,
            ssl=tls.loop_context() if tls else None,
            server_hostname=tls.name if tls else None,
            ssl_handshake_timeout=timeout if tls else None,
        )
        await _future(asyncio.wait_for(opened, timeout), loop)
    if tls:
        try:
            tls.verify(peer_certificate(protocol.transport))
        except Exception:
            protocol.transport.abortConnection()
            raise


def peer_certificate(transport: Any) -> bytes | None:
    """Return the certificate (DER) that the other side showed, or None."""
    if isinstance(transport, LoopTransport):
        encrypted = transport.get_extra_info("ssl_object")
        return cast("bytes | None", encrypted.getpeercert(binary_form=True)) if encrypted else None
    certificate = transport.getPeerCertificate()
    return certificate.to_cryptography().public_bytes(Encoding.DER) if certificate else None


def negotiated(transport: Any) -> str:
    """Return the protocol that both sides of a connection agreed on (ALPN), or nothing."""
    if isinstance(transport, LoopTransport):
        encrypted = transport.get_extra_info("ssl_object")
        return (encrypted.selected_alpn_protocol() if encrypted else None) or ""
    return (getattr(transport, "negotiatedProtocol", None) or b"").decode("ascii")


def _build(factory: Any, transport: Any) -> Any:
    """Have a factory build the protocol that was agreed on."""
    build = factory.buildMultiplexed if negotiated(transport) == "h2" else factory.buildProtocol
    return build(transport.getPeer())


@implementer(ITransport)
class LoopTransport(asyncio.Protocol):
    """The thin piece between an asyncio transport and a Twisted protocol: each is called in C or directly."""

    __slots__ = (
        "_build",
        "_producer",
        "_protocol",
        "_transport",
        "data_received",
        "disconnecting",
        "get_extra_info",
        "write",
    )

    def __init__(self, build: Callable[[LoopTransport], IProtocol | None]) -> None:
        self._build = build
        self._producer: IPushProducer | None = None
        self.disconnecting = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make the protocol, and let bytes go straight to it and from it."""
        wire = self._transport = cast(asyncio.Transport, transport)
        self.get_extra_info = wire.get_extra_info
        self.write = wire.write
        protocol = self._build(self)
        del self._build  # it may hold the protocol, which holds this
        if protocol is None:
            wire.abort()
            return
        self._protocol = protocol
        self.data_received = protocol.dataReceived  # type: ignore[method-assign]
        # uvloop looks data_received up when a protocol is set, and that was before this one existed.
        wire.set_protocol(self)
        protocol.makeConnection(self)

    def eof_received(self) -> bool:
        """Let the transport close itself: none of our protocols goes on half-closed."""
        return False

    def connection_lost(self, reason: Exception | None) -> None:
        """Tell the protocol in Twisted's words."""
        protocol = getattr(self, "_protocol", None)
        if protocol is None:
            return
        del self._protocol, self.data_received
        self._producer = None
        self.disconnecting = True
        protocol.connectionLost(DONE if reason is None else Failure(ConnectionLost(str(reason))))

    def pause_writing(self) -> None:
        """Stop the producer: the peer does not read fast enough."""
        if self._producer is not None:
            self._producer.pauseProducing()

    def resume_writing(self) -> None:
        """Let the producer go on."""
        if self._producer is not None:
            self._producer.resumeProducing()

    # Twisted's side: ITransport, IConsumer, IPushProducer

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write several pieces at once."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close when everything has been written."""
        self.disconnecting = True
        self._transport.close()

    def abortConnection(self) -> None:
        """Close at once."""
        self.disconnecting = True
        self._transport.abort()

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return the other side's address."""
        return _address(self._transport.get_extra_info("peername"))

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return this side's address."""
        return _address(self._transport.get_extra_info("sockname"))

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Let a push producer feel the peer's pace."""
        if not streaming:
            raise ValueError("only push producers stream")
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Forget the producer."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Read no more from the peer."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resumeProducing(self) -> None:
        """Read from the peer again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def stopProducing(self) -> None:
        """Close, as a producer that nobody wants."""
        self.loseConnection()


# Twisted's own transports


async def _listen_twisted(
    reactor: Any, endpoint: Endpoint, factory: IProtocolFactory, shown: Shown | None, inherited: socket.socket | None
) -> Port:
    wrapped = factory
    if shown:
        inner = _Choosing(factory, reactor) if "h2" in shown.protocols else factory
        wrapped = TLSMemoryBIOFactory(shown.twisted, False, inner, reactor)
    if inherited:
        port = reactor.adoptStreamPort(inherited.fileno(), inherited.family, wrapped)
    else:
        port = reactor.listenTCP(endpoint.port, wrapped, BACKLOG, endpoint.host)
    address = port.getHost()
    return Port(Endpoint(address.host, address.port), lambda: maybeDeferred(port.stopListening))


async def _connect_twisted(
    reactor: Any, endpoint: Endpoint, protocol: Any, tls: ClientTLS | None, timeout: float
) -> None:
    kind = TCP6ClientEndpoint if ":" in endpoint.host else TCP4ClientEndpoint
    address = kind(reactor, endpoint.host, endpoint.port, timeout)
    if tls is None:
        await address.connect(Factory.forProtocol(lambda: protocol))
        return
    shaken: Deferred[None] = Deferred()
    shaken.addTimeout(timeout, reactor)
    wrapped = wrapClientTLS(tls.twisted_context(), address)
    await wrapped.connect(Factory.forProtocol(lambda: _Handshake(lambda _: protocol, shaken)))
    await shaken


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """Holds a protocol back until the handshake has ended."""

    def __init__(self, build: Callable[[Any], Any], shaken: Deferred[None]) -> None:
        self._build = build
        self._shaken = shaken

    def handshakeCompleted(self) -> None:
        transport = cast(Any, self.transport)
        protocol = transport.wrappedProtocol = self._build(transport)
        protocol.makeConnection(transport)
        self._shaken.callback(None)

    def connectionLost(self, reason: Failure = DONE) -> None:
        self._shaken.errback(reason)


class _Choosing(Factory):
    """Builds what was agreed on, once it is: within the time that a handshake may take."""

    noisy = False

    def __init__(self, factory: Any, reactor: Any) -> None:
        self.wrappedFactory = factory
        self._reactor = reactor

    def doStart(self) -> None:
        self.wrappedFactory.doStart()

    def doStop(self) -> None:
        self.wrappedFactory.doStop()

    def buildProtocol(self, _address: Any) -> _Handshake:
        shaken: Deferred[None] = Deferred()
        protocol = _Handshake(lambda transport: _build(self.wrappedFactory, transport), shaken)
        shaken.addTimeout(HANDSHAKE, self._reactor)
        shaken.addErrback(lambda _: cast(Any, protocol.transport).abortConnection())
        return protocol


def _future(awaitable: Any, loop: asyncio.AbstractEventLoop) -> Deferred[Any]:
    return Deferred.fromFuture(asyncio.ensure_future(awaitable, loop=loop))


def _address(name: Any) -> IPv4Address | IPv6Address:
    if not name:
        return IPv4Address("TCP", "", 0)  # the peer was gone before it was asked
    return IPv6Address("TCP", *name) if len(name) == 4 else IPv4Address("TCP", *name)


def _named(name: Any) -> Endpoint:
    return Endpoint(name[0], name[1])
