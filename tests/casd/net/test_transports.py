"""Transports: a Twisted protocol sees the same, whichever library has the socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.test.iosim import FakeTransport
from twisted.test.iosim import connect as wire_up
from zope.interface.verify import verifyObject

from casd.certificates import Pair
from casd.model import Endpoint
from casd.net.shown import Shown
from casd.net.tls import HTTP1, HTTP2, ClientTLS, ServerTLS, UntrustedPeer
from casd.net.transports import LoopTransport, connect, listen, loop_of, negotiated, peer_certificate
from tests.casd.estate import outcome_of

LOOPBACK = Endpoint("127.0.0.1", 0)


class Echo(Protocol):
    """Notes what it is told, and says it back."""

    def __init__(self) -> None:
        self.heard = b""
        self.lost: Failure | None = None

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost = reason


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


def test_without_encryption_a_peer_shows_nothing() -> None:
    assert peer_certificate(attached()[0]) is None


# On uvloop


class Reactor:
    """A reactor on uvloop, as far as transports know it."""

    def __init__(self) -> None:
        self._asyncioEventloop = uvloop.new_event_loop()

    def run(self, waiting: Coroutine[Deferred[Any], Any, Any] | Deferred[Any]) -> Any:
        loop = self._asyncioEventloop

        async def whole() -> Any:
            deferred = waiting if isinstance(waiting, Deferred) else Deferred.fromCoroutine(waiting)
            return await deferred.asFuture(loop)

        return loop.run_until_complete(whole())

    def until(self, true: Any) -> None:
        async def wait() -> None:
            for _ in range(200):
                if true():
                    return
                await asyncio.sleep(0.005)
            raise AssertionError("it never came")

        self._asyncioEventloop.run_until_complete(wait())


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    one = Reactor()
    yield one
    one._asyncioEventloop.run_until_complete(one._asyncioEventloop.shutdown_asyncgens())
    one._asyncioEventloop.close()


def pair(folder: Path, name: str) -> Pair:
    return Pair(folder / f"{name}.pem", folder / f"{name}.key")


class Room(Factory):
    """Keeps its protocols."""

    noisy = False

    def __init__(self) -> None:
        self.guests: list[Echo] = []
        self.started = 0

    def doStart(self) -> None:
        self.started += 1

    def doStop(self) -> None:
        self.started -= 1

    def buildProtocol(self, _address: Any) -> IProtocol:
        self.guests.append(Echo())
        return self.guests[-1]  # type: ignore[return-value]


def test_only_a_reactor_on_uvloop_has_its_loop(reactor: Reactor) -> None:
    assert loop_of(reactor) is reactor._asyncioEventloop
    assert loop_of(SimpleNamespace()) is None
    assert loop_of(SimpleNamespace(_asyncioEventloop=object())) is None


def test_a_plain_connection_on_uvloop(reactor: Reactor) -> None:
    room, visitor = Room(), Echo()
    port = reactor.run(listen(reactor, LOOPBACK, room))  # type: ignore[arg-type]
    reactor.run(connect(reactor, port.endpoint, visitor, None, 5))
    visitor.transport.write(b"hello")
    reactor.until(lambda: room.guests and room.guests[0].heard == b"hello")
    visitor.transport.loseConnection()
    reactor.until(lambda: room.guests[0].lost)
    assert room.started == 1
    reactor.run(port.stop())
    assert room.started == 0


def test_an_encrypted_connection_on_uvloop(reactor: Reactor, certificates: Path) -> None:
    shown = Shown(ServerTLS((pair(certificates, "server"),), certificates / "ca.pem"))
    authority = (certificates / "ca.pem").read_text()
    own = {"certificate": certificates / "client.pem", "key": certificates / "client.key"}
    room, visitor = Room(), Echo()
    port = reactor.run(listen(reactor, LOOPBACK, room, shown))  # type: ignore[arg-type]
    reactor.run(connect(reactor, port.endpoint, visitor, ClientTLS("mbx1.example.org", authority, **own), 5))
    reactor.until(lambda: room.guests)
    assert peer_certificate(visitor.transport) != peer_certificate(room.guests[0].transport)
    shown.prepare(ServerTLS((pair(certificates, "other"),)))()
    with pytest.raises(UntrustedPeer):
        reactor.run(connect(reactor, port.endpoint, Echo(), ClientTLS("mbx1.example.org", authority, **own), 5))
    later = Echo()
    reactor.run(connect(reactor, port.endpoint, later, ClientTLS("mbx2.example.org", authority, **own), 5))
    for each in (visitor, later):
        each.transport.abortConnection()
    reactor.run(port.stop())


class Hall(Room):
    """Speaks two protocols; those who come for the better one are `many`."""

    def __init__(self) -> None:
        super().__init__()
        self.many: list[Echo] = []

    def buildMultiplexed(self, _address: Any) -> Echo:
        self.many.append(Echo())
        return self.many[-1]


CHOICES = [(HTTP2, "h2"), (HTTP1, "http/1.1"), ((), ""), (("h2",), "h2")]


@pytest.mark.parametrize(("wanted", "spoken"), CHOICES)
def test_the_best_protocol_of_both_is_spoken_on_uvloop(
    reactor: Reactor, certificates: Path, wanted: tuple[str, ...], spoken: str
) -> None:
    hall, visitor = Hall(), Echo()
    shown = Shown(ServerTLS((pair(certificates, "server"),), None, HTTP2))
    port = reactor.run(listen(reactor, LOOPBACK, hall, shown))  # type: ignore[arg-type]
    tls = ClientTLS("mbx1.example.org", (certificates / "ca.pem").read_text(), protocols=wanted)
    reactor.run(connect(reactor, port.endpoint, visitor, tls, 5))
    reactor.until(lambda: hall.guests or hall.many)
    assert negotiated(visitor.transport) == spoken
    assert bool(hall.many) is (spoken == "h2")
    visitor.transport.abortConnection()
    reactor.run(port.stop())


def test_nobody_there_is_an_error(reactor: Reactor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match=r"."):
            reactor.run(connect(reactor, Endpoint(*taken.getsockname()), Echo(), None, 5))


def test_an_inherited_socket_is_used(reactor: Reactor) -> None:
    inherited = socket.socket()
    inherited.bind(("127.0.0.1", 0))
    inherited.listen()
    where = Endpoint(*inherited.getsockname())
    port = reactor.run(listen(reactor, where, Room(), None, inherited))  # type: ignore[arg-type]
    assert port.endpoint == where
    reactor.run(port.stop())


# On Twisted's own transports


class Memory(MemoryReactorClock):
    """A reactor without sockets; ports can be adopted."""

    def __init__(self) -> None:
        super().__init__()
        self.adopted: list[Any] = []

    def adoptStreamPort(self, number: int, family: Any, factory: Any) -> Any:
        self.adopted.append(factory)
        return self.listenTCP(1, factory)


def opened(waiting: Coroutine[Deferred[Any], Any, Any]) -> Any:
    outcome = outcome_of(waiting)
    return outcome[0] if outcome else None


@pytest.mark.parametrize("inherited", [False, True])
def test_listening_on_twisteds_transports(inherited: bool) -> None:
    memory, room = Memory(), Room()
    with socket.socket() as one:
        port = opened(listen(memory, Endpoint("127.0.0.1", 8080), room, None, one if inherited else None))  # type: ignore[arg-type]
    assert memory.tcpServers[0][1] is room
    assert bool(memory.adopted) is inherited
    assert outcome_of(port.stop()) == [None]


@pytest.mark.parametrize("host", ["10.0.0.1", "::1"])
def test_a_plain_connection_on_twisteds_transports(host: str) -> None:
    memory, visitor = Memory(), Echo()
    outcome = outcome_of(connect(memory, Endpoint(host, 444), visitor, None, 5))
    assert memory.tcpClients[0][:2] == (host, 444)
    protocol = memory.tcpClients[0][2].buildProtocol(None)
    protocol.makeConnection(FakeTransport(protocol, False))
    assert outcome == [None]


class Meeting:
    """Both ends of an encrypted connection, in memory."""

    def __init__(
        self,
        certificates: Path,
        name: str,
        shown: str = "server",
        room: Any = None,
        wanted: tuple[str, ...] = (),
    ) -> None:
        self.memory, self.room, self.visitor = Memory(), room or Room(), Echo()
        spoken = HTTP2 if room else HTTP1
        self.shown = Shown(ServerTLS((pair(certificates, shown),), certificates / "ca.pem", spoken))
        self.port = opened(listen(self.memory, Endpoint("127.0.0.1", 1), self.room, self.shown))  # type: ignore[arg-type]
        own = {"certificate": certificates / "client.pem", "key": certificates / "client.key"}
        tls = ClientTLS(name, (certificates / "ca.pem").read_text(), **own, protocols=wanted)
        self.outcome = outcome_of(connect(self.memory, Endpoint("127.0.0.1", 1), self.visitor, tls, 5))
        server = self.memory.tcpServers[0][1].buildProtocol(None)
        client = self.memory.tcpClients[0][2].buildProtocol(None)
        self.pump = wire_up(server, FakeTransport(server, True), client, FakeTransport(client, False))
        self.pump.flush()


def test_an_encrypted_connection_on_twisteds_transports(certificates: Path) -> None:
    meeting = Meeting(certificates, "mbx1.example.org")
    assert meeting.outcome == [None]
    meeting.visitor.transport.write(b"hello" * 20_000)  # less would be gathered for a moment
    meeting.pump.flush()
    assert meeting.room.guests[0].heard == b"hello" * 20_000
    assert peer_certificate(meeting.visitor.transport)


@pytest.mark.parametrize(("wanted", "spoken"), CHOICES)
def test_the_best_protocol_of_both_is_spoken_on_twisteds_transports(
    certificates: Path, wanted: tuple[str, ...], spoken: str
) -> None:
    hall = Hall()
    meeting = Meeting(certificates, "mbx1.example.org", room=hall, wanted=wanted)
    assert negotiated(meeting.visitor.transport) == spoken
    assert (len(hall.many), len(hall.guests)) == ((1, 0) if spoken == "h2" else (0, 1))
    assert outcome_of(meeting.port.stop()) == [None]


@pytest.mark.negative
def test_a_client_that_never_ends_its_handshake_is_cut_off(certificates: Path) -> None:
    memory, hall = Memory(), Hall()
    shown = Shown(ServerTLS((pair(certificates, "server"),), None, HTTP2))
    opened(listen(memory, Endpoint("127.0.0.1", 1), hall, shown))  # type: ignore[arg-type]
    server = memory.tcpServers[0][1].buildProtocol(None)
    transport = FakeTransport(server, True)
    server.makeConnection(transport)
    memory.advance(10)
    assert transport.disconnecting or transport.disconnected
    assert (hall.guests, hall.many) == ([], [])


@pytest.mark.negative
def test_nothing_is_sent_to_a_server_of_another_name(certificates: Path) -> None:
    meeting = Meeting(certificates, "mbx2.example.org")
    assert meeting.outcome[0].check(UntrustedPeer)
    meeting.pump.flush()
    assert meeting.room.guests[0].heard == b""


@pytest.mark.negative
def test_a_handshake_that_fails_is_told(certificates: Path) -> None:
    meeting = Meeting(certificates, "mbx1.example.org", "stranger-server")
    assert isinstance(meeting.outcome[0], Failure)
    assert meeting.room.guests[0].heard == b""


@pytest.mark.negative
def test_a_handshake_that_hangs_is_given_up(certificates: Path) -> None:
    memory = Memory()
    wanted = ClientTLS("mbx1.example.org", (certificates / "ca.pem").read_text())
    outcome = outcome_of(connect(memory, Endpoint("127.0.0.1", 1), Echo(), wanted, 5))
    client = memory.tcpClients[0][2].buildProtocol(None)
    client.makeConnection(FakeTransport(client, False))
    assert outcome == []
    memory.advance(5)
    assert isinstance(outcome[0], Failure)
