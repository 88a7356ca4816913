"""The least that a proxy on uvloop costs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.estate import Ground, Peer


def commands(here: Ground, port: int) -> Sequence[tuple[Sequence[str], int]]:
    """Run bench/least.py."""
    return [([sys.executable, "-m", "bench.least", str(port), str(here.encrypted), here.server, str(here.demo)], port)]


PEERS = (Peer("least", "bytes passed on by uvloop", commands),)
"""It has a connection to the server for each client, so that a new connection costs it two handshakes."""
