"""Many clients that each hold a long poll, and a few in the foreground whose answers are timed without and beside them.

    python -m tests.integration.polls PORT CA PASSWORD POLLS WAIT USERS

USERS is a file, a JSON list of [address, mailbox GUID, server]. A line says when all polls have been sent; the last one
is JSON: how many were answered with what, and the foreground's 99th percentiles in milliseconds, before and beside.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from base64 import b64encode
from collections import Counter
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import uvloop

AT_ONCE = 64
"""Handshakes under way: no storm is wanted here."""

FOREGROUND = 4
ROUNDS = 3
SECONDS = 3.0
PAUSE = 0.02


class Crowd:
    """All clients of one run."""

    def __init__(self, port: int, ca: str, password: str) -> None:
        self._port = port
        self._password = password
        self._context = ssl.create_default_context(cafile=ca)
        self.counts: Counter[str] = Counter()

    async def poll(self, user: list[str], wait: float, door: asyncio.Semaphore, sent: asyncio.Semaphore) -> None:
        """Ask once, and wait."""
        async with door:
            reader, writer = await self._connect()
            writer.write(self._request(user, f"/Microsoft-Server-ActiveSync?Cmd=Ping&wait={wait}"))
        sent.release()
        try:
            status, body = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.counts[type(error).__name__] += 1
            return
        self.counts[status] += 1
        if status == "200" and [json.loads(body)[name] for name in ("user", "mailbox", "server")] != user:
            self.counts["crossed"] += 1
        writer.close()

    async def foreground(self, users: list[list[str]]) -> float:
        """Ask at a steady pace; return the 99th percentile of the answers' times in ms, the median of some rounds."""
        found: list[float] = []
        for _ in range(ROUNDS):
            times: list[float] = []
            await asyncio.gather(*(self._ask(user, times) for user in users))
            found.append(sorted(times)[len(times) * 99 // 100] * 1000)
        return round(median(found), 2)

    async def _ask(self, user: list[str], times: list[float]) -> None:
        reader, writer = await self._connect()
        end = perf_counter() + SECONDS
        while (begun := perf_counter()) < end:
            writer.write(self._request(user, "/ews/exchange.asmx"))
            status, _ = await _answer(reader)
            assert status == "200", status
            times.append(perf_counter() - begun)
            await asyncio.sleep(PAUSE)
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname="localhost", limit=1 << 13
        )

    def _request(self, user: list[str], target: str) -> bytes:
        token = b64encode(f"{user[0]}:{self._password}".encode()).decode()
        return f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {token}\r\n\r\n".encode()


async def _answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return head.split(b" ", 2)[1].decode(), await reader.readexactly(int(length))


async def main(port: int, ca: str, password: str, polls: int, wait: float, users: list[list[str]]) -> dict[str, Any]:
    crowd = Crowd(port, ca, password)
    front = users[:FOREGROUND]
    await crowd.foreground(front)  # what is opened and learned once is not what is looked for
    before = await crowd.foreground(front)
    door, sent = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(0)
    waiting = [asyncio.create_task(crowd.poll(users[n % len(users)], wait, door, sent)) for n in range(polls)]
    for _ in range(polls):
        await sent.acquire()
    say("holding")
    await asyncio.sleep(1)
    beside = await crowd.foreground(front)
    answered = sum(task.done() for task in waiting)
    await asyncio.gather(*waiting)
    return {"counts": crowd.counts, "too early": answered, "before": before, "beside": beside}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _, port, ca, password, polls, wait, users = sys.argv
    known = json.loads(Path(users).read_text(encoding="utf-8"))
    say(json.dumps(uvloop.run(main(int(port), ca, password, int(polls), float(wait), known))))
