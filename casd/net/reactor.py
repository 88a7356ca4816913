"""The choice of the reactor, made before anything imports it."""

from __future__ import annotations

import os
import sys


def choose_reactor() -> None:
    """Install the asyncio reactor on a uvloop loop, unless a reactor is installed already or CASD_REACTOR=default."""
    if "twisted.internet.reactor" in sys.modules or os.environ.get("CASD_REACTOR") == "default":
        return
    import uvloop  # noqa: PLC0415
    from twisted.internet import asyncioreactor  # noqa: PLC0415

    asyncioreactor.install(uvloop.new_event_loop())
