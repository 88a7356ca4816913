"""mitmproxy in reverse mode, from an environment of its own: what it needs does not go with what casd needs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.estate import Ground, Peer
from bench.processes import ROOT

MITMDUMP = ROOT / ".venv-bench/bin/mitmdump"


def commands(here: Ground, port: int) -> Sequence[tuple[Sequence[str], int]]:
    """Run without a screen, keeping nothing of what passes."""
    options = {
        "confdir": f"{here.folder}/mitmproxy",
        "stream_large_bodies": "64k",
        "keep_host_header": "true",
        "flow_detail": "0",
        "termlog_verbosity": "error",
        "rawtcp": "false",
        "tcp_timeout": "3600",
    }
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    mode = [
        "--mode",
        f"reverse:http://127.0.0.1:{here.plain}",
        "--listen-host",
        "127.0.0.1",
        "--listen-port",
        str(port),
    ]
    return [([str(MITMDUMP), *mode, "--certs", f"*={here.pair('front')}", *settings], port)]


PEERS = (Peer("mitmproxy", "mitmproxy", commands),)
