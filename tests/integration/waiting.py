"""Clients that each keep one connection and always wait for an answer, and what became of them.

    python -m tests.integration.waiting PORT CA PASSWORD POLLS OTHERS

POLLS clients wait up to two seconds for each answer, OTHERS are answered at once. SIGUSR1 prints what happened since
the last time, as JSON; SIGTERM does so and ends. `ended` are connections that broke while an answer was waited for,
`refused` those that could not be opened; a status is counted by its number. Times are those of OTHERS whose first
connection still stands.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import ssl
import sys
from base64 import b64encode
from collections import Counter
from time import perf_counter

import uvloop
from attrs import define, field

USERS = ("alice", "bob", "carol", "dave")
PAUSE = 0.05
"""Seconds between two requests of a client that is answered at once."""


@define
class Load:
    """What has happened to all clients since it was told last."""

    port: int
    context: ssl.SSLContext
    password: str
    counts: Counter[str] = field(factory=Counter)
    waits: list[float] = field(factory=list)
    connected: int = 0
    clients: int = 0
    all_connected: asyncio.Event = field(factory=asyncio.Event)

    def come(self) -> None:
        """Count a connection."""
        self.counts["opened"] += 1
        self.connected += 1
        if self.connected == self.clients:
            self.all_connected.set()

    def tell(self) -> None:
        """Print it."""
        waits = sorted(self.waits) or [0.0]
        figures = {"p50": waits[len(waits) // 2], "p99": waits[len(waits) * 99 // 100], "longest": waits[-1]}
        sys.stdout.write(json.dumps({"counts": self.counts, "connected": self.connected, **figures}) + "\n")
        sys.stdout.flush()
        self.counts, self.waits = Counter(), []


async def client(load: Load, user: str, longest: float) -> None:
    """Ask for ever."""
    first = True
    while True:
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", load.port, ssl=load.context, server_hostname="localhost"
            )
        except OSError:
            load.counts["refused"] += 1
            await asyncio.sleep(PAUSE)
            continue
        load.come()
        try:
            await converse(load, user, longest, reader, writer, timed=first and not longest)
        except (OSError, asyncio.IncompleteReadError):
            load.counts["ended"] += 1
        first = False
        load.connected -= 1
        writer.close()


async def converse(
    load: Load, user: str, longest: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, timed: bool
) -> None:
    """Ask on one connection until its server closes it."""
    address = f"{user}@example.org"
    token = b64encode(f"{address}:{load.password}".encode()).decode()
    while not reader.at_eof():  # a server may close while nothing is asked
        begun = perf_counter()
        wait = random.uniform(0, longest)
        head = f"GET /ews/?wait={wait:.3f} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n\r\n"
        writer.write(head.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        status = answer.split(b" ", 2)[1].decode()
        load.counts[status if status != "200" or json.loads(body)["user"] == address else "crossed"] += 1
        if timed:
            load.waits.append(perf_counter() - begun)
        if b"connection: close" in answer:
            return
        if not longest:
            await asyncio.sleep(PAUSE)


async def main(port: int, ca: str, password: str, polls: int, others: int) -> None:
    load = Load(port, ssl.create_default_context(cafile=ca), password)
    load.clients = polls + others
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, load.tell)
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    clients = [
        asyncio.ensure_future(client(load, USERS[number % len(USERS)], 2.0 if number < polls else 0.0))
        for number in range(polls + others)
    ]
    await load.all_connected.wait()
    sys.stdout.write("all are connected\n")
    sys.stdout.flush()
    await ended.wait()
    load.tell()
    for each in clients:
        each.cancel()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
