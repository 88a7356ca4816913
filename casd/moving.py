"""What is asked of an address goes to the server that has its mailbox, also while the database is being moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.task import deferLater

from casd.access import ClientAccess
from casd.model import Proxy
from casd.net.fetch import Answer

_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two looks at the directory, twice as many each time."""


class Unreached(Exception):
    """No server has answered for the mailbox; the text is for people."""


async def follow(
    access: ClientAccess, address: str, protocol: str, ask: Callable[[Proxy], Awaitable[Answer]], until: float
) -> Answer:
    """Return what the server of an address answers, again and again until a time. `Unreached`, `DirectoryDown`."""
    pause = _PAUSE
    while True:
        decision = await access.locate_address(address, protocol, "the recipient")
        if not isinstance(decision, Proxy):
            raise Unreached(getattr(decision, "word", "Elsewhere"))
        answer = await ask(decision)
        if answer.head.status != 421:
            return answer
        if access.clock.seconds() + pause >= until:
            raise Unreached("DatabaseMoving")
        await deferLater(access.clock, pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        await access.directory.refresh()
