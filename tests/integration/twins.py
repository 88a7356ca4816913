"""Two processes forked from one that made the contexts: each says its port, and greets whoever connects."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

from casd.certificates import Pair
from casd.net.shown import Shown
from casd.net.tls import ServerTLS


def main(folder: Path) -> None:
    shown = Shown(ServerTLS((Pair(folder / "front.pem", folder / "front.key"),)))
    for _ in range(2):
        if os.fork():
            continue
        prctl = ctypes.CDLL(None).prctl
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: none of us outlives the test
        with socket.create_server(("127.0.0.1", 0)) as listening:
            sys.stdout.write(f"port {listening.getsockname()[1]}\n")
            sys.stdout.flush()
            while True:
                with shown.loop.wrap_socket(listening.accept()[0], server_side=True) as client:
                    client.sendall(b"x")
                    client.recv(1)
    os.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
