"""A front end keeps nothing of what it passes on, however slow one side and however fast the other."""

from __future__ import annotations

import socket
import ssl
from threading import Event
from time import monotonic

from tests.integration.estate import EstateTestCase
from tests.integration.process import PATIENCE

GIBIBYTE = 1 << 30
MEGABYTE = 1_000_000
ALLOWED = 20 * MEGABYTE
SLOW = 5.0
"""Seconds during which one side is slow."""


class Memory(EstateTestCase):
    """One front end before two stand-ins."""

    def setUp(self) -> None:
        super().setUp()
        self.estate.stand_ins()
        sections = self.estate.sections("fe1")
        sections["http"]["body"] = "2 GiB"
        self.front = self.estate.front("fe1", sections)
        self._download(1 << 24, 0)  # what is allocated once is not what is looked for
        self.front.process.forget_memory()
        self.before = self.front.process.most_memory

    def test_a_slow_reader_of_a_gibibyte_costs_no_memory(self) -> None:
        slowly = self._download(GIBIBYTE, SLOW)
        grown = self.front.process.most_memory - self.before
        self.report(
            f"1 GiB, of which {slowly / MEGABYTE:.1f} MB in the first {SLOW:.0f} s: the front end grew by "
            f"{grown / MEGABYTE:.1f} MB from {self.before / MEGABYTE:.1f} MB"
        )
        assert slowly < 10 * MEGABYTE
        assert grown < ALLOWED

    def test_a_fast_writer_to_a_slow_server_costs_no_memory(self) -> None:
        channel = self._begin(f"POST /ews/?slow=yes HTTP/1.1\r\nContent-Length: {GIBIBYTE}\r\n")
        channel.settimeout(0.1)
        sent, begun = 0, monotonic()
        while monotonic() - begun < SLOW:
            try:
                sent += channel.send(bytes(65536))
            except TimeoutError:
                continue
        grown = self.front.process.most_memory - self.before
        self.report(
            f"{sent / MEGABYTE:.1f} MB of 1 GiB were taken in {SLOW:.0f} s: the front end grew by "
            f"{grown / MEGABYTE:.1f} MB from {self.before / MEGABYTE:.1f} MB"
        )
        assert sent < 50 * MEGABYTE
        assert grown < ALLOWED

    def _download(self, size: int, slow: float) -> int:
        """Read an answer to its end, slowly at first; return how much had come by then."""
        channel = self._begin(f"GET /ews/?size={size} HTTP/1.1\r\n")
        pause = Event()
        received, slowly, begun = 0, 0, monotonic()
        while received < size:
            if monotonic() - begun < slow:
                slowly = received
                pause.wait(0.02)
            data = channel.recv(16384)
            assert data, "the answer has been cut off"
            received += len(data)
        channel.close()
        return slowly

    def _begin(self, head: str) -> ssl.SSLSocket:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        plain.settimeout(PATIENCE)
        plain.connect(("127.0.0.1", self.front.ports["front"]))
        channel = self.estate.context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(channel.close)
        channel.sendall(f"{head}Host: localhost\r\nAuthorization: {self.estate.basic('alice')}\r\n\r\n".encode())
        return channel
