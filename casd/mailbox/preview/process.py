"""Processes that nobody trusts: each in a group of its own, which ends as a whole, and what it leaves in its folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from attrs import frozen

_LAST_WORDS = 2000


@frozen
class Ended:
    """How a process ended: its status (negative for a signal), or None if its time was over; and its last words."""

    status: int | None
    said: str = ""


class Processes:
    """Runs commands for threads that wait; `end` kills what runs and lets nothing begin."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[int] = set()
        self._ended = False

    def run(self, command: Sequence[str], environment: Mapping[str, str], folder: Path, patience: float) -> Ended:
        """Run a command in a folder for `patience` seconds at most."""
        with tempfile.TemporaryFile() as said:  # not in its folder, where it could be a link to anything
            process = self._begin(command, environment, folder, said.fileno())
            if process is None:
                return Ended(None)
            try:
                status: int | None = process.wait(patience)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                self._finish(process)
            said.seek(0)
            return Ended(status, said.read(_LAST_WORDS).decode("utf-8", "replace").strip())

    def end(self) -> None:
        """Kill what runs."""
        with self._lock:
            self._ended = True
            for group in self._running:
                _kill(group)

    def _begin(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, said: int
    ) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(  # noqa: S603 (our own words only)
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
            self._running.add(process.pid)
            return process

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of a group, also when its first process has ended well."""
        with self._lock:
            _kill(process.pid)
            self._running.discard(process.pid)
        process.wait()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def left_behind(path: Path, most: int) -> bytes:
    """Return what a process wrote, at most so many bytes; OSError if it is no plain file: a link could lead to ours."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise OSError(f"{path.name} is no plain file")
        return file.read(most)
