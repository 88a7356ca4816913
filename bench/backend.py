"""A mailbox server's stand-in, lean and the same for all: checks assertions, seals answers, sends N bytes, or waits.

GET /path?size=N   answers N bytes, 1024 without it; a body is read and forgotten
GET /path?wait=1   answers when /release is asked for
GET /waiting       answers how many wait
"""

from __future__ import annotations

import asyncio
import re
import signal
import ssl
import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import uvloop

from casd.net.handover import read_keys
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, BadAssertion, seal, verify

BLOCK = b"x" * 65536
FIELDS = re.compile(rb"\r\n(content-length|connection|expect|%b): *([^\r]*)" % REQUEST_HEADER, re.IGNORECASE)
IDENTITY = REQUEST_HEADER.lower()


@lru_cache
def wanted(target: bytes) -> tuple[int, bool]:
    """Return how many bytes a target asks for, and whether it waits for them."""
    query = parse_qs(urlsplit(target.decode()).query)
    return int(query.get("size", ["1024"])[0]), "wait" in query


class Backend(asyncio.Protocol):
    """One connection of a proxy; requests come one after the other."""

    name = ""
    keys: ClassVar[dict[str, bytes]] = {}
    waiting: ClassVar[set[Backend]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._head = b""
        self._body = 0  # bytes of the request's body still to come
        self._left = 0  # bytes of the answer's body still to go
        self._paused = False
        self._close = False

    def connection_lost(self, _reason: Exception | None) -> None:
        self.waiting.discard(self)
        self._left = 0

    def data_received(self, data: bytes) -> None:
        if self._body:
            self._body -= len(data)
            if not self._body:
                self._answer()
            return
        self._head += data
        head, found, body = self._head.partition(b"\r\n\r\n")
        if found:
            self._head = b""
            self._asked(head, len(body))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._send()

    def release(self) -> None:
        """Answer a request that has waited."""
        self.waiting.discard(self)
        self._transport.write(self._lines + BLOCK[: self._size])
        if self._close:
            self._transport.close()

    def _asked(self, head: bytes, received: int) -> None:
        line, _, _ = head.partition(b"\r\n")
        method, target, version = line.split(b" ")
        fields = {name.lower(): value for name, value in FIELDS.findall(head)}
        connection = fields.get(b"connection", b"").lower()
        self._close = connection == b"close" or (version == b"HTTP/1.0" and connection != b"keep-alive")
        if target in {b"/waiting", b"/release"}:
            self._serve_bench(target)
            return
        try:
            served = self._served(fields.get(IDENTITY), method, target)
        except BadAssertion as error:
            print(error, file=sys.stderr, flush=True)
            self._transport.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        self._size, self._waits = wanted(target)
        self._lines = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n%b%b\r\n" % (
            self._size,
            served,
            b"Connection: close\r\n" if self._close else b"Connection: keep-alive\r\n" if b"1.0" in version else b"",
        )
        self._body = int(fields.get(b"content-length", 0)) - received
        if b"expect" in fields:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._body:
            self._answer()

    def _served(self, token: bytes | None, method: bytes, target: bytes) -> bytes:
        """Return the line that seals an answer, if the request carries an assertion."""
        if token is None:
            return b""
        assertion = verify(
            token, self.keys, server=self.name, method=method.decode(), target=target.decode(), now=time.time()
        )
        key_id, key = next(iter(self.keys.items()))
        return b"%b: %b\r\n" % (ANSWER_HEADER, seal(assertion.request_id, assertion.mailbox, key_id, key))

    def _answer(self) -> None:
        if self._waits:
            self.waiting.add(self)
        elif self._size <= len(BLOCK):
            self.release()
        else:
            self._transport.write(self._lines)
            self._left = self._size
            self._send()

    def _send(self) -> None:
        while self._left and not self._paused:
            block = BLOCK[: min(self._left, len(BLOCK))]
            self._left -= len(block)
            self._transport.write(block)
            if not self._left and self._close:
                self._transport.close()

    def _serve_bench(self, target: bytes) -> None:
        said = b"%d" % len(self.waiting)
        if target == b"/release":
            for one in list(self.waiting):
                one.release()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))


async def main(name: str, port: int, folder: Path, plain_port: int) -> None:
    """Listen with TLS for those who verify it, and without for those who do not."""
    Backend.name = name
    Backend.keys = read_keys(folder / "keys" / f"{name}.key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    loop = asyncio.get_running_loop()
    await loop.create_server(Backend, "127.0.0.1", port, ssl=context, backlog=1024)
    await loop.create_server(Backend, "127.0.0.1", plain_port, backlog=1024)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
