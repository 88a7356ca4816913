"""The process that makes offline address books: `python -m casd.oab_process`, with its task on standard input.

Making them takes a processor for a while; the front end must not notice.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from importlib import import_module
from typing import Any

import attrs
from attrs import frozen

from casd.model import AddressBook, DirectoryDown
from casd.oab import Settings as Oab  # this module has no section of its own
from casd.oab_build import Outcome, bring_up_to_date
from casd.oab_files import Name

_POLITE = 10
"""Whoever answers clients goes first."""

_MODULE = "casd.oab_process"


class NotMade(Exception):
    """The process has not done what it was to do; the text says why."""


@frozen
class Task:
    """What is to be done: of which directory (the name of its module, and its section), by which settings."""

    module: str
    directory: Any
    settings: Oab
    books: tuple[AddressBook, ...]
    wanted: tuple[Name, ...] = ()


class Process:
    """Runs a task in a process of its own; `end` kills it."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None
        self._ended = False

    def run(self, task: Task) -> Outcome:
        """Wait, in a thread, for what comes of a task; `NotMade` if that is nothing."""
        if self._is_over():
            return Outcome()
        self._running = subprocess.Popen(  # noqa: S603 (our own words only)
            (sys.executable, "-m", _MODULE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            said, why = self._running.communicate(pickle.dumps(task))
        finally:
            status, self._running = self._running.returncode, None
        if status == 0:
            return Outcome(**{**(found := json.loads(said)), "made": tuple(found["made"])})
        if self._is_over():
            return Outcome()
        raise NotMade(why.decode("utf-8", "replace").strip() or f"the process ended with {status}")

    def _is_over(self) -> bool:
        return self._ended

    def end(self) -> None:
        """Kill what runs: another one goes on with the next file."""
        self._ended = True
        if (running := self._running) is not None:
            running.kill()


def main() -> int:
    """Do what standard input says; tell the outcome on standard output, or why there is none on standard error."""
    os.nice(_POLITE)
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301 (from the process that started this one, by a pipe)
    directory = import_module(task.module).Directory(task.directory)
    try:
        outcome = bring_up_to_date(directory, task.settings, task.books, wanted=task.wanted)
    except (DirectoryDown, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(attrs.asdict(outcome)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
