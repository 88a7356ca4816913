"""casd itself, as it stands and compiled, on one core; for a load of their own, one and two workers on all cores."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.estate import Ground, Peer, Unfit
from bench.processes import CORES, ROOT

INI = """
[cas]
name = bench
workers = {workers}
[sqlite]
file = {demo}/directory.sqlite
[forms]
secret = {demo}/array.secret
[pool]
certificate = {demo}/client.pem
private key = {demo}/client.key
keys = {demo}/keys
connections = 16384
[accesslog]
file = {folder}/{name}.log
[http]
listen = 127.0.0.1:{port}
plain =
namespaces = localhost
certificate = {demo}/front.pem
private key = {demo}/front.key
idle time = 1 h
"""


def commands(
    here: Ground, port: int, name: str, workers: int = 1, source: Path = ROOT
) -> Sequence[tuple[Sequence[str], int]]:
    """Run twistd from the environment of this Python, with casd from a folder."""
    if not source.is_dir():
        raise Unfit(f"there is no {source.relative_to(ROOT)}: make bench makes it")
    content = INI.format(demo=here.demo, folder=here.folder, name=name, port=port, workers=workers)
    ini = here.write(f"{name}.ini", content)
    twistd = str(Path(sys.executable).with_name("twistd"))
    return [
        (
            [
                "env",
                f"PYTHONPATH={source}",
                twistd,
                "--nodaemon",
                f"--pidfile={here.folder}/{name}.pid",
                "cas",
                "--config",
                str(ini),
            ],
            port,
        )
    ]


PEERS = (
    Peer("casd", "casd", partial(commands, name="casd")),
    Peer("casd-compiled", "casd, compiled", partial(commands, name="casd-compiled", source=ROOT / "build/compiled")),
)
WORKERS = (
    Peer("one-worker", "casd, one worker", partial(commands, name="one-worker"), CORES),
    Peer("two-workers", "casd, two workers", partial(commands, name="two-workers", workers=2), CORES),
)
