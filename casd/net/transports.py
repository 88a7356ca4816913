"""Sockets for ordinary Twisted factories: uvloop's C transports where the reactor runs on uvloop, Twisted's elsewhere.

Measured on one core: Twisted's own sockets with pyOpenSSL cost twice uvloop's transports per request and twice
the memory per idle connection (docs/performance.md). A protocol sees the same ITransport either way.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, cast

from attrs import frozen
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, IProtocolFactory, IPushProducer, ITransport
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.model import Endpoint, Networks
from casd.net import layers
from casd.net.addresses import address_of
from casd.net.encryption import Encryption, OfOpenSSL, OfSSL
from casd.net.layers import Handshake, PrefacedFactory, ProxiedFactory
from casd.net.proxyprotocol import Admit, Gate
from casd.net.shown import Shown
from casd.net.tls import ClientTLS
from protocols.proxyprotocol import Header

BACKLOG = 1024
HANDSHAKE = 10
"""Seconds in which a client may prove that it speaks TLS."""

DONE = Failure(ConnectionDone())


@frozen
class Port:
    """A listening socket: where it is, how to close it.

    `proxies` are the peers that must say for whom they connect; `twin` gives the socket to another port.
    """

    endpoint: Endpoint
    stop: Callable[[], Deferred[None]]
    twin: Callable[[], socket.socket]
    proxies: Networks = ()


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
    proxies: Networks = (),
) -> Port:
    """Accept connections for a factory, on a socket that was handed to this process if there is one.

    Those that agree on HTTP/2 are built by its `buildMultiplexed`; those from `proxies` must begin with a PROXY header.

    Raises OSError or CannotListenError when the address is taken.
    """
    loop = loop_of(reactor)
    if loop is None:
        return await _listen_twisted(reactor, endpoint, factory, shown, inherited, proxies)
    encrypted: dict[str, Any] = (
        {"ssl": shown.loop, "ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": 2} if shown else {}
    )

    def admit(accepted: socket.socket, header: Header | None) -> None:
        opened = loop.connect_accepted_socket(lambda: _accepted(factory, header), accepted, **encrypted)
        asyncio.ensure_future(opened, loop=loop).add_done_callback(_heard)

    if proxies:
        return _gate(reactor, inherited or _bound(endpoint), factory, admit, proxies)
    place = inherited or _bound(endpoint)
    server = await _future(
        loop.create_server(lambda: _accepted(factory, None), sock=place, backlog=BACKLOG, **encrypted), loop
    )
    factory.doStart()

    async def stop() -> None:
        server.close()
        factory.doStop()

    listening = server.sockets[0]
    return Port(_named(listening.getsockname()), lambda: Deferred.fromCoroutine(stop()), lambda: _twin(listening))


async def connect(
    reactor: Any,
    endpoint: Endpoint,
    protocol: Any,
    tls: ClientTLS | None,
    timeout: float,
    preface: bytes = b"",
) -> None:
    """Connect a protocol; only when the server has proved who it is may anything be written.

    `preface` alone, a PROXY header, goes in clear before that. Raises OSError, TimeoutError, ssl.SSLError, twisted's
    ConnectError, or `UntrustedPeer`.
    """
    loop = loop_of(reactor)
    if loop is None:
        await _connect_twisted(reactor, endpoint, protocol, tls, timeout, preface)
    else:
        encrypted: dict[str, Any] = (
            {"ssl": tls.loop_context(), "server_hostname": tls.name, "ssl_handshake_timeout": timeout} if tls else {}
        )
        opened = _connect_loop(loop, endpoint, LoopTransport(lambda _: protocol), encrypted, preface)
        await _future(asyncio.wait_for(opened, timeout), loop)
    if tls:
        _verify(protocol.transport, tls)


def encryption(transport: Any) -> Encryption | None:
    """Return what is known of a connection's encryption, or None while it is in clear."""
    if isinstance(transport, LoopTransport):
        connection = transport.get_extra_info("ssl_object")
        return OfSSL(connection) if connection else None
    layer = layers.layer_of(transport)
    return OfOpenSSL(layer.getHandle()) if layer else None


def start_tls(protocol: Any, tls: Shown | ClientTLS, clear: bytes, timeout: float = HANDSHAKE) -> Deferred[None]:
    """Encrypt a running connection from here on; fires, or fails and is closed, when the other side has proved itself.

    `clear` is what came behind the command that began this: it may be anybody's, and ends the connection
    (CVE-2021-33515). What is written meanwhile is sent when the handshake has ended.
    """
    transport = protocol.transport
    if clear:
        transport.abortConnection()
        return fail(ConnectionAborted("bytes in clear behind the command to encrypt"))
    if isinstance(transport, LoopTransport):
        shaken = _future(transport.encrypt(tls, timeout), asyncio.get_running_loop())
    else:
        shaken = layers.start_tls(transport, tls, timeout)
    if isinstance(tls, ClientTLS):
        shaken.addCallback(lambda _: _verify(protocol.transport, tls))
    return shaken


def _verify(transport: Any, tls: ClientTLS) -> None:
    known = encryption(transport)
    try:
        tls.verify(known.peer if known else None)
    except Exception:
        transport.abortConnection()
        raise


def negotiated(transport: Any) -> str:
    """Return the protocol that both sides of a connection agreed on (ALPN), or nothing."""
    known = encryption(transport)
    return known.protocol if known else ""


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

    write: Callable[[Any], None]
    """The transport's own, as long as there is somebody to write to."""

    def __init__(self, build: Callable[[LoopTransport], IProtocol | None]) -> None:
        self._build = build
        self._producer: IPushProducer | None = None
        self.disconnecting = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Make the protocol, and let bytes go straight to it and from it."""
        wire = cast(asyncio.Transport, transport)
        self._use(wire)
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
        """Let the transport close itself, unless the protocol goes on half-closed."""
        protocol = getattr(self, "_protocol", None)
        if protocol is None or not IHalfCloseableProtocol.providedBy(protocol):
            self.write = _nowhere  # until the end is told; uvloop would log each piece
            return False
        protocol.readConnectionLost()
        return True

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

    def encrypt(self, tls: Shown | ClientTLS, timeout: float) -> Coroutine[Any, Any, None]:
        """Neither read nor write in clear any more; the coroutine returns when the connection is encrypted."""
        self._transport.pause_reading()
        held: list[Any] = []
        self.write = held.append
        return self._shake_hands(tls, timeout, held)

    async def _shake_hands(self, tls: Shown | ClientTLS, timeout: float, held: list[Any]) -> None:
        loop = asyncio.get_running_loop()
        name, context = (tls.name, tls.loop_context()) if isinstance(tls, ClientTLS) else (None, tls.loop)
        side: dict[str, Any] = {"server_side": name is None, "server_hostname": name, "ssl_handshake_timeout": timeout}
        try:
            encrypted = await loop.start_tls(self._transport, self, context, **side)
        except Exception as error:
            self.connection_lost(error)  # which asyncio tells nobody in the middle of a handshake
            raise
        self._use(cast(asyncio.Transport, encrypted))
        if held:
            self.writeSequence(held)

    def _use(self, wire: asyncio.Transport) -> None:
        self._transport = wire
        self.get_extra_info = wire.get_extra_info
        self.write = wire.write

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write several pieces at once."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close when everything has been written."""
        self.disconnecting = True
        self._transport.close()

    def loseWriteConnection(self) -> None:
        """Send no more, but go on reading; an encrypted connection knows no such half, and is closed."""
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self.loseConnection()

    def abortConnection(self) -> None:
        """Close at once."""
        self.disconnecting = True
        self._transport.abort()

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return the other side's address."""
        return address_of(self._transport.get_extra_info("peername"))

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return this side's address."""
        return address_of(self._transport.get_extra_info("sockname"))

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


class Proxied(LoopTransport):
    """A connection whose other side is who its balancer says."""

    __slots__ = ("_header",)

    def __init__(self, build: Callable[[LoopTransport], IProtocol | None], header: Header) -> None:
        super().__init__(build)
        self._header = header

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return the client's address; the balancer's own if it connected for itself."""
        return address_of(self._header.source) if self._header.source else super().getPeer()

    def getHost(self) -> IPv4Address | IPv6Address:
        """Return the address that the client connected to."""
        return address_of(self._header.destination) if self._header.destination else super().getHost()


def _accepted(factory: IProtocolFactory, header: Header | None) -> LoopTransport:
    def build(transport: Any) -> Any:
        return _build(factory, transport)

    return Proxied(build, header) if header else LoopTransport(build)


def _heard(task: asyncio.Future[Any]) -> None:
    """Take note of a handshake that failed: its client has been told."""
    if not task.cancelled():
        task.exception()


async def _connect_loop(
    loop: asyncio.AbstractEventLoop, endpoint: Endpoint, wire: LoopTransport, encrypted: dict[str, Any], preface: bytes
) -> None:
    if not preface:
        await loop.create_connection(lambda: wire, endpoint.host, endpoint.port, **encrypted)
        return
    transport, _ = await loop.create_connection(asyncio.Protocol, endpoint.host, endpoint.port)
    transport.write(preface)
    if encrypted:
        context = encrypted.pop("ssl")
        transport = cast(asyncio.Transport, await loop.start_tls(transport, wire, context, **encrypted))
    wire.connection_made(transport)


def _nowhere(_data: Any) -> None:
    """Take what is written to a peer that has left."""


# Sockets that balancers connect to


def _gate(
    reactor: Any,
    listening: socket.socket,
    factory: IProtocolFactory,
    admit: Admit,
    proxies: Networks,
) -> Port:
    gate = Gate(reactor, listening, proxies, admit)
    endpoint = _named(listening.getsockname())

    async def stop() -> None:
        gate.close()
        factory.doStop()

    factory.doStart()
    return Port(endpoint, lambda: Deferred.fromCoroutine(stop()), lambda: _twin(listening), proxies)


def _bound(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    try:
        return socket.create_server((endpoint.host, endpoint.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise endpoint.refused(error) from None


def _twin(listening: Any) -> socket.socket:
    return socket.socket(fileno=os.dup(listening.fileno()))


# Twisted's own transports


async def _listen_twisted(
    reactor: Any,
    endpoint: Endpoint,
    factory: IProtocolFactory,
    shown: Shown | None,
    inherited: socket.socket | None,
    proxies: Networks,
) -> Port:
    wrapped = factory
    if shown:
        inner = _Choosing(factory, reactor) if "h2" in shown.protocols else factory
        wrapped = TLSMemoryBIOFactory(shown.twisted, False, inner, reactor)

    def admit(accepted: socket.socket, header: Header | None) -> None:
        with accepted:
            behind = ProxiedFactory(wrapped, header) if header else wrapped
            reactor.adoptStreamConnection(accepted.fileno(), accepted.family, behind)

    if proxies:
        return _gate(reactor, _undelayed(inherited or _bound(endpoint)), factory, admit, proxies)
    if inherited:
        with inherited:  # Twisted makes a copy of it
            inherited.setblocking(False)
            port = reactor.adoptStreamPort(_undelayed(inherited).fileno(), inherited.family, wrapped)
    else:
        port = reactor.listenTCP(endpoint.port, wrapped, BACKLOG, endpoint.host)
        port._shouldShutdown = False  # which would end its twin as well
        _undelayed(port.socket)
    address = port.getHost()

    def stop() -> Deferred[None]:
        return maybeDeferred(port.stopListening)

    return Port(Endpoint(address.host, address.port), stop, lambda: _twin(port))


def _undelayed(listening: socket.socket) -> socket.socket:
    """Have the connections of a listening socket send small pieces at once; uvloop's do so anyway."""
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _connect_twisted(
    reactor: Any, endpoint: Endpoint, protocol: Any, tls: ClientTLS | None, timeout: float, preface: bytes
) -> None:
    kind = TCP6ClientEndpoint if ":" in endpoint.host else TCP4ClientEndpoint
    shaken: Deferred[None] = Deferred()
    factory: Any = Factory.forProtocol(lambda: Handshake(lambda _: protocol, shaken) if tls else protocol)
    if tls:
        factory = TLSMemoryBIOFactory(tls.twisted_context(), True, factory, reactor)
    if preface:
        factory = PrefacedFactory(factory, preface)
    opened = await kind(reactor, endpoint.host, endpoint.port, timeout).connect(factory)
    if tls:
        shaken.addTimeout(timeout, reactor).addErrback(layers.given_up, cast(Any, opened).transport)
        await shaken


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

    def buildProtocol(self, _address: Any) -> Handshake:
        shaken: Deferred[None] = Deferred()
        protocol = Handshake(lambda transport: _build(self.wrappedFactory, transport), shaken)
        shaken.addTimeout(HANDSHAKE, self._reactor)
        shaken.addErrback(lambda _: cast(Any, protocol.transport).abortConnection())
        return protocol


def _future(awaitable: Any, loop: asyncio.AbstractEventLoop) -> Deferred[Any]:
    return Deferred.fromFuture(asyncio.ensure_future(awaitable, loop=loop))


def _named(name: Any) -> Endpoint:
    return Endpoint(name[0], name[1])
