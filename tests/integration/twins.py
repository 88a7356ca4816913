"""Two processes forked from one that made the contexts: each says its port, and greets whoever connects."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path

from casd.certificates import Pair
from casd.net.shown import Shown
from casd.net.tls import ServerTLS


async def greet(shown: Shown) -> None:
    async def one(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        await writer.drain()

    server = await asyncio.start_server(one, "127.0.0.1", ssl=shown.loop)
    sys.stdout.write(f"port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main(folder: Path) -> None:
    shown = Shown(ServerTLS((Pair(folder / "front.pem", folder / "front.key"),)))
    for _ in range(2):
        if os.fork():
            continue
        prctl = ctypes.CDLL(None).prctl
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: none of us outlives the test
        asyncio.run(greet(shown))
    os.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
