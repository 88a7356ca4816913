"""Content that libraries stumble over, whatever they raise, as one error."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from casd.mailbox.store.errors import BadContent, StoreError
from protocols.ews.errors import Fault, Refusal

P = ParamSpec("P")
T = TypeVar("T")


def sound(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function that takes content apart fail with `BadContent` only, but for our own refusals.

    What was received may hold any nonsense, on which icalendar and vobject raise whatever came of it.
    """

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (StoreError, Refusal, Fault):
            raise
        except Exception as error:
            raise BadContent(f"{type(error).__name__}: {error}") from error

    return guarded
