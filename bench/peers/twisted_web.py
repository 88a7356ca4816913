"""twisted.web's own reverse proxy."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bench.estate import Ground, Peer


def commands(here: Ground, port: int) -> Sequence[tuple[Sequence[str], int]]:
    """Run bench/twisted_proxy.py."""
    program = [sys.executable, "-m", "bench.twisted_proxy", str(port)]
    return [([*program, str(here.plain), str(here.demo), f"{here.folder}/twisted-web.log"], port)]


PEERS = (Peer("twisted-web", "twisted.web proxy", commands),)
