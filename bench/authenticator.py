"""The small server that nginx asks whether a Basic Authorization is right: a look-up in a table, nothing cached."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import uvloop

AUTHORIZATION = re.compile(rb"\r\nauthorization: ([^\r]*)", re.IGNORECASE)
YES = b"HTTP/1.1 204 No Content\r\n\r\n"
NO = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="bench"\r\nContent-Length: 0\r\n\r\n'


class Authenticator(asyncio.Protocol):
    """Answers each head, as lean as Python can: no parser, no objects."""

    table: frozenset[bytes] = frozenset()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for head in heads:
            sent = AUTHORIZATION.search(head)
            self._write(YES if sent and sent[1] in self.table else NO)


async def main(port: int) -> None:
    """Serve until the end."""
    server = await asyncio.get_running_loop().create_server(Authenticator, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    Authenticator.table = frozenset(Path(sys.argv[2]).read_bytes().splitlines())
    uvloop.run(main(int(sys.argv[1])))
