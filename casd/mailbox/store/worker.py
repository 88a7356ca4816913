"""The thread in which the work of one mailbox database is done."""

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


class ThreadWorker:
    """A `Worker` with a thread of its own."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        # A daemon: a process that must end at once may, since what was acknowledged is on the disk.
        Thread(target=self._work, name=name, daemon=True).start()

    def do(self, job: Job) -> None:
        """Do this job, which raises nothing, after those given before."""
        self._jobs.put(job)

    def quit(self) -> None:
        """End when the jobs given so far are done."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
