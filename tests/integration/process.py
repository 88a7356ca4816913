"""One process of a test, with what it has printed so far."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
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
        """End the process as a power cut does."""
        self._popen.kill()
        self._popen.wait()

    @property
    def memory(self) -> int:
        """Resident memory now, in bytes."""
        return self._status("VmRSS")

    @property
    def most_memory(self) -> int:
        """The most that it was since `forget_memory`, or ever."""
        return self._status("VmHWM")

    def forget_memory(self) -> None:
        """Let `most_memory` begin anew (proc(5), clear_refs)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5", encoding="ascii")

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        kibibytes = re.search(rf"{name}:\s+(\d+) kB", status)
        assert kibibytes, "the process is gone"
        return int(kibibytes[1]) * 1024

    def _read(self) -> None:
        assert self._popen.stdout
        for line in self._popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until a condition holds that nobody tells of."""
    give_up = monotonic() + patience
    pause = Condition()
    while not condition():
        if monotonic() > give_up:
            raise AssertionError(f"waited {patience} s for {what}")
        with pause:
            pause.wait(0.02)
