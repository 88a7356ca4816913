"""A front end among fakes: a directory in memory, mailbox servers answered by hand, clients that speak in bytes."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import argon2
import attrs
from attrs import evolve
from prometheus_client import generate_latest
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from casd import access, accesslog, autodiscover
from casd.access import ClientAccess
from casd.accesslog import AccessLog
from casd.auth import basic, forms, password
from casd.auth.forms import Sessions
from casd.auth.password import Passwords
from casd.availability import availability
from casd.availability.availability import Availability
from casd.certificates import Certificate
from casd.directory import cache
from casd.directory.cache import CachedDirectory
from casd.frontends import http, mapihttp, rpchttp
from casd.frontends.door import Door, House
from casd.interfaces import IDirectory
from casd.metrics import Metrics
from casd.model import (
    Copy,
    Database,
    DirectoryDown,
    Endpoint,
    Generation,
    Group,
    Mailbox,
    Password,
    Server,
    Site,
    Topology,
)
from casd.net import pool
from casd.net.handover import Handover
from casd.net.pool import Pool
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, Assertion, seal, verify_all
from protocols.http1 import Field, RequestHead, ResponseHead, chunk, write_fields
from protocols.http1_parser import End, RequestParser, ResponseParser

T = TypeVar("T")

NOON = 1_800_000_000.0
KEYS = {"mbx1": {"1": b"1" * 32}, "mbx2": {"1": b"2" * 32}, "mbx3": {"1": b"3" * 32}}
HASHED = argon2.PasswordHasher(1, 8, 1).hash("secret")


def mailbox(number: int, name: str, database: str, **more: Any) -> Mailbox:
    """Return a mailbox of example.org."""
    address = f"{name}@example.org"
    return Mailbox(UUID(int=number), address, address, database, name.title(), **more)


ALICE = mailbox(1, "alice", "DB01", proxy_addresses=("office@example.org",))
BOB = mailbox(2, "bob", "DB01")
CAROL = mailbox(3, "carol", "DB02")
DAVE = mailbox(4, "dave", "DB03")

MBX1 = Server("mbx1", "Main", endpoints={"http": Endpoint("10.0.0.1", 444)}, tls_name="mbx1.example.org", pin="00")
MBX2 = Server("mbx2", "Main", endpoints={"http": Endpoint("10.0.0.2", 444)}, tls_name="mbx2.example.org", pin="00")
MBX3 = Server("mbx3", "Main", endpoints={"http": Endpoint("10.0.0.3", 444)}, tls_name="mbx3.example.org", pin="00")
TOPOLOGY = Topology(
    organisation="Example",
    domains=frozenset({"example.org"}),
    sites={"Main": Site("Main", "mail.example.org", "https://mail.example.org", "https://mail.example.org")},
    servers={server.name: server for server in (MBX1, MBX2, MBX3)},
    databases={
        "DB01": Database("DB01", UUID(int=101), "mbx1", copies=(Copy("mbx1", 1), Copy("mbx2", 2))),
        "DB02": Database("DB02", UUID(int=102), "mbx2", copies=(Copy("mbx2"),)),
        "DB03": Database("DB03", UUID(int=103), "mbx3", copies=(Copy("mbx3"),)),
    },
)


def result(waiting: Coroutine[Deferred[Any], Any, T] | Deferred[T]) -> T:
    """Return what a coroutine or a Deferred came to without waiting, or raise what it raised."""
    outcome = outcome_of(waiting)
    assert outcome, "it still waits"
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]  # type: ignore[no-any-return]


def outcome_of(waiting: Coroutine[Deferred[Any], Any, T] | Deferred[T]) -> list[Any]:
    """Return the list that will hold what a coroutine comes to: a value or a Failure."""
    outcome: list[Any] = []
    deferred = waiting if isinstance(waiting, Deferred) else Deferred.fromCoroutine(waiting)
    deferred.addBoth(outcome.append)
    return outcome


def settings(kind: Any, folder: Path, **given: Any) -> Any:
    """Return a section's value as from an ini: what is not given has its default."""
    values = {
        field.name: field.metadata["converter"](field.metadata["default"], folder)
        for field in attrs.fields(kind)
        if field.name not in given
    }
    return kind(**values, **given)


def basic_auth(login: str = "alice@example.org", secret: str = "secret") -> bytes:
    """Return an Authorization line."""
    return b"Authorization: Basic %b\r\n" % b64encode(f"{login}:{secret}".encode())


def get(target: str = "/ews/", *lines: bytes, method: str = "GET", host: str = "mail.example.org") -> bytes:
    """Return the head of a request."""
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n".encode()
    return head + b"".join(lines) + b"\r\n"


def post(body: bytes, target: str = "/ews/", *lines: bytes) -> bytes:
    """Return a whole request of alice's with a body."""
    return get(target, basic_auth(), b"Content-Length: %d\r\n" % len(body), *lines, method="POST") + body


@implementer(IDirectory)
class FakeDirectory:
    """A directory in memory. `change` it, or take it `down`."""

    def __init__(self) -> None:
        self.mailboxes = [ALICE, BOB, CAROL, DAVE]
        self.groups: list[Group] = []
        self.kept: list[Generation] = []
        self.passwords = {mailbox.guid: Password(HASHED) for mailbox in self.mailboxes}
        self.estate = TOPOLOGY
        self.down = False
        self.number = 1
        self.asked: list[str] = []
        self.slow: list[Deferred[None]] = []
        """For each of the next questions about a mailbox, when its answer, as of now, is told."""

    def change(self, **estate: Any) -> None:
        """Count a change, of the topology if there is one."""
        self.number += 1
        self.estate = evolve(self.estate, changed=self.number, **estate)

    def move(self, database: str, server: str) -> None:
        """Let another server have the active copy of a database."""
        moved = evolve(self.estate.databases[database], active=server)
        self.change(databases={**self.estate.databases, database: evolve(moved, epoch=moved.epoch + 1)})

    async def changed(self) -> int:
        return self._said("changed", self.number)

    async def topology(self) -> Topology:
        return self._said("topology", self.estate)

    async def by_login(self, login: str) -> Mailbox | None:
        return await self._later(self._said(f"login {login}", self._find(login)))

    async def by_address(self, address: str) -> Mailbox | None:
        return await self._later(self._said(f"address {address}", self._find(address)))

    async def by_guid(self, guid: UUID, domain: str) -> Mailbox | None:
        found = (mailbox for mailbox in self.mailboxes if (mailbox.guid, mailbox.domain) == (guid, domain))
        return self._said(f"guid {guid}", next(found, None))

    async def by_legacy_dn(self, legacy_dn: str) -> Mailbox | None:
        found = (mailbox for mailbox in self.mailboxes if mailbox.legacy_dn == legacy_dn)
        return self._said(f"legacy DN {legacy_dn}", next(found, None))

    async def find(self, words: str, limit: int) -> tuple[Mailbox, ...]:
        found = [one for one in self.mailboxes if not one.hidden and one.address.startswith(words.lower())]
        return self._said(f"find {words}", tuple(found[:limit]))

    async def group(self, address: str) -> Group | None:
        found = (group for group in self.groups if group.address == address.lower())
        return self._said(f"group {address}", next(found, None))

    async def find_groups(self, words: str, limit: int) -> tuple[Group, ...]:
        found = [one for one in self.groups if not one.hidden and one.address.startswith(words.lower())]
        return self._said(f"find groups {words}", tuple(found[:limit]))

    async def room_lists(self) -> tuple[Group, ...]:
        return self._said("room lists", tuple(group for group in self.groups if group.room_list))

    async def generations(self) -> tuple[Generation, ...]:
        return self._said("generations", tuple(self.kept))

    async def password(self, mailbox: Mailbox) -> Password | None:
        return self._said(f"password {mailbox.address}", self.passwords.get(mailbox.guid))

    async def _later(self, found: Mailbox | None) -> Mailbox | None:
        if self.slow:
            await self.slow.pop()
        return found

    def _find(self, name: str) -> Mailbox | None:
        found = (mailbox for mailbox in self.mailboxes if name.lower() in {mailbox.address, *mailbox.proxy_addresses})
        return next(found, None)

    def _said(self, question: str, value: T) -> T:
        self.asked.append(question)
        if self.down:
            raise DirectoryDown("gone fishing")
        return value


class Wire(StringTransport):
    """A transport that ends its protocol a moment later, as a socket does, and delivers nothing while it is paused."""

    def __init__(self, clock: Clock, protocol: Any, peer: str = "192.0.2.7") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", peer, 50000), lenient=True)
        self.aborted = False
        self.full = False  # the peer reads nothing: closing waits
        self._clock = clock
        self._protocol = protocol
        self._arrived: list[bytes] = []
        protocol.makeConnection(self)

    @property
    def open(self) -> bool:
        """Whether nobody has closed it."""
        return self.connected and not self.disconnecting

    @property
    def paused(self) -> bool:
        """Whether this side reads nothing."""
        return self.producerState == "paused"

    def deliver(self, data: bytes) -> None:
        """Let bytes arrive from the peer."""
        self._arrived.append(data)
        while self._arrived and not self.paused and self.open:
            self._protocol.dataReceived(self._arrived.pop(0))

    def taken(self) -> bytes:
        """Return what was written since this was asked last."""
        data = self.value()
        self.clear()
        return data

    def hang_up(self) -> None:
        """Let the peer close."""
        self._end(ConnectionDone())

    def cut(self) -> None:
        """Let the connection break."""
        self._end(ConnectionLost())

    def loseConnection(self) -> None:
        super().loseConnection()
        self._clock.callLater(0, lambda: self.full or self._end(ConnectionDone()))

    def abortConnection(self) -> None:
        self.aborted = True
        super().loseConnection()
        self._clock.callLater(0, self._end, ConnectionLost())

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self._arrived:
            self._clock.callLater(0, self.deliver, b"")

    def _end(self, reason: Exception) -> None:
        if self.connected:
            self.connected = False
            self._protocol.connectionLost(Failure(reason))


class Asked:
    """A request as a mailbox server sees it; `body` grows, `ended` when it is whole."""

    def __init__(self, connection: Connection, head: RequestHead) -> None:
        self.connection = connection
        self.head = head
        self.body = b""
        self.ended = False
        self.trailers: list[Field] = []

    @property
    def line(self) -> str:
        """Method and target."""
        return f"{self.head.method.decode()} {self.head.target.line.decode()}"

    @property
    def fields(self) -> dict[str, str]:
        """Its fields, names in lower case."""
        return {name.decode(): value.decode("latin-1") for name, _, value in self.head.fields}

    @property
    def assertion(self) -> Assertion:
        """What the front end asserts, verified."""
        return self.assertions[0]

    @property
    def assertions(self) -> list[Assertion]:
        """The same of each mailbox of a request that is about several."""
        tokens, server = self.head.all(REQUEST_HEADER.lower()), self.connection.server
        method, target = self.head.method.decode(), self.head.target.line.decode()
        return verify_all(tokens, KEYS[server], server=server, method=method, target=target, now=NOON)

    def proof(self, **instead: str) -> bytes:
        """Return the line that seals an answer: for this request and mailbox, or for something else instead."""
        asserted = {"request_id": self.assertion.request_id, "mailbox": self.assertion.mailbox, **instead}
        server = asserted.pop("server", self.connection.server)
        return b"%b: %b\r\n" % (ANSWER_HEADER, seal(**asserted, key_id="1", key=KEYS[server]["1"]))

    def answer(self, body: bytes = b"", *lines: bytes, status: int = 200, proof: bytes | None = None) -> None:
        """Answer whole."""
        head = b"HTTP/1.1 %d Fine\r\n%bContent-Length: %d\r\n" % (status, b"".join(lines), len(body))
        self.say(head + (self.proof() if proof is None else proof) + b"\r\n" + body)

    def begin(self, *lines: bytes, status: int = 200) -> None:
        """Begin an answer in chunks."""
        self.say(
            b"HTTP/1.1 %d Fine\r\nTransfer-Encoding: chunked\r\n%b%b\r\n" % (status, b"".join(lines), self.proof())
        )

    def chunk(self, data: bytes) -> None:
        """Go on with it; no bytes are its end."""
        self.say(chunk(data) if data else b"0\r\n\r\n")

    def go_on(self) -> None:
        """Let the body come."""
        self.say(b"HTTP/1.1 100 Continue\r\n\r\n")

    def misdirected(self, active: str = "") -> None:
        """Say that the database is not mounted here."""
        self.answer(b"", b"X-CASD-Active-Server: %b\r\n" % active.encode(), status=421)

    def say(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.connection.wire.deliver(data)


class Connection:
    """One connection of the front end to a mailbox server, at the server's end."""

    def __init__(self, server: str, clock: Clock, protocol: Any) -> None:
        self.server = server
        self.requests: list[Asked] = []
        self._parser = RequestParser()
        self.wire = Wire(clock, protocol)

    def read(self) -> list[Asked]:
        """Return all requests that have come so far."""
        self._parser.feed(self.wire.taken())
        while (event := self._parser.next()) is not None:
            if isinstance(event, RequestHead):
                self.requests.append(Asked(self, event))
            elif isinstance(event, End):
                self.requests[-1].ended = True
                self.requests[-1].trailers = event.trailers
            else:
                self.requests[-1].body += event
        return self.requests


class Servers:
    """Every mailbox server; a connector for lanes. `refusing` ones take no connection, `silent` ones say nothing."""

    def __init__(self, clock: Clock) -> None:
        self.connections: list[Connection] = []
        self.refusing: set[str] = set()
        self.silent: set[str] = set()
        self.pending: list[Callable[[], None]] = []
        self._clock = clock

    async def __call__(self, endpoint: Endpoint, protocol: Any, tls: Any, timeout: float) -> None:
        name = tls.name.partition(".")[0]
        if name in self.refusing:
            raise ConnectionRefusedError("refused")
        if name in self.silent:
            opened: Deferred[None] = Deferred()
            self.pending.append(lambda: opened.callback(None))
            await opened
        self.connections.append(Connection(name, self._clock, protocol))

    def requests(self) -> list[Asked]:
        """Return all requests, by connection."""
        return [asked for connection in self.connections for asked in connection.read()]

    def last(self) -> Asked:
        """Return the request that came last on the connection that was opened last."""
        return self.connections[-1].read()[-1]


class Answer:
    """An answer as a client sees it."""

    def __init__(self, head: ResponseHead) -> None:
        self.status = head.status
        self.head = head
        self.body = b""
        self.ended = False

    @property
    def fields(self) -> dict[str, str]:
        """Its fields, names in lower case."""
        return {name.decode(): value.decode("latin-1") for name, _, value in self.head.fields}

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value.decode() for lower, _, value in self.head.fields if lower == name.encode()]


class Client:
    """One connection of a client."""

    def __init__(self, factory: Any, clock: Clock, address: str = "192.0.2.7") -> None:
        self.answers: list[Answer] = []
        self._methods: list[bytes] = []
        self._parser = ResponseParser()
        self.channel = factory.buildProtocol(None)
        self.wire = Wire(clock, self.channel, address)

    def send(self, *pieces: bytes) -> None:
        """Send bytes, each piece by itself."""
        for piece in pieces:
            self.wire.deliver(piece)

    def read(self, to: bytes = b"GET") -> list[Answer]:
        """Return all answers that have come so far, those of now being to one method."""
        self._parser.expect(to)
        self._parser.feed(self.wire.taken())
        while (event := self._parser.next()) is not None:
            if isinstance(event, End):
                self.answers[-1].ended = True
            elif isinstance(event, bytes):
                self.answers[-1].body += event
            elif event.status != 100:
                self.answers.append(Answer(event))
        return self.answers

    def ask(self, data: bytes, to: bytes = b"") -> Answer:
        """Send a request that is answered at once; return its answer."""
        before = len(self.answers)
        self.send(data)
        answers = self.read(to or data.partition(b" ")[0])
        assert len(answers) == before + 1
        return answers[-1]


class Estate:
    """All of it. `door` is the one that listens; `mapi` and `rpc` share its port."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: dict[str, Any] | None = None,
        pool_settings: dict[str, Any] | None = None,
        advertised: dict[str, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.clock = Clock()
        self.clock.advance(1000)
        self.source = FakeDirectory()
        self.servers = Servers(self.clock)
        self.log = io.StringIO()
        self.hashed = 0
        self.name = "fe1"
        self.certificates: list[Certificate] = []
        self.advertised = advertised or {}
        self._pem = folder / "any.pem"
        self._pem.touch(mode=0o600)
        (folder / "keys").mkdir(exist_ok=True)
        for server, keys in KEYS.items():
            lines = "".join(f"{key_id} {key.hex()}\n" for key_id, key in keys.items())
            (folder / "keys" / f"{server}.key").write_text(lines)
        self._build(limits or {}, pool_settings or {})

    def _build(self, limits: dict[str, Any], pool_settings: dict[str, Any]) -> None:
        folder, clock = self.folder, self.clock
        self.directory = CachedDirectory(self.source, settings(cache.Settings, folder), clock)
        self.passwords = Passwords(settings(password.Settings, folder), self.directory, self._run, clock)
        shown = {"certificate": self._pem, "private_key": self._pem}
        self.pool_settings = settings(pool.Settings, folder, keys=folder / "keys", **shown, **pool_settings)
        self.pool = Pool(self.pool_settings, clock, self.servers)
        self.sessions = Sessions(settings(forms.Settings, folder, secret=self._pem), {"1": b"s" * 32}, self.now)
        self.access = ClientAccess(
            settings(access.Settings, folder),
            self.directory,
            [basic],
            self.passwords,
            self.sessions,
            self.pool,
            Handover(folder / "keys", lambda: NOON),
            clock,
            settings(autodiscover.Settings, folder, **self.advertised),
            lambda: self.certificates,
        )
        self.access.availability = Availability(settings(availability.Settings, folder), self.access, self._run)
        self.metrics = Metrics()
        self.lines = AccessLog(settings(accesslog.Settings, folder), self.log, clock, lambda: NOON)
        self.house = House(
            self.name,
            frozenset({"mail.example.org", "localhost"}),
            self.access,
            self.metrics,
            self.lines,
            clock,
        )
        self.mapi = self._door("mapihttp", mapihttp, limits)
        self.rpc = self._door("rpchttp", rpchttp, limits)
        self.door = self._door("http", http, limits, [self.mapi, self.rpc], **shown)

    def _door(self, name: str, module: Any, limits: dict[str, Any], others: Iterable[Door] = (), **more: Any) -> Door:
        value = settings(module.Settings, self.folder, **limits, **more)
        return Door(name, value, [vdir() for vdir in module.VDIRS], self.house, list(others))

    def now(self) -> float:
        """Return the time of the wall clock."""
        return NOON + self.clock.seconds()

    def client(self, address: str = "192.0.2.7", factory: Any = None) -> Client:
        """Return a new client."""
        return Client(factory or self.door, self.clock, address)

    def settle(self) -> None:
        """Let what is due now happen."""
        self.clock.advance(0)

    def pass_time(self, seconds: float, step: float = 0.05) -> None:
        """Let time pass in small steps."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)

    def logged(self) -> list[str]:
        """Return the lines of the access log so far."""
        self.lines.flush()
        return self.log.getvalue().splitlines()

    def figure(self, text: str) -> float:
        """Return a figure from the page of metrics, 0 when it is not there."""
        for line in generate_latest(self.metrics.registry).decode().splitlines():
            if line.startswith(text + " "):
                return float(line.rpartition(" ")[2])
        return 0

    def _run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        self.hashed += 1
        return succeed(function(*args))


def fields(*pairs: tuple[bytes, bytes]) -> bytes:
    """Return field lines."""
    return write_fields(pairs)
