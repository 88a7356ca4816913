"""A workshop that does nothing until it is told to, and then leaves what it is told to leave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from casd.mailbox.preview.job import image_name
from casd.mailbox.preview.previews import Previews
from casd.mailbox.preview.shelf import Shelf
from casd.mailbox.preview.trouble import NotShown, Trouble
from casd.mailbox.preview.workshop import Programs, Task

EVERYTHING = Programs("/usr/bin/soffice", pdf=True, markup=True)
THREE_PAGES = {"sizes": [[612, 792]] * 3, "total": 3}


class Work:
    """`casd.mailbox.preview.previews.Work`: the tasks that were asked for and are not done yet."""

    def __init__(self) -> None:
        self.asked: list[tuple[Path, Task, Deferred[Mapping[str, Any]]]] = []
        self.count = 0
        self.ended = False

    def do(self, folder: Path, task: Task) -> Deferred[Mapping[str, Any]]:
        self.count += 1
        done: Deferred[Mapping[str, Any]] = Deferred()
        self.asked.append((folder, task, done))
        return done

    def end(self) -> None:
        self.ended = True

    def finish(self, result: Mapping[str, Any] | Trouble = THREE_PAGES, suffix: str = ".png") -> Task:
        """End the task that was asked for first: with its images, or in trouble."""
        folder, task, done = self.asked.pop(0)
        if isinstance(result, Trouble):
            done.errback(NotShown(result))
        else:
            for number in range(task.first, task.last + 1):
                (folder / f"{image_name(number, task.width)}{suffix}").write_bytes(b"page %d" % number)
            done.callback(result)
        return task


def previews(work: Work, programs: Programs = EVERYTHING, most: int = 1 << 20) -> Previews:
    return Previews(Shelf(most), work, programs)
