"""A thread of its own for a call that may wait long for somebody else: it holds nothing up, not even the end."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


def aside(reactor: Any, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    """Call a function in a new thread, which ends with the process whatever it is about; return what comes of it.

    The reactor's own threads are for work that takes its time and no more: all wait for each, and the end for all.
    """
    outcome: Deferred[Any] = Deferred()

    def call() -> None:
        try:
            found = function(*args)
        except Exception:
            reactor.callFromThread(outcome.errback, Failure())
        else:
            reactor.callFromThread(outcome.callback, found)

    Thread(target=call, daemon=True).start()
    return outcome
