"""Transports: a Twisted protocol sees the same, whichever library has the socket."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from attrs import evolve
from OpenSSL import SSL
from twisted.internet import defer
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.error import CannotListenError, ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocol, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from casd.certificates import Pair
from casd.config import networks
from casd.model import Endpoint
from casd.net.shown import Shown
from casd.net.tls import HTTP1, HTTP2, ClientTLS, ServerTLS, UntrustedPeer
from casd.net.transports import (
    LoopTransport,
    Port,
    Proxied,
    connect,
    encryption,
    listen,
    loop_of,
    negotiated,
    start_tls,
)
from protocols.proxyprotocol import Header, Peer, write_v1, write_v2
from tests.casd.estate import outcome_of

LOOPBACK = Endpoint("127.0.0.1", 0)
BALANCER = networks("127.0.0.0/8 ::1", Path())
CLIENT, FRONT = Peer("192.0.2.7", 5), Peer("198.51.100.1", 443)


class Echo(Protocol):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard = b""
        self.made = 0
        self.lost: Failure | None = None

    def connectionMade(self) -> None:
        self.made += 1

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert self.lost is None
        self.lost = reason


@implementer(IHalfCloseableProtocol)
class Half(Echo):
    """Goes on when the other side has said all."""

    half = False

    def readConnectionLost(self) -> None:
        self.half = True

    def writeConnectionLost(self) -> None:
        pass


class Wire(asyncio.Transport):
    """What asyncio would give."""

    def __init__(self, peer: Any = ("192.0.2.7", 5)) -> None:
        super().__init__({"peername": peer, "sockname": ("::1", 443, 0, 0)})
        self.told: list[Any] = []

    def __getattribute__(self, name: str) -> Any:
        if name in {"write", "close", "abort", "pause_reading", "resume_reading", "set_protocol"}:
            return lambda *args: self.told.append((name, *args) if name != "set_protocol" else name)
        return super().__getattribute__(name)

    def is_closing(self) -> bool:
        return ("close",) in self.told or ("abort",) in self.told


class Pace:
    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


def attached(protocol: Any = None) -> tuple[LoopTransport, Wire, Echo]:
    echo = Echo()
    transport = LoopTransport(lambda _: protocol or echo)
    wire = Wire()
    transport.connection_made(wire)
    return transport, wire, echo


# LoopTransport


def test_bytes_pass_both_ways() -> None:
    transport, wire, echo = attached()
    assert verifyObject(ITransport, transport)
    assert echo.transport is transport
    transport.data_received(b"in")
    transport.write(b"out")
    transport.writeSequence([b"a", b"b"])
    assert echo.heard == b"in"
    assert wire.told[1:] == [("write", b"out"), ("write", b"ab")]
    assert transport.getPeer() == IPv4Address("TCP", "192.0.2.7", 5)
    assert transport.getHost() == IPv6Address("TCP", "::1", 443, 0, 0)


def test_a_peer_that_is_gone_already_has_no_address() -> None:
    transport = LoopTransport(lambda _: Echo())
    transport.connection_made(Wire(peer=None))
    assert transport.getPeer().host == ""


def test_a_factory_may_refuse() -> None:
    transport = LoopTransport(lambda _: None)
    wire = Wire()
    transport.connection_made(wire)
    assert wire.told == [("abort",)]
    transport.connection_lost(None)


@pytest.mark.parametrize(("reason", "kind"), [(None, ConnectionDone), (OSError("reset"), ConnectionLost)])
def test_the_end_is_told_once_in_twisteds_words(reason: Exception | None, kind: type[Exception]) -> None:
    transport, _, echo = attached()
    assert transport.eof_received() is False
    transport.connection_lost(reason)
    assert echo.lost is not None
    assert echo.lost.check(kind)
    echo.lost = None
    transport.connection_lost(reason)
    assert echo.lost is None
    assert transport.disconnecting


def test_what_is_written_to_a_peer_that_has_left_goes_nowhere() -> None:
    transport, wire, _ = attached()
    transport.write(b"in time")
    transport.eof_received()
    transport.write(b"too late")
    assert ("write", b"in time") in wire.told
    assert ("write", b"too late") not in wire.told


def test_the_peers_pace_is_felt_by_the_producer() -> None:
    transport, _, _ = attached()
    pace = Pace()
    transport.pause_writing()
    transport.registerProducer(pace, True)  # type: ignore[arg-type]
    transport.pause_writing()
    transport.resume_writing()
    transport.unregisterProducer()
    transport.resume_writing()
    assert pace.told == ["pause", "resume"]
    with pytest.raises(ValueError, match=r"push producers"):
        transport.registerProducer(pace, False)  # type: ignore[arg-type]


def test_reading_is_paused_until_it_closes() -> None:
    transport, wire, _ = attached()
    transport.pauseProducing()
    transport.resumeProducing()
    transport.stopProducing()
    transport.pauseProducing()
    transport.resumeProducing()
    assert wire.told[1:] == [("pause_reading",), ("resume_reading",), ("close",)]
    transport.abortConnection()
    assert wire.told[-1] == ("abort",)


def test_in_clear_nothing_is_known_of_encryption() -> None:
    assert encryption(attached()[0]) is None


@pytest.mark.parametrize("peer", [("::ffff:192.0.2.7", 5, 0, 0), ("::FFFF:c000:207", 5, 0, 0)])
def test_a_socket_for_both_families_has_one_spelling_for_an_address(peer: Any) -> None:
    transport = LoopTransport(lambda _: Echo())
    transport.connection_made(Wire(peer))
    assert transport.getPeer() == IPv4Address("TCP", "192.0.2.7", 5)


def test_a_proxied_connection_is_the_clients() -> None:
    client = Peer("2001:db8::7", 5)
    transport = Proxied(lambda _: Echo(), Header(client, Peer("2001:db8::1", 443), (), 52))
    transport.connection_made(Wire())
    assert transport.getPeer() == IPv6Address("TCP", "2001:db8::7", 5)
    assert transport.getHost() == IPv6Address("TCP", "2001:db8::1", 443)


def test_a_connection_of_the_balancers_own_is_the_balancers() -> None:
    transport = Proxied(lambda _: Echo(), Header(None, None, (), 16))
    transport.connection_made(Wire())
    assert transport.getPeer().host == "192.0.2.7"
    assert transport.getHost().host == "::1"


def test_only_a_reactor_on_uvloop_has_its_loop() -> None:
    loop = uvloop.new_event_loop()
    assert loop_of(SimpleNamespace(_asyncioEventloop=loop)) is loop
    assert loop_of(SimpleNamespace()) is None
    assert loop_of(SimpleNamespace(_asyncioEventloop=object())) is None
    loop.close()


# What both kinds promise


class World:
    """A reactor of one kind, turned by hand."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.loop = uvloop.new_event_loop() if kind == "uvloop" else None
        self.reactor: Any = AsyncioSelectorReactor(self.loop) if self.loop else EPollReactor()
        self.ports: list[Port] = []
        self.rooms: list[Room] = []
        self.visitors: list[Any] = []

    def turn(self) -> None:
        """Let the reactor do what is to be done now, or wait for a moment."""
        if self.loop:  # for which Twisted's own word waits ten milliseconds, whatever comes
            self.loop.call_later(0.001, self.loop.stop)
            self.loop.run_forever()
        else:
            self.reactor.iterate(0.002)

    def until(self, true: Callable[[], Any]) -> None:
        give_up = monotonic() + 60
        while not true():
            assert monotonic() < give_up, "it never came"
            self.turn()

    def run(self, waiting: Coroutine[Deferred[Any], Any, Any] | Deferred[Any] | Callable[[], Any]) -> Any:
        """Run something that may wait, inside the reactor."""
        outcome: list[Any] = []

        def begin() -> None:
            begun = waiting() if callable(waiting) else waiting
            deferred = begun if isinstance(begun, Deferred) else defer.ensureDeferred(begun)
            deferred.addBoth(outcome.append)

        self.reactor.callLater(0, begin)
        self.until(lambda: outcome)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]

    def do(self, action: Callable[[], Any]) -> None:
        """Do something inside the reactor, as a protocol does."""
        self.run(lambda: defer.maybeDeferred(action))

    def listen(self, room: Room, tls: Shown | None = None, where: Endpoint = LOOPBACK, **more: Any) -> Port:
        self.rooms.append(room)
        self.ports.append(self.run(listen(self.reactor, where, room, tls, **more)))  # type: ignore[arg-type]
        return self.ports[-1]

    def connect(self, port: Port, protocol: Any, tls: ClientTLS | None = None, preface: bytes = b"") -> Any:
        self.visitors.append(protocol)
        self.run(connect(self.reactor, port.endpoint, protocol, tls, 5, preface))
        return protocol

    def meet(self, room: Room, tls: Shown | None = None, wanted: ClientTLS | None = None) -> tuple[Any, Any]:
        """Return both ends of a connection."""
        visitor = self.connect(self.listen(room, tls), Echo(), wanted)
        self.until(lambda: room.guests and room.guests[-1].made)
        return room.guests[-1], visitor

    def close(self) -> None:
        for port in self.ports:
            self.run(port.stop)
        everyone = [guest for room in self.rooms for guest in room.guests] + self.visitors
        left = [one for one in everyone if one.transport and not one.lost]
        for one in left:
            if not one.lost:
                self.do(one.transport.abortConnection)
        self.until(lambda: all(one.lost for one in left))
        if self.loop:
            self.loop.close()


@pytest.fixture(params=["uvloop", "twisted"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    one = World(request.param)
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: one.reactor)
    yield one
    one.close()


class Room(Factory):
    """Keeps its protocols."""

    noisy = False

    def __init__(self, kind: Callable[[], Any] = Echo) -> None:
        self.guests: list[Any] = []
        self.addresses: list[Any] = []
        self.started = 0
        self._kind = kind

    def doStart(self) -> None:
        self.started += 1

    def doStop(self) -> None:
        self.started -= 1

    def buildProtocol(self, address: Any) -> IProtocol:
        self.addresses.append(address)
        self.guests.append(self._kind())
        return self.guests[-1]  # type: ignore[no-any-return]


def pairs(folder: Path, name: str) -> ServerTLS:
    return ServerTLS((Pair(folder / f"{name}.pem", folder / f"{name}.key"),))


def shows(folder: Path, name: str = "server", *, asks: bool = False) -> Shown:
    return Shown(evolve(pairs(folder, name), client_ca=folder / "ca.pem" if asks else None))


def wants(folder: Path, name: str = "mbx1.example.org", *, proves: bool = False) -> ClientTLS:
    own = {"certificate": folder / "client.pem", "key": folder / "client.key"} if proves else {}
    return ClientTLS(name, (folder / "ca.pem").read_text(), **own)  # type: ignore[arg-type]


def test_bytes_pass_in_clear(world: World) -> None:
    room = Room()
    guest, visitor = world.meet(room)
    world.do(lambda: visitor.transport.writeSequence([b"hello", b" there"]))
    world.until(lambda: guest.heard == b"hello there")
    world.do(lambda: guest.transport.write(b"welcome"))
    world.until(lambda: visitor.heard == b"welcome")
    assert guest.transport.getPeer() == visitor.transport.getHost() == room.addresses[0]
    assert guest.transport.getHost().port == world.ports[0].endpoint.port
    world.do(visitor.transport.loseConnection)
    world.until(lambda: guest.lost and visitor.lost)
    assert guest.lost.check(ConnectionDone)
    assert room.started == 1
    world.run(world.ports.pop().stop)
    assert room.started == 0


def test_an_address_of_version_6(world: World) -> None:
    room = Room()
    port = world.listen(room, where=Endpoint("::1", 0))
    visitor = world.connect(port, Echo())
    world.until(lambda: room.guests)
    peer = room.guests[0].transport.getPeer()
    assert (peer.host, peer.port) == ("::1", visitor.transport.getHost().port)
    assert isinstance(peer, IPv6Address)


def test_small_pieces_are_sent_at_once(world: World, certificates: Path) -> None:
    for proxies in ((), networks("192.0.2.1", Path()), BALANCER):
        room = Room()
        port = world.listen(room, proxies=proxies)
        visitor = world.connect(port, Echo(), preface=write_v2() if proxies == BALANCER else b"")
        world.until(lambda: room.guests and room.guests[0].made)  # noqa: B023
        assert visitor.made
        assert nodelay(room.guests[0].transport)


def nodelay(transport: Any) -> bool:
    while hasattr(transport, "wrappedProtocol"):
        transport = transport.transport
    wire = transport.get_extra_info("socket") if isinstance(transport, LoopTransport) else transport.getHandle()
    return bool(wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_everything_written_arrives_before_the_end(world: World, certificates: Path) -> None:
    for tls, wanted in ((None, None), (shows(certificates), wants(certificates))):
        guest, visitor = world.meet(Room(), tls, wanted)
        much = b"x" * 3_000_000

        def leave(guest: Any = guest, much: bytes = much) -> None:
            guest.transport.write(much)
            guest.transport.loseConnection()

        world.do(leave)
        world.until(lambda: visitor.lost)  # noqa: B023
        assert len(visitor.heard) == len(much)


def test_an_abort_is_at_once(world: World) -> None:
    guest, visitor = world.meet(Room())

    def leave() -> None:
        guest.transport.write(b"x" * 30_000_000)
        guest.transport.abortConnection()

    world.do(leave)
    world.until(lambda: guest.lost and visitor.lost)
    assert len(visitor.heard) < 30_000_000


def test_a_reset_is_no_proper_end(world: World) -> None:
    room = Room()
    port = world.listen(room)
    with socket.create_connection((port.endpoint.host, port.endpoint.port)) as rude:
        world.until(lambda: room.guests)
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    world.until(lambda: room.guests[0].lost)
    assert room.guests[0].lost.check(ConnectionLost)


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_peers_pace_reaches_the_producer(world: World, certificates: Path, encrypted: bool) -> None:
    tls = (shows(certificates), wants(certificates)) if encrypted else ()
    guest, visitor = world.meet(Room(), *tls)
    pace = Pace()

    def fill() -> None:
        visitor.transport.pauseProducing()
        guest.transport.registerProducer(pace, True)
        for _ in range(1000):
            guest.transport.write(b"x" * 20_000)

    world.do(fill)
    world.until(lambda: pace.told[:1] == ["pause"])
    size = len(visitor.heard)
    for _ in range(25):
        world.turn()
    assert len(visitor.heard) <= size + 1_000_000
    world.do(visitor.transport.resumeProducing)
    world.until(lambda: pace.told[-1] == "resume")
    world.until(lambda: len(visitor.heard) == 20_000_000)
    world.do(guest.transport.unregisterProducer)


def test_a_protocol_may_go_on_when_the_other_side_has_said_all(world: World) -> None:
    room = Room(Half)
    port = world.listen(room)
    visitor = world.connect(port, Half())
    world.until(lambda: room.guests and room.guests[0].made)
    guest = room.guests[0]
    world.do(visitor.transport.loseWriteConnection)
    world.until(lambda: guest.half)
    world.do(lambda: guest.transport.write(b"still here"))
    world.until(lambda: visitor.heard == b"still here")
    world.do(guest.transport.loseConnection)
    world.until(lambda: guest.lost and visitor.half)


def test_without_encryption_there_is_nothing_to_know(world: World) -> None:
    guest, visitor = world.meet(Room())
    assert encryption(guest.transport) is encryption(visitor.transport) is None


def test_what_is_known_of_an_encrypted_connection(world: World, certificates: Path) -> None:
    guest, visitor = world.meet(Room(), shows(certificates, asks=True), wants(certificates, proves=True))
    ours, theirs = encryption(guest.transport), encryption(visitor.transport)
    assert ours
    assert theirs
    assert ours.version == theirs.version == "TLSv1.3"
    assert ours.server_name == "mbx1.example.org"
    assert ours.shown == theirs.peer
    assert ours.peer != ours.shown
    assert hashlib.sha256(ours.peer or b"").digest() != hashlib.sha256(ours.shown or b"").digest()
    end_point = hashlib.sha256(ours.shown or b"").digest()
    assert ours.binding("tls-server-end-point") == theirs.binding("tls-server-end-point") == end_point
    exported = None if world.kind == "uvloop" else ours.binding("tls-exporter")
    assert ours.binding("tls-exporter") == theirs.binding("tls-exporter") == exported
    assert ours.binding("tls-unique") is None, "it binds nothing in TLS 1.3"
    assert ours.protocol == ""


class Hall(Room):
    """Speaks two protocols; those who come for the better one are `many`."""

    def __init__(self) -> None:
        super().__init__()
        self.many: list[Echo] = []

    def buildMultiplexed(self, _address: Any) -> Echo:
        self.many.append(Echo())
        return self.many[-1]


@pytest.mark.parametrize(
    ("wanted", "spoken"), [(HTTP2, "h2"), (HTTP1, "http/1.1"), ((), ""), (("h2",), "h2"), (("imap", "h2"), "h2")]
)
def test_the_best_protocol_of_both_is_spoken(
    world: World, certificates: Path, wanted: tuple[str, ...], spoken: str
) -> None:
    hall = Hall()
    port = world.listen(hall, Shown(evolve(pairs(certificates, "server"), protocols=HTTP2)), proxies=BALANCER)
    tls = evolve(wants(certificates), protocols=wanted)
    visitor = world.connect(port, Echo(), tls, write_v2(CLIENT, FRONT))
    world.until(lambda: hall.guests or hall.many)
    assert negotiated(visitor.transport) == spoken
    assert (len(hall.many), len(hall.guests)) == ((1, 0) if spoken == "h2" else (0, 1))
    (guest,) = hall.many + hall.guests
    world.until(lambda: guest.made)
    assert guest.transport.getPeer().host == CLIENT.host
    world.do(visitor.transport.abortConnection)
    world.until(lambda: guest.lost)


@pytest.mark.negative
def test_a_client_that_never_ends_its_handshake_is_cut_off(
    world: World, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casd.net.transports.HANDSHAKE", 0.05)
    hall = Hall()
    port = world.listen(hall, Shown(evolve(pairs(certificates, "server"), protocols=HTTP2)))
    visitor = world.connect(port, Echo())
    world.until(lambda: visitor.lost)
    assert (hall.guests, hall.many) == ([], [])


def test_another_certificate_is_shown_from_now_on(world: World, certificates: Path) -> None:
    room, shown = Room(), shows(certificates)
    guest, _ = world.meet(room, shown, wants(certificates))
    first = encryption(guest.transport)
    shown.prepare(pairs(certificates, "other"))()
    with pytest.raises(UntrustedPeer):
        world.connect(world.ports[0], Echo(), wants(certificates))
    world.connect(world.ports[0], Echo(), wants(certificates, "mbx2.example.org"))
    world.until(lambda: len(room.guests) == 3)
    later = encryption(room.guests[2].transport)
    assert first
    assert later
    assert first.shown != later.shown


@pytest.mark.negative
def test_nothing_is_sent_to_a_server_of_another_name(world: World, certificates: Path) -> None:
    room, visitor = Room(), Echo()
    port = world.listen(room, shows(certificates))
    with pytest.raises(UntrustedPeer):
        world.connect(port, visitor, wants(certificates, "mbx2.example.org"))
    world.until(lambda: visitor.lost)
    assert all(guest.heard == b"" for guest in room.guests)


@pytest.mark.negative
def test_a_handshake_that_fails_is_told(world: World, certificates: Path) -> None:
    room, visitor = Room(), Echo()
    port = world.listen(room, shows(certificates, "stranger-server"))
    with pytest.raises(Exception, match=r"(?i)certificate|handshake"):
        world.connect(port, visitor, wants(certificates))
    assert not visitor.made


@pytest.mark.negative
def test_a_handshake_that_hangs_is_given_up(world: World, certificates: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = Endpoint(*silent.getsockname())
        with pytest.raises(Exception):  # noqa: B017, PT011 (each library has its own)
            world.run(connect(world.reactor, where, Echo(), wants(certificates), 0.05))
        accepted, _ = silent.accept()
        accepted.setblocking(False)
        hello: list[bytes] = []

        def ended() -> bool:
            try:
                hello.append(accepted.recv(65536))
            except BlockingIOError:
                return False
            except OSError:
                return True
            return hello[-1] == b""

        world.until(ended)
        accepted.close()


def test_nobody_there_is_an_error(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Exception, match=r"(?i)refused|errno 111"):
            world.run(connect(world.reactor, Endpoint(*taken.getsockname()), Echo(), None, 5))


def test_an_inherited_socket_is_used(world: World) -> None:
    inherited = socket.create_server(("127.0.0.1", 0))
    where = Endpoint(*inherited.getsockname())
    assert world.listen(Room(), where=where, inherited=inherited).endpoint == where


@pytest.mark.parametrize("proxies", ["", "127.0.0.1"])
def test_an_address_that_is_taken_is_named(world: World, proxies: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = Endpoint(*taken.getsockname())
        with pytest.raises((OSError, CannotListenError), match=f"isten (at|on) {where}: .*Address already in use"):
            world.run(listen(world.reactor, where, Room(), proxies=networks(proxies, Path())))  # type: ignore[arg-type]


# Encryption of a running connection


class Clerk(Echo):
    """Speaks a little protocol with STARTTLS, on the server's side."""

    patience = 60.0

    def __init__(self, tls: Shown) -> None:
        super().__init__()
        self.tls = tls
        self.began: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self.heard.startswith(b"STARTTLS\r\n") and not self.began:
            self.transport.write(b"go ahead\r\n")
            rest = self.heard.removeprefix(b"STARTTLS\r\n")
            self.heard = b""
            self.began = outcome_of(start_tls(self, self.tls, rest, self.patience))
            if not rest:
                self.transport.write(b"secret greeting")


def asked(world: World, clerk: Callable[[], Clerk], said: bytes, **more: Any) -> tuple[Any, Any]:
    room = Room(clerk)
    visitor = world.connect(world.listen(room, **more), Echo(), preface=write_v1(CLIENT, FRONT) if more else b"")
    world.do(lambda: visitor.transport.write(said))
    world.until(lambda: visitor.heard or visitor.lost)
    return room.guests[0], visitor


@pytest.mark.parametrize("proxies", [(), BALANCER])
def test_a_running_connection_can_be_encrypted(world: World, certificates: Path, proxies: Any) -> None:
    more = {"proxies": proxies} if proxies else {}
    guest, visitor = asked(world, lambda: Clerk(shows(certificates)), b"STARTTLS\r\n", **more)
    assert visitor.heard == b"go ahead\r\n"
    visitor.heard = b""
    world.run(lambda: start_tls(visitor, wants(certificates), b""))
    world.until(lambda: guest.began and visitor.heard == b"secret greeting")
    assert guest.began == [None]
    world.do(lambda: visitor.transport.write(b"and back"))
    world.until(lambda: guest.heard == b"and back")
    ours, theirs = encryption(guest.transport), encryption(visitor.transport)
    assert ours
    assert theirs
    assert ours.shown == theirs.peer
    assert theirs.binding("tls-server-end-point") == ours.binding("tls-server-end-point")
    assert guest.transport.getPeer().host == ("192.0.2.7" if proxies else "127.0.0.1")
    assert guest.made == visitor.made == 1
    world.do(visitor.transport.loseConnection)
    world.until(lambda: guest.lost and visitor.lost)


@pytest.mark.negative
def test_bytes_in_clear_behind_the_command_end_the_connection(world: World, certificates: Path) -> None:
    guest, visitor = asked(world, lambda: Clerk(shows(certificates)), b"STARTTLS\r\nRCPT TO:<mallory@example.org>\r\n")
    world.until(lambda: guest.lost and visitor.lost)
    assert guest.began[0].check(ConnectionAborted)
    assert guest.heard == b""


@pytest.mark.negative
def test_bytes_in_clear_in_the_handshakes_place_end_the_connection(world: World, certificates: Path) -> None:
    guest, visitor = asked(world, lambda: Clerk(shows(certificates)), b"STARTTLS\r\n")
    world.do(lambda: visitor.transport.write(b"RCPT TO:<mallory@example.org>\r\n"))
    world.until(lambda: guest.lost and visitor.lost and guest.began)
    assert isinstance(guest.began[0], Failure)
    assert guest.heard == b""


@pytest.mark.negative
def test_a_server_of_another_name_is_not_trusted_later_either(world: World, certificates: Path) -> None:
    _, visitor = asked(world, lambda: Clerk(shows(certificates)), b"STARTTLS\r\n")
    with pytest.raises(UntrustedPeer):
        world.run(lambda: start_tls(visitor, wants(certificates, "mbx2.example.org"), b""))
    world.until(lambda: visitor.lost)


@pytest.mark.negative
def test_an_upgrade_that_nobody_answers_is_given_up(
    world: World, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clerk, "patience", 0.05)
    guest, visitor = asked(world, lambda: Clerk(shows(certificates)), b"STARTTLS\r\n")
    world.until(lambda: guest.lost and guest.began)
    assert isinstance(guest.began[0], Failure)
    world.until(lambda: visitor.lost)
    assert b"secret" not in visitor.heard


# Who the client is


@pytest.mark.parametrize("write", [write_v1, write_v2])
@pytest.mark.parametrize("encrypted", [False, True])
def test_a_listed_peer_says_for_whom_it_connects(world: World, certificates: Path, write: Any, encrypted: bool) -> None:
    room = Room()
    port = world.listen(room, shows(certificates) if encrypted else None, proxies=BALANCER)
    visitor = world.connect(port, Echo(), wants(certificates) if encrypted else None, write(CLIENT, FRONT))
    world.do(lambda: visitor.transport.write(b"hello"))
    world.until(lambda: room.guests and room.guests[0].heard == b"hello")
    assert room.addresses == [IPv4Address("TCP", "192.0.2.7", 5)]
    assert room.guests[0].transport.getPeer() == IPv4Address("TCP", "192.0.2.7", 5)
    assert room.guests[0].transport.getHost() == IPv4Address("TCP", "198.51.100.1", 443)
    assert bool(encryption(room.guests[0].transport)) is encrypted


@pytest.mark.parametrize("header", [write_v1(), write_v2()])
def test_a_listed_peer_may_connect_for_itself(world: World, header: bytes) -> None:
    room = Room()
    visitor = world.connect(world.listen(room, proxies=BALANCER), Echo(), preface=header)
    world.until(lambda: room.guests and room.guests[0].made)
    assert room.guests[0].transport.getPeer() == visitor.transport.getHost()
    assert room.guests[0].transport.getHost().port == world.ports[0].endpoint.port


@pytest.mark.negative
@pytest.mark.parametrize("header", [write_v1(CLIENT, FRONT), write_v2(CLIENT, FRONT)])
@pytest.mark.parametrize("proxies", [(), networks("192.0.2.1", Path())])
def test_from_anybody_else_a_header_is_just_bytes(
    world: World, certificates: Path, header: bytes, proxies: Any
) -> None:
    room = Room()
    plain = world.connect(world.listen(room, proxies=proxies), Echo(), preface=header)
    world.until(lambda: room.guests and room.guests[0].heard)
    assert room.guests[0].heard == header
    assert room.guests[0].transport.getPeer() == plain.transport.getHost()
    port = world.listen(Room(), shows(certificates), proxies=proxies)
    with pytest.raises(Exception):  # noqa: B017, PT011 (each library has its own)
        world.connect(port, Echo(), wants(certificates), header)


@pytest.mark.negative
@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00",
        b"\x16\x03\x01" + write_v2(CLIENT, FRONT),
        b"GET / HTTP/1.1\r\n\r\n",
        b"PROXY UNKNOWN " + b"x" * 200,
        write_v2(CLIENT, FRONT)[:14] + b"\xff\xff",
        write_v2(CLIENT, FRONT)[:14] + b"\x00\x0b" + bytes(11),
    ],
)
def test_a_listed_peer_without_a_proper_header_is_closed(world: World, said: bytes) -> None:
    room = Room()
    port = world.listen(room, proxies=BALANCER)
    visitor = world.connect(port, Echo(), preface=said)
    world.until(lambda: visitor.lost)
    assert room.guests == []


@pytest.mark.negative
@pytest.mark.parametrize("drop", [b"P", b"\r"])
def test_a_header_that_comes_in_drops_has_a_time_limit(
    world: World, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casd.net.proxyprotocol.PATIENCE", 0.05)
    room = Room()
    visitor = world.connect(world.listen(room, proxies=BALANCER), Echo(), preface=drop)
    world.until(lambda: visitor.lost)
    assert room.guests == []


def test_a_header_may_come_in_pieces(world: World) -> None:
    for header in (write_v1(CLIENT, FRONT), write_v2(CLIENT, FRONT)):
        room = Room()
        port = world.listen(room, proxies=BALANCER)
        with socket.create_connection((port.endpoint.host, port.endpoint.port)) as slow:
            for at in range(0, len(header) - 1, 7):
                slow.sendall(header[at : min(at + 7, len(header) - 1)])
                world.turn()
            slow.sendall(header[-1:] + b"hello")
            world.until(lambda: room.guests and room.guests[0].heard == b"hello")  # noqa: B023
            assert room.guests[0].transport.getPeer().host == "192.0.2.7"


def test_a_peer_that_goes_before_its_header_is_forgotten(world: World) -> None:
    room = Room()
    port = world.listen(room, proxies=BALANCER)
    visitor = world.connect(port, Echo(), preface=b"PRO")
    world.do(visitor.transport.loseConnection)
    world.until(lambda: visitor.lost)
    assert room.guests == []


def test_another_port_takes_over_a_socket(world: World) -> None:
    first, second = Room(), Room()
    port = world.listen(first)
    later = world.listen(second, where=port.endpoint, inherited=port.twin(), proxies=BALANCER)
    world.run(port.stop)
    world.ports.remove(port)
    assert (later.endpoint, later.proxies, port.proxies) == (port.endpoint, BALANCER, ())
    world.connect(later, Echo(), preface=write_v1(CLIENT, FRONT))
    world.until(lambda: second.guests)
    last = Room()
    world.listen(last, where=port.endpoint, inherited=later.twin())
    world.run(later.stop)
    world.ports.remove(later)
    world.connect(later, Echo())
    world.until(lambda: last.guests)


def test_version_1_2_has_another_binding(world: World, certificates: Path) -> None:
    room = Room()
    port = world.listen(room, shows(certificates))
    old = SSL.Context(SSL.TLS_CLIENT_METHOD)
    old.set_max_proto_version(SSL.TLS1_2_VERSION)
    old.set_alpn_protos([b"http/1.1"])
    with socket.create_connection((port.endpoint.host, port.endpoint.port)) as wire:
        wire.setblocking(False)
        client = SSL.Connection(old, wire)
        client.set_connect_state()

        def shaken() -> bool:
            try:
                client.do_handshake()
            except SSL.WantReadError:
                return False
            return True

        world.until(shaken)
        world.until(lambda: room.guests and room.guests[0].made)
        known = encryption(room.guests[0].transport)
        assert known
        assert (known.version, known.protocol) == ("TLSv1.2", "http/1.1")
        assert known.binding("tls-unique") == (client.get_finished() if world.kind == "uvloop" else None)
