"""The reactor of a process: its choice, made before anything imports it, with the exit status when it has ended."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable

import uvloop
from twisted.internet import asyncioreactor


def choose_reactor() -> None:
    """Install the asyncio reactor on a uvloop loop, unless a reactor is installed already or CASD_REACTOR=default."""
    if "twisted.internet.reactor" in sys.modules or os.environ.get("CASD_REACTOR") == "default":
        return
    asyncioreactor.install(uvloop.new_event_loop())


def fail_if(failed: Callable[[], bool]) -> None:
    """Have this process end with 1 if something failed: twistd itself ends with 0 whatever its services met with."""
    atexit.register(_end, failed)


def _end(failed: Callable[[], bool]) -> None:
    if failed():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
