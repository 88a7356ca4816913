"""Counts the finished requests of one virtual directory: plain numbers, on the way of every request."""

from __future__ import annotations

from bisect import bisect_left

BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Upper bounds, in seconds."""


class Tally:
    """How many requests ended with which status, and how long they took."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets: list[int] = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def finished(self, status: int, seconds: float) -> None:
        """Count one."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds
