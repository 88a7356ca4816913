"""The time that mailbox servers go by: the real one, until a test stops it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any


class Clock:
    """A clock that can be stopped, set and put forward; what mailboxes write down is by it.

    Sign-in, certificates and time limits go by the real time all the same.
    """

    def __init__(self) -> None:
        self._moment: float | None = None

    def __call__(self) -> float:
        """Return seconds since 1970."""
        return time.time() if self._moment is None else self._moment

    @property
    def now(self) -> datetime:
        """What it shows, in UTC."""
        return datetime.fromtimestamp(self(), UTC)

    def freeze(self, moment: datetime | str | None = None) -> None:
        """Stop it: now, or at a moment (without an offset in UTC), for example `2026-03-01 09:00`."""
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment or self.now
        self._moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()

    def tick(self, **duration: Any) -> None:
        """Put a stopped clock forward, by the words of `timedelta`: `tick(hours=1)`."""
        if self._moment is None:
            raise RuntimeError("the clock goes by itself: freeze it first")
        self._moment += timedelta(**duration).total_seconds()

    def release(self) -> None:
        """Let it show the real time again."""
        self._moment = None
