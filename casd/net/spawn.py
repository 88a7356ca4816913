"""Coroutines that await Deferreds, run for one request: `Deferred.fromCoroutine` at a third of its cost.

Nobody waits for the result and nobody cancels, so that neither a Deferred nor a copy of the context is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


def spawn(coroutine: Coroutine[Deferred[Any], Any, Any], told: Callable[[Exception], None]) -> None:
    """Run a coroutine up to its end; `told` is told of what it raises."""
    _go_on(None, coroutine, told)


def _go_on(result: Any, coroutine: Coroutine[Deferred[Any], Any, Any], told: Callable[[Exception], None]) -> None:
    try:
        waiting = (
            result.throwExceptionIntoGenerator(coroutine) if isinstance(result, Failure) else coroutine.send(result)
        )
    except StopIteration:
        return
    except Exception as error:
        told(error)
        return
    waiting.addBoth(_go_on, coroutine, told)
