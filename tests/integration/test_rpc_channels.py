"""Outlook Anywhere: the two channels of a virtual connection meet, whichever front end each of them came through."""

from __future__ import annotations

import re
import socket
from os import urandom
from urllib.parse import quote
from uuid import UUID

from casd.directory.sqlite import Directory, Settings
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import PATIENCE

CHANNEL = 1 << 30
"""The length that both channels announce (MS-RPCH 2.1.2.1.1): they are ended long before."""


class RpcChannels(EstateTestCase):
    """Two front ends before two stand-ins that send what comes in on one channel out on the other."""

    def test_both_channels_reach_one_server_and_flow_before_they_end(self) -> None:
        self.estate.stand_ins()
        fronts = [self.estate.front("fe1"), self.estate.front("fe2")]
        for user, server in (("alice", "mbx1"), ("carol", "mbx2")):
            for outward, inward in (fronts, fronts[::-1]):
                self._converse(outward, inward, user, server)

    def _converse(self, outward: FrontEnd, inward: FrontEnd, user: str, server: str) -> None:
        cookie = urandom(16)
        out = self._open(outward, b"RPC_OUT_DATA", user, 76)
        out.sendall(cookie.ljust(76, b"\0"))
        self._read_until(out, rf"200 .*\r\n\r\n{server}$")
        into = self._open(inward, b"RPC_IN_DATA", user, CHANNEL)
        into.sendall(cookie)
        for word in ("hello", "again"):
            into.sendall(word.encode())
            self._read_until(out, f"{word}$")
        self.report(f"{user}: both channels at {server}; 5 of {CHANNEL} bytes had come out when 21 had gone in")

    def _open(self, front: FrontEnd, method: bytes, user: str, length: int) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", front.ports["front"]), timeout=PATIENCE)
        channel = self.estate.context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(channel.close)
        target = quote(f"/rpc/rpcproxy.dll?{self._guid(user)}@example.org:6001", safe="/?@:")
        head = f"{method.decode()} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {self.estate.basic(user)}\r\n"
        channel.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode())
        return channel

    def _guid(self, user: str) -> UUID:
        directory = Directory(Settings(self.estate.demo / "directory.sqlite"))
        self.addCleanup(directory.close)
        mailbox = self.successResultOf(directory.by_address(f"{user}@example.org"))
        assert mailbox
        return mailbox.guid

    def _read_until(self, channel: socket.socket, pattern: str) -> None:
        received = b""
        while not re.search(pattern.encode(), received, re.DOTALL):
            data = channel.recv(65536)
            assert data, f"the channel has ended after {received!r}"
            received += data
