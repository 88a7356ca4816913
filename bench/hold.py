"""Clients that hold connections: each asks once, then stays; `Holder` steers them, in a process of their own."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from bench.estate import Ground, Party, Unfit
from bench.processes import LOAD, ROOT, end, wrapped

AT_ONCE = 50
PATIENCE = 30


class Holder:
    """The process's steering wheel: say how many more, wait until they are there."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        self._running = running

    def hold(self, count: int) -> None:
        """Open that many more connections, with a request each; return when they are there."""
        assert self._running.stdin is not None
        assert self._running.stdout is not None
        try:
            self._running.stdin.write(b"%d\n" % count)
            self._running.stdin.flush()
        except BrokenPipeError:
            raise Unfit("its clients ended") from None
        said = self._running.stdout.readline().decode().strip()
        if said != "held":
            raise Unfit(said or "its clients ended")


@contextmanager
def holder(party: Party, here: Ground, method: str, target: str, *, answered: bool) -> Iterator[Holder]:
    """Run clients of a party until the end of the block; `answered`: each waits for its answer first."""
    arguments = [str(party.port), str(here.authority), method, target, here.authorization, str(int(answered))]
    running = subprocess.Popen(
        wrapped([sys.executable, "-m", "bench.hold", *arguments], LOAD),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, **here.environment},
    )
    try:
        yield Holder(running)
    finally:
        end(running)


class Client(asyncio.Protocol):
    """One connection: asks, and counts what comes."""

    def __init__(self, request: bytes) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if self.answered.done() or not found:
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self.answered.set_exception(ConnectionError(head.partition(b"\r\n")[0].decode("latin-1")))
        elif len(body) >= 1024:
            self.answered.set_result(None)

    def connection_lost(self, _reason: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(ConnectionError("it closed a connection"))


async def main(port: int, authority: str, method: str, target: str, authorization: str, *, answered: bool) -> None:
    """Hold as many more as each line of the standard input says; the end of it is the end."""
    context = ssl.create_default_context(cafile=authority)
    loop = asyncio.get_running_loop()
    length = "" if method == "GET" else "Content-Length: 0\r\n"
    request = (
        f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n{length}\r\n".encode()
    )
    few = asyncio.Semaphore(AT_ONCE)
    held = []

    async def ask() -> None:
        async with few, asyncio.timeout(PATIENCE):
            made = loop.create_connection(
                lambda: Client(request), "127.0.0.1", port, ssl=context, server_hostname="localhost"
            )
            _, client = await made
            held.append(client)
            client.answered.add_done_callback(asyncio.Future.exception)
            if answered:
                await client.answered

    while line := await loop.run_in_executor(None, sys.stdin.readline):
        results = await asyncio.gather(*(ask() for _ in range(int(line))), return_exceptions=True)
        wrong = [error for error in results if error is not None]
        print(f"{type(wrong[0]).__name__}: {wrong[0]} ({len(wrong)} times)" if wrong else "held", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], *sys.argv[3:6], answered=sys.argv[6] == "1"))
