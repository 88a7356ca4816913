"""Two mailbox servers over TLS: who may come in, and what a move does to those who are at work."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from casd.casctl.credentials import make_credentials
from casd.config import Ini
from casd.mailbox.server import MailboxServer, Settings, service
from casd.mailbox.store.query import Page
from casd.net.backend import Backend
from casd.net.fetch import Answer, fetch
from casd.net.handover import read_keys
from casd.net.tls import ClientTLS
from casd.net.transports import connect
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, Assertion, sealed, sign

GUID = "11111111-1111-1111-1111-111111111111"
SERVERS = ("mbx1", "mbx2")
INI = """
[mailbox:{name}]
listen = 127.0.0.1:0
certificate = {name}.pem
private key = {name}.key
client ca = ca.pem
keys = keys/{name}.key
databases = databases
mount = {mount}
front = https://localhost:1
front ca = ca.pem
"""


class Lane:
    """What a connection goes back to."""

    def release(self, _connection: Backend) -> None:
        pass

    def gone(self, _connection: Backend) -> None:
        pass


class FrontEnd:
    """One client of the servers, with a connection to each."""

    def __init__(self, folder: Path, servers: dict[str, MailboxServer]) -> None:
        self._folder = folder
        self._servers = servers
        self._connections: dict[str, Backend] = {}

    async def ask(self, server: str, method: str, target: str, mechanism: str, body: bytes = b"") -> Answer:
        """Send one signed request; its answer must be sealed."""
        mailbox = "" if mechanism == "control" else GUID
        assertion = Assertion(
            issued=int(time()),
            server=server,
            method=method,
            target=target,
            request_id=str(uuid4()),
            user="bob@example.org",
            mailbox=mailbox,
            address="alice@example.org",
            display_name="Alice",
            database="DB01",
            client="192.0.2.1",
            mechanism=mechanism,
        )
        keys = read_keys(self._folder / "keys" / f"{server}.key")
        token = sign(assertion, *next(iter(keys.items())))
        lines = b"Host: %b\r\n%b: %b\r\n" % (server.encode(), REQUEST_HEADER, token)
        connection = await self._connection(server)
        answer = await fetch(connection, method.encode(), target.encode(), lines, body, 30)
        proof = answer.head.get(ANSWER_HEADER.lower()) or b""
        assert sealed(proof, keys, request_id=assertion.request_id, mailbox=mailbox)
        return answer

    async def control(self, server: str, call: str) -> dict[str, Any]:
        answer = await self.ask(server, "GET" if call == "status" else "POST", f"/casd/{call}", "control")
        assert answer.head.status == 200, answer.body
        return dict(json.loads(answer.body))

    async def deliver(self, start: str, mime: bytes) -> str:
        """Deliver a message to whichever server has the database; return which it was."""
        server = start
        for _ in range(1000):
            answer = await self.ask(server, "POST", "/casd/deliver", "submission", mime)
            if answer.head.status == 200:
                return server
            assert answer.head.status == 421, answer.head.status
            server = "mbx2" if server == "mbx1" else "mbx1"
            await deferLater(reactor, 0.01)
        raise AssertionError("no server has it")

    async def _connection(self, server: str) -> Backend:
        connection = self._connections.get(server)
        if connection is None or connection.expired:
            connection = self._connections[server] = Backend(reactor, Lane())
            tls = ClientTLS(
                f"{server}.example.org",
                (self._folder / "ca.pem").read_text(),
                certificate=self._folder / "client.pem",
                key=self._folder / "client.key",
            )
            endpoint = self._servers[server].ports[0].endpoint
            await connect(reactor, endpoint, connection, tls, 10)
        return connection

    def close(self) -> None:
        for connection in self._connections.values():
            connection.abandon()


class MailboxServerTests(TestCase):
    timeout = 120

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        names = {server: [f"{server}.example.org"] for server in SERVERS}
        make_credentials(self.folder, "Example", ["localhost"], names, datetime.now(UTC))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[dict[str, MailboxServer]]:
        """Start both servers, and stop them in the end."""
        servers = {}
        for name, mount in zip(SERVERS, ("DB01", ""), strict=True):
            ini = Ini(self.folder / "cas.ini", INI.format(name=name, mount=mount))
            settings = ini.take(f"mailbox:{name}", Settings)
            assert settings is not None, ini.problems
            servers[name] = service(name, settings, reactor)
            servers[name].startService()
            await servers[name].ready
        try:
            yield servers
        finally:
            for server in servers.values():
                await server.stopService()

    def test_a_database_moves_under_its_users_and_nothing_is_lost_or_doubled(self) -> Deferred[None]:
        return ensureDeferred(self._move_under_load())

    async def _move_under_load(self) -> None:
        async with self.running() as servers:
            served = set()
            clients = [FrontEnd(self.folder, servers) for _ in range(12)]

            async def write(client: FrontEnd, number: int) -> None:
                for count in range(25):
                    served.add(await client.deliver("mbx1", b"Subject: %d-%d\r\n\r\ntext\r\n" % (number, count)))

            writing = gatherResults([ensureDeferred(write(*pair)) for pair in zip(clients, range(12), strict=True)])
            operator = FrontEnd(self.folder, servers)
            here, there = SERVERS
            for _ in range(10):
                await deferLater(reactor, 0.05)
                assert (await operator.control(here, "dismount"))["dismounted"]
                await operator.control(there, "mount")
                here, there = there, here
            await writing
            assert served == set(SERVERS)
            assert await self._subjects(servers[here]) == sorted(f"{a}-{b}" for a in range(12) for b in range(25))
            for client in (*clients, operator):
                client.close()

    async def _subjects(self, server: MailboxServer) -> list[str]:
        with server.roster.use("DB01") as database:
            mailbox = await database.run(database.mailbox, GUID, "alice@example.org", "Alice")
            inbox = (await database.run(mailbox.folders.distinguished, "inbox")).id
            found = await database.run(mailbox.items.find, [inbox], page=Page(limit=-1))
        return sorted(item.subject for item in found.items)

    def test_a_server_that_restarts_has_its_databases_again(self) -> Deferred[None]:
        return ensureDeferred(self._restart())

    async def _restart(self) -> None:
        async with self.running() as servers:
            operator = FrontEnd(self.folder, servers)
            await operator.control("mbx1", "dismount")
            await operator.control("mbx2", "mount")
            await operator.deliver("mbx2", b"Subject: kept\r\n\r\n")
            operator.close()
        async with self.running() as servers:
            operator = FrontEnd(self.folder, servers)
            assert (await operator.control("mbx1", "status"))["databases"] == []
            assert [found["name"] for found in (await operator.control("mbx2", "status"))["databases"]] == ["DB01"]
            assert await self._subjects(servers["mbx2"]) == ["kept"]
            operator.close()

    def test_nobody_comes_in_without_a_certificate_of_ours(self) -> Deferred[None]:
        return ensureDeferred(self._come_in_without_certificate())

    async def _come_in_without_certificate(self) -> None:
        async with self.running() as servers:
            connection = Backend(reactor, Lane())
            tls = ClientTLS("mbx1.example.org", (self.folder / "ca.pem").read_text())
            try:
                await connect(reactor, servers["mbx1"].ports[0].endpoint, connection, tls, 10)
                answer: Answer | None = await fetch(connection, b"GET", b"/casd/health", b"Host: x\r\n", b"", 10)
            except Exception:
                answer = None
            assert answer is None
