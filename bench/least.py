"""The least that a proxy on uvloop costs: it ends TLS, has verified TLS behind, and passes bytes on unread.

    python -m bench.least PORT BACKEND NAME DEMO

It authenticates nobody and shares no connection: each client has one of its own to the mailbox server.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

import uvloop


class Side(asyncio.Protocol):
    """One of two connections: what comes here is written there."""

    def __init__(self) -> None:
        self.here: Any = None
        self.there: Side | None = None
        self._held: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.here = transport
        transport.writelines(self._held)

    def data_received(self, data: bytes) -> None:
        if self.there is not None:
            self.there.write(data)

    def write(self, data: bytes) -> None:
        """Write, or keep it until there is a connection."""
        if self.here is None:
            self._held.append(data)
        else:
            self.here.write(data)

    def connection_lost(self, reason: Exception | None) -> None:
        if self.there is not None and self.there.here is not None:
            self.there.here.close()


async def serve(port: int, backend: int, name: str, demo: Path) -> None:
    """Serve until the end."""
    loop = asyncio.get_running_loop()
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(demo / "front.pem", demo / "front.key")
    trusted = ssl.create_default_context(cafile=demo / "ca.pem")
    trusted.load_cert_chain(demo / "client.pem", demo / "client.key")

    def accepted() -> Side:
        client, server = Side(), Side()
        client.there, server.there = server, client
        opening = loop.create_connection(lambda: server, "127.0.0.1", backend, ssl=trusted, server_hostname=name)
        opened.add(task := loop.create_task(opening))
        task.add_done_callback(opened.discard)
        return client

    opened: set[asyncio.Task[object]] = set()
    server = await loop.create_server(accepted, "127.0.0.1", port, ssl=shown, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])))
