"""One process of a test, with what it has printed so far."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Thread
from time import monotonic

ROOT = Path(__file__).parents[2]

PATIENCE = 60
"""Seconds after which what is waited for has failed."""


class Process:
    """Runs a command, by default in the project's folder; its standard output and error are read line by line."""

    def __init__(self, *command: str | Path, cwd: Path = ROOT) -> None:
        self.lines: list[str] = []
        self._changed = Condition()
        self._popen = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def wait_for(self, pattern: str, after: int = 0, patience: float = PATIENCE) -> str:
        """Return the first line, from the line numbered `after` on, in which a pattern is found."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if re.search(pattern, line)), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or not self._reader.is_alive(), patience)
        if (line := found()) is None:
            raise AssertionError(f"no line with {pattern!r}:\n" + "\n".join(self.lines[-40:]))
        return line

    def wait(self) -> int:
        """Return the exit status, when the process has ended by itself."""
        return self._popen.wait(PATIENCE)

    def stop(self) -> int:
        """End the process as an operator does, and return its exit status."""
        self._popen.terminate()
        try:
            return self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End the process, and those that it has started, as a power cut does."""
        started = self.children if self._popen.poll() is None else []
        self._popen.kill()
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, started)), "its processes to end")
        self._popen.wait()

    @property
    def memory(self) -> int:
        """Resident memory now, in bytes."""
        return memory_of(self.pid)

    @property
    def children(self) -> list[int]:
        """The processes that it has started and that are still there."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    @property
    def most_memory(self) -> int:
        """The most that it was since `forget_memory`, or ever."""
        return memory_of(self.pid, "VmHWM")

    def forget_memory(self) -> None:
        """Let `most_memory` begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def _read(self) -> None:
        assert self._popen.stdout
        for line in self._popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def is_alive(pid: int) -> bool:
    """Say whether a process is still there, and not only waited for by its parent."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False


def memory_of(pid: int, name: str = "VmRSS") -> int:
    """Return a process' memory in bytes (proc(5), status)."""
    kibibytes = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert kibibytes, "the process is gone"
    return int(kibibytes[1]) * 1024


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until a condition holds that nobody tells of."""
    give_up = monotonic() + patience
    while not condition():
        if monotonic() > give_up:
            raise AssertionError(f"waited {patience} s for {what}")
        pause(0.02)


def pause(seconds: float) -> None:
    """Let other processes work."""
    Event().wait(max(0.0, seconds))
