"""A deadline that is moved for every message without touching the reactor's timers each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime

FOREVER = float("inf")


class Deadline:
    """Calls back once time is up. The timer behind it is moved only when it would come too late."""

    __slots__ = ("_at", "_call", "_clock", "_timer", "_timer_at")

    def __init__(self, clock: IReactorTime, call: Callable[[], None]) -> None:
        self._clock = clock
        self._call = call
        self._at = FOREVER
        self._timer: Any = None
        self._timer_at = FOREVER

    def within(self, seconds: float) -> None:
        """Set the deadline, in seconds from now."""
        self._at = self._clock.seconds() + seconds
        if self._timer_at > self._at:
            if self._timer is not None:
                self._timer.cancel()
            self._arm(seconds)

    def sooner(self, seconds: float) -> None:
        """Set the deadline only when that makes it earlier."""
        if self._at > self._clock.seconds() + seconds:
            self.within(seconds)

    def never(self) -> None:
        """Wait without limit for now; costs nothing."""
        self._at = FOREVER

    def stop(self) -> None:
        """Cancel for good, and let go of who was to be called."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at, self._timer_at = None, FOREVER, FOREVER
        self._call = _nobody

    def _arm(self, seconds: float) -> None:
        self._timer_at = self._clock.seconds() + seconds
        self._timer = self._clock.callLater(seconds, self._tick)

    def _tick(self) -> None:
        self._timer, self._timer_at = None, FOREVER
        left = self._at - self._clock.seconds()
        if left <= 0:
            self._at = FOREVER
            self._call()
        elif left < FOREVER:
            self._arm(left)


def _nobody() -> None:
    """Stand for who was to be called."""
