"""Many users at once, each with one connection, each checking that every answer is the answer to its own question.

    python -m tests.integration.load PORT CA PASSWORD REQUESTS < USERS

USERS is a JSON list of [address, mailbox GUID, server]. What came of it is printed as JSON. One of a hundred requests
has a body too long to be held by the front end; one of a hundred is given up before its answer has come.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from base64 import b64encode
from collections import Counter
from time import perf_counter

import uvloop
from attrs import define, field, frozen

LONG = "x" * 100_000


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
        status = head.split(b" ", 2)[1].decode()
        self.counts[status] += 1
        if status == "200":
            answer = json.loads(body)
            right = (self.user.address, self.user.address, self.user.mailbox, self.user.server)
            named = tuple(answer[name] for name in ("user", "address", "mailbox", "server"))
            if named != right or answer["body"].removesuffix(LONG) != marker:
                self.counts["crossed"] += 1


async def main(port: int, ca: str, password: str, requests: int) -> None:
    users = [User(*fields) for fields in json.load(sys.stdin)]
    context = ssl.create_default_context(cafile=ca)
    counts: Counter[str] = Counter()
    begun = perf_counter()
    clients = [Client(user, port, context, password, counts) for user in users]
    share = requests // len(users)
    await asyncio.gather(*(client.run(range(n * share, (n + 1) * share)) for n, client in enumerate(clients)))
    json.dump({"counts": counts, "seconds": round(perf_counter() - begun, 1)}, sys.stdout)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
