"""A mailbox server's stand-in, lean and the same for all: checks assertions, seals answers, sends N bytes, or waits.

/any/path?size=N     N bytes, 1024 without it; a body is read and forgotten
/any/path?Cmd=Ping   an answer when /release is asked for
/waiting             how many wait
"""

from __future__ import annotations

import asyncio
import re
import signal
import ssl
import sys
from pathlib import Path

import uvloop

from bench.answers import BLOCK, Answers, wanted
from bench.backend_http2 import Multiplexed
from casd.net.handover import read_keys
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, BadAssertion

FIELDS = re.compile(rb"\r\n(content-length|connection|expect|%b): *([^\r]*)" % REQUEST_HEADER, re.IGNORECASE)
IDENTITY = REQUEST_HEADER.lower()


class Backend(asyncio.Protocol):
    """One connection of a proxy; requests come one after the other, unless HTTP/2 was agreed on."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._head = b""
        self._body = 0  # bytes of the request's body still to come
        self._left = 0  # bytes of the answer's body still to go
        self._paused = False
        self._close = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        encrypted = transport.get_extra_info("ssl_object")
        if encrypted is not None and encrypted.selected_alpn_protocol() == "h2":
            multiplexed = Multiplexed(self._answers)
            transport.set_protocol(multiplexed)
            multiplexed.connection_made(transport)

    def connection_lost(self, _reason: Exception | None) -> None:
        self._answers.waiting.discard(self)
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
        """Answer a short request, that may have waited."""
        self._answers.waiting.discard(self)
        self._transport.write(self._lines + BLOCK[: self._size])
        if self._close:
            self._transport.close()

    def _asked(self, head: bytes, received: int) -> None:
        method, target, version = head.partition(b"\r\n")[0].split(b" ")
        fields = {name.lower(): value for name, value in FIELDS.findall(head)}
        if target in {b"/waiting", b"/release"}:
            number = len(self._answers.waiting) if target == b"/waiting" else self._answers.release()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(number)), number))
            return
        lines = b"Content-Type: application/octet-stream\r\n"
        connection = fields.get(b"connection", b"").lower()
        if version == b"HTTP/1.0" and connection == b"keep-alive":
            lines += b"Connection: keep-alive\r\n"
        elif version == b"HTTP/1.0" or connection == b"close":
            self._close = True
            lines += b"Connection: close\r\n"
        if (token := fields.get(IDENTITY)) is not None:
            try:
                lines += b"%b: %b\r\n" % (ANSWER_HEADER, self._answers.seal(token, method, target))
            except BadAssertion as error:
                print(error, file=sys.stderr, flush=True)
                self._transport.close()
                return
        self._size, self._waits = wanted(target)
        self._lines = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (lines, self._size)
        self._body = int(fields.get(b"content-length", 0)) - received
        if b"expect" in fields:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._body:
            self._answer()

    def _answer(self) -> None:
        if self._waits:
            self._answers.waiting.add(self)
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


async def main(name: str, port: int, folder: Path, plain_port: int) -> None:
    """Listen with TLS for those who verify it, and without for those who do not."""
    answers = Answers(name, read_keys(folder / "keys" / f"{name}.key"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2", "http/1.1"])
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Backend(answers), "127.0.0.1", port, ssl=context, backlog=1024)
    await loop.create_server(lambda: Backend(answers), "127.0.0.1", plain_port, backlog=1024)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
