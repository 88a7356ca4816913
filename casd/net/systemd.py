"""What systemd hands to a service, and what it is told."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from casd.model import Endpoint


def inherited_sockets(environment: Path = Path("/proc/self/environ")) -> dict[Endpoint, list[socket.socket]]:
    """Return copies of the listening sockets that systemd opened for this process (sd_listen_fds(3)), by address."""
    # Not os.environ: twisted.internet.endpoints takes what it finds there away as soon as it is imported.
    said = dict(entry.partition("=")[::2] for entry in environment.read_text(errors="replace").split("\0"))
    found: dict[Endpoint, list[socket.socket]] = {}
    if said.get("LISTEN_PID") == str(os.getpid()):
        for number in range(int(said["LISTEN_FDS"])):
            handed = socket.socket(fileno=os.dup(3 + number))
            found.setdefault(Endpoint(*handed.getsockname()[:2]), []).append(handed)
    return found


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); without it, tell nobody."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.sendto(state.encode("ascii"), address.replace("@", "\0", 1))
