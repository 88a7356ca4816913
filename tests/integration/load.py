"""Many users at once, each with one connection, each checking that every answer is the answer to its own question.

    python -m tests.integration.load PORT CA PASSWORD REQUESTS [h2] < USERS

USERS is a JSON list of [address, mailbox GUID, server]. What came of it is printed as JSON. One of a hundred requests
has a body too long to be held by the front end; one of a hundred is given up before its answer has come. By HTTP/2
five users share a connection, and ask at the same time.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from base64 import b64encode
from collections import Counter
from time import perf_counter
from typing import Any

import uvloop
from attrs import define, field, frozen
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RemoteSettingsChanged, ResponseReceived, StreamEnded, StreamReset, WindowUpdated

LONG = "x" * 100_000
SHARING = 5


@frozen
class User:
    """Who asks, and what every answer must therefore say."""

    address: str
    mailbox: str
    server: str


@define
class Client:
    """One user's connection to the front end."""

    user: User
    port: int
    context: ssl.SSLContext
    password: str
    counts: Counter[str]
    _reader: asyncio.StreamReader = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)

    async def run(self, numbers: range) -> None:
        """Ask once for each number."""
        await self._connect()
        for number in numbers:
            marker = f"{self.user.address} {number}"
            self._ask(marker if number % 100 != 50 else marker + LONG)
            if number % 100 == 99:
                self.counts["given up"] += 1
                self._writer.transport.abort()
                await self._connect()
            else:
                await self._check(marker)
        self._writer.close()

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.context, server_hostname="localhost", limit=1 << 20
        )

    def _ask(self, body: str) -> None:
        token = b64encode(f"{self.user.address}:{self.password}".encode()).decode()
        head = f"POST /ews/exchange.asmx HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    async def _check(self, marker: str) -> None:
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self._reader.readexactly(int(length))
        self._judge(head.split(b" ", 2)[1].decode(), body, marker)

    def _judge(self, status: str, body: bytes, marker: str) -> None:
        self.counts[status] += 1
        if status == "200":
            answer = json.loads(body)
            right = (self.user.address, self.user.address, self.user.mailbox, self.user.server)
            named = tuple(answer[name] for name in ("user", "address", "mailbox", "server"))
            if named != right or answer["body"].removesuffix(LONG) != marker:
                self.counts["crossed"] += 1


class Shared:
    """One connection of HTTP/2 for several users."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port = port
        self._context = context
        self._answers: dict[int, tuple[asyncio.Future[None], dict[bytes, bytes], list[bytes]]] = {}
        self._opened = asyncio.Event()
        self._wire = H2Connection(H2Configuration(header_encoding=None))

    async def connect(self) -> None:
        """Connect, and read what comes from now on."""
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname="localhost"
        )
        assert self._writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self._wire.initiate_connection()
        self._flush()
        self._reading = asyncio.create_task(self._read())

    async def ask(self, fields: list[tuple[bytes, bytes]], body: bytes, *, give_up: bool) -> tuple[str, bytes]:
        """Send a request; return status and body, or nothing when it is given up."""
        number = self._wire.get_next_available_stream_id()
        answered = asyncio.get_running_loop().create_future()
        self._answers[number] = (answered, {}, [])
        self._wire.send_headers(number, fields)
        while body:
            allowed = min(self._wire.local_flow_control_window(number), self._wire.max_outbound_frame_size, len(body))
            if allowed:
                self._wire.send_data(number, body[:allowed])
                body = body[allowed:]
                self._flush()
            else:
                self._opened.clear()
                await self._opened.wait()
        if give_up:
            self._wire.reset_stream(number, ErrorCodes.CANCEL)
            self._flush()
            del self._answers[number]
            return "", b""
        self._wire.end_stream(number)
        self._flush()
        await answered
        _, head, pieces = self._answers.pop(number)
        return head[b":status"].decode(), b"".join(pieces)

    async def _read(self) -> None:
        while data := await self._reader.read(1 << 16):
            for event in self._wire.receive_data(data):
                self._take(event)
            self._flush()

    def _take(self, event: Any) -> None:
        if isinstance(event, WindowUpdated | RemoteSettingsChanged):
            self._opened.set()
        if (answer := self._answers.get(getattr(event, "stream_id", 0))) is None:
            return
        done, head, pieces = answer
        match event:
            case ResponseReceived():
                head.update(event.headers or ())
            case DataReceived():
                pieces.append(event.data)
                self._wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                done.set_result(None)
            case StreamReset():
                head[b":status"] = b"reset"
                done.set_result(None)

    def _flush(self) -> None:
        if data := self._wire.data_to_send():
            self._writer.write(data)

    def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        self._writer.close()


@define
class Client2(Client):
    """One user on a shared connection."""

    shared: Shared = field(kw_only=True)

    async def run(self, numbers: range) -> None:
        """Ask once for each number."""
        token = b64encode(f"{self.user.address}:{self.password}".encode())
        pseudo = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/ews/exchange.asmx")]
        fields = [*pseudo, (b":authority", b"localhost"), (b"authorization", b"Basic " + token)]
        for number in numbers:
            marker = f"{self.user.address} {number}"
            body = (marker if number % 100 != 50 else marker + LONG).encode()
            give_up = number % 100 == 99
            status, answer = await self.shared.ask(fields, body, give_up=give_up)
            if give_up:
                self.counts["given up"] += 1
            else:
                self._judge(status, answer, marker)


async def main(port: int, ca: str, password: str, requests: int, *, h2: bool) -> None:
    users = [User(*fields) for fields in json.load(sys.stdin)]
    context = ssl.create_default_context(cafile=ca)
    counts: Counter[str] = Counter()
    begun = perf_counter()
    clients = [Client(user, port, context, password, counts) for user in users]
    if h2:
        context.set_alpn_protocols(["h2"])
        lines = [Shared(port, context) for _ in range(len(users) // SHARING)]
        for line in lines:
            await line.connect()
        clients = [
            Client2(user, port, context, password, counts, shared=lines[n // SHARING]) for n, user in enumerate(users)
        ]
    share = requests // len(users)
    await asyncio.gather(*(client.run(range(n * share, (n + 1) * share)) for n, client in enumerate(clients)))
    json.dump({"counts": counts, "seconds": round(perf_counter() - begun, 1)}, sys.stdout)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), h2=sys.argv[5:] == ["h2"]))
