"""The reactor of a process: its choice, made before anything imports it, with the exit status when it has ended."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvloop
from twisted.internet import asyncioreactor
from twisted.internet.error import ReactorNotRunning

_M_MMAP_THRESHOLD = -3
_M_TRIM_THRESHOLD = -1
_READ_BUFFER = 256 * 1024
_KEPT = 8 * 1024 * 1024


def choose_reactor() -> None:
    """Install the asyncio reactor on a uvloop loop, unless a reactor is installed already or CASD_REACTOR=default."""
    if "twisted.internet.reactor" in sys.modules or os.environ.get("CASD_REACTOR") == "default":
        return
    asyncioreactor.install(uvloop.new_event_loop())
    map_read_buffers()


def map_read_buffers(library: Any = None) -> bool:
    """Have the system map each connection's read buffer by itself; False where there is no such choice.

    uvloop gives an encrypted connection 256 KiB to read into, and a page of it is enough for most. In the heap such
    a buffer comes to lie on what earlier handshakes left dirty: 19 KiB more for each idle connection, measured. glibc
    stops mapping blocks of a size when the first of them is freed, unless it is told where to draw the line.
    """
    mallopt = getattr(library or ctypes.CDLL(None), "mallopt", None)  # musl has none
    # Told that, glibc also gives each large piece of a body back to the system at once, only to ask for it again.
    return bool(mallopt and mallopt(_M_MMAP_THRESHOLD, _READ_BUFFER) and mallopt(_M_TRIM_THRESHOLD, _KEPT))


def end(reactor: Any) -> None:
    """Stop a reactor: at once, or as soon as it runs if services are being started before."""
    reactor.callWhenRunning(_stop, reactor)


def _stop(reactor: Any) -> None:
    with suppress(ReactorNotRunning):  # somebody else had it stopped
        reactor.stop()


def fail_if(failed: Callable[[], bool]) -> None:
    """Have this process end with 1 if something failed: twistd itself ends with 0 whatever its services met with."""
    atexit.register(_end, failed)


def _end(failed: Callable[[], bool]) -> None:
    if failed():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
