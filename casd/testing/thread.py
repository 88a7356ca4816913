"""A reactor of its own in a thread of its own: the test's thread may block, and its reactor is left alone."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread
from uvloop import new_event_loop

T = TypeVar("T")

PATIENCE = 60
"""Seconds after which what is waited for has failed."""


class ReactorThread:
    """Runs coroutines for a thread that waits for them. Its reactor is installed nowhere."""

    def __init__(self) -> None:
        self._loop = new_event_loop()
        self.reactor: Any = AsyncioSelectorReactor(self._loop)

    def run(self) -> None:
        """Run the reactor until it is stopped."""
        self.reactor.run(installSignalHandlers=False)
        with warnings.catch_warnings():  # a client that keeps its connection for longer than we do does no wrong
            warnings.simplefilter("ignore", ResourceWarning)
            self._loop.close()

    def wait_for(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Return what a coroutine function returns when the reactor's thread runs it."""

        def begin() -> Deferred[Any]:
            return Deferred.fromCoroutine(_awaited(function, *args)).addTimeout(PATIENCE, self.reactor)

        return blockingCallFromThread(self.reactor, begin)  # type: ignore[return-value]


async def _awaited(function: Callable[..., Awaitable[T]], *args: Any) -> T:
    return await function(*args)


@contextmanager
def reactor_thread() -> Iterator[ReactorThread]:
    """Start one, and end it."""
    own = ReactorThread()
    thread = Thread(target=own.run, name="casd", daemon=True)
    thread.start()
    try:
        yield own
    finally:
        own.reactor.callFromThread(own.reactor.stop)
        thread.join(PATIENCE)
