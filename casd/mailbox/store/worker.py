"""The threads in which the work of one mailbox database is done."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

Job = Callable[[], None]


class Worker(Protocol):
    """Does one job after the other, in the order in which they were given."""

    def do(self, job: Job) -> None:
        """Do this job, which raises nothing, after those given before."""

    def quit(self) -> None:
        """End when the jobs given so far are done."""

    def wait(self) -> None:
        """Return when it has ended; blocks."""


class ThreadWorker:
    """A `Worker` with a thread of its own; with several `threads` jobs begin in order, and are done side by side."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # Daemons: a process that must end at once may, since what was acknowledged is on the disk.
        self._threads = [Thread(target=self._work, name=f"{name} {number}", daemon=True) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def do(self, job: Job) -> None:
        """Do this job, which raises nothing, after those given before."""
        self._jobs.put(job)

    def quit(self) -> None:
        """End when the jobs given so far are done."""
        for _ in self._threads:
            self._jobs.put(None)

    def wait(self) -> None:
        """Return when it has ended; blocks."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
