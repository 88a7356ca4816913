"""The choice of the reactor, made before anything imports it."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

_M_MMAP_THRESHOLD = -3
_READ_BUFFER = 256 * 1024


def choose_reactor() -> None:
    """Install the asyncio reactor on a uvloop loop, unless a reactor is installed already or CASD_REACTOR=default."""
    if "twisted.internet.reactor" in sys.modules or os.environ.get("CASD_REACTOR") == "default":
        return
    import uvloop  # noqa: PLC0415
    from twisted.internet import asyncioreactor  # noqa: PLC0415

    asyncioreactor.install(uvloop.new_event_loop())
    map_read_buffers()


def map_read_buffers(library: Any = None) -> bool:
    """Have the system map each connection's read buffer by itself; False where there is no such choice.

    uvloop gives an encrypted connection 256 KiB to read into, and a page of it is enough for most. In the heap such
    a buffer comes to lie on what earlier handshakes left dirty: 19 KiB more for each idle connection, measured. glibc
    stops mapping blocks of a size when the first of them is freed, unless it is told where to draw the line.
    """
    mallopt = getattr(library or ctypes.CDLL(None), "mallopt", None)  # musl has none
    return bool(mallopt and mallopt(_M_MMAP_THRESHOLD, _READ_BUFFER))
