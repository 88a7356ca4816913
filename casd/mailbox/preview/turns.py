"""One thing after the other for each person, so that nobody keeps all others waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.defer import DeferredLock

from casd.mailbox.preview.trouble import NotShown, Trouble

MOST = 4
"""Documents that one person may have opened before the first of them is there."""


class Turns:
    """Who has begun something, and what waits behind it."""

    def __init__(self) -> None:
        self._locks: dict[str, DeferredLock] = {}

    @asynccontextmanager
    async def turn(self, owner: str) -> AsyncIterator[None]:
        """Wait for what the owner has begun before; `NotShown` when too much of it waits already."""
        lock = self._locks.setdefault(owner, DeferredLock())
        if len(lock.waiting) + lock.locked >= MOST:
            raise NotShown(Trouble.BUSY)
        try:
            async with lock:
                yield
        finally:
            if not lock.locked:
                self._locks.pop(owner, None)
