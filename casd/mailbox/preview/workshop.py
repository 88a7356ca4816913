"""The work of making pages: which programs there are, and one process for each task, a few at once."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from casd.mailbox.preview.job import RESULT, SCRATCH
from casd.mailbox.preview.kinds import DOCX, FILTERS, PDF, PICTURES
from casd.mailbox.preview.process import Ended, Processes, left_behind
from casd.mailbox.preview.sandbox import CODE, Sandbox, choose, works_here
from casd.mailbox.preview.trouble import NotShown, Trouble

_QUEUE = 50
"""Tasks that wait for their turn; who comes then is told to try again."""

_RESULT_SIZE = 64 * 1024
_GRACE = 2
"""Seconds that a process may take beyond those of its task, to begin and to end."""


@frozen
class Programs:
    """What this machine can make pages with: LibreOffice's path or nothing, and whether pdfium and mammoth are here."""

    office: str = ""
    pdf: bool = False
    markup: bool = False

    @classmethod
    def found(cls) -> Programs:
        """Look for them."""
        pdf = find_spec("pypdfium2") is not None and find_spec("PIL") is not None
        office = shutil.which("soffice") or "" if pdf else ""
        return cls(office, pdf, find_spec("mammoth") is not None)

    def show(self, suffix: str) -> bool:
        """Say whether a kind of document can be shown."""
        if suffix == PDF or suffix in PICTURES:
            return self.pdf
        return suffix in FILTERS and (bool(self.office) or (suffix == DOCX and self.markup))


@frozen
class Task:
    """What a process is to do in its folder: see `job.run`."""

    source: str
    office: str
    first: int
    last: int
    width: int


class Workshop:
    """Does tasks, each in a limited process of its own; `most` at once, each with so much memory and time."""

    _log = Logger()

    def __init__(self, reactor: Any, *, most: int, memory: int, seconds: float) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(0, most, "previews")
        self._processes = Processes()
        self._memory = memory
        self._seconds = seconds
        self._sandbox: Sandbox | None = None
        self._under_way = 0
        self._most = most

    async def do(self, folder: Path, task: Task) -> Mapping[str, Any]:
        """Return the result of a task, or raise `NotShown`."""
        if self._under_way >= self._most + _QUEUE:
            raise NotShown(Trouble.BUSY)
        self._pool.start()
        self._under_way += 1
        try:
            working: Deferred[Mapping[str, Any]] = deferToThreadPool(
                self._reactor, self._pool, self._work, folder, task
            )
            return await working
        finally:
            self._under_way -= 1

    def end(self) -> None:
        """Kill what runs, and do no more."""
        self._processes.end()
        if self._pool.started:
            self._pool.stop()

    # In a thread

    def _work(self, folder: Path, task: Task) -> Mapping[str, Any]:
        begun = time.monotonic()
        scratch = folder / SCRATCH
        scratch.mkdir(exist_ok=True)
        command = self._walls(folder).wrap(self._command(task), folder)
        ended = self._processes.run(command, _environment(scratch), folder, self._seconds + _GRACE)
        shutil.rmtree(scratch, ignore_errors=True)
        result = _result(folder, ended)
        self._log.info(
            "preview of {source}: {result} in {seconds} s; {said}",
            source=task.source or "more pages",
            result=result.get("trouble", "shown"),
            seconds=round(time.monotonic() - begun, 2),
            said=ended.said[-200:],
        )
        if "trouble" in result:
            raise NotShown(Trouble[result["trouble"]])
        return result

    def _walls(self, folder: Path) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = choose(folder, works_here)
            say = self._log.info if self._sandbox.name == "bubblewrap" else self._log.warn
            say(
                "previews are made by processes with {keeps} ({name})",
                keeps=self._sandbox.keeps,
                name=self._sandbox.name,
            )
        return self._sandbox

    def _command(self, task: Task) -> list[str]:
        limits = {"memory": self._memory, "seconds": round(2 * self._seconds) + _GRACE}  # of all threads together
        said = json.dumps({**asdict(task), **limits})
        return [sys.executable, "-s", "-P", "-m", "casd.mailbox.preview.job", said]


def _environment(scratch: Path) -> dict[str, str]:
    return {
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        "PYTHONPATH": str(CODE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _result(folder: Path, ended: Ended) -> Mapping[str, Any]:
    """Return what a process left behind; by how it ended if that is nothing."""
    if ended.status is None:
        return {"trouble": Trouble.SLOW.name}
    if ended.status:
        return {"trouble": Trouble.CRASHED.name}
    try:
        result = json.loads(left_behind(folder / RESULT, _RESULT_SIZE))
    except (OSError, ValueError):
        return {"trouble": Trouble.CRASHED.name}
    known = isinstance(result, dict) and result.get("trouble", Trouble.SLOW.name) in Trouble.__members__
    return result if known else {"trouble": Trouble.CRASHED.name}
