"""The process that reads attachments, seen from the one that gives them to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from select import POLLIN, POLLOUT, poll
from time import monotonic

from attrs import define

from casd.mailbox.store.extract import SEARCHED

SECONDS = 20.0
"""A document that takes longer is given up."""

_TOGETHER = 60.0
"""Seconds after which no more attachments of one item are begun: others wait."""

_CPU = 600
"""Seconds of CPU time, after which a new process takes over."""

_MEMORY = 1 << 30
"""Bytes of address space: pages of a PDF are large, and nothing else of ours is in it."""

_LARGEST = 4 << 20
"""Bytes of a text: a million characters."""


class TooSlow(Exception):
    """The process did not answer in time."""


@define
class _Running:
    """A process with both its pipes."""

    process: subprocess.Popen[bytes]
    requests: int
    answers: int

    @classmethod
    def start(cls) -> _Running:
        """Start one."""
        requests, answers = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        command = [sys.executable, "-m", "casd.mailbox.store.texts", str(_CPU), str(_MEMORY)]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=requests[0], stdout=answers[1], stderr=subprocess.DEVNULL
            )
        finally:
            os.close(requests[0])
            os.close(answers[1])
        os.set_blocking(requests[1], False)
        return cls(process, requests[1], answers[0])

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self.requests)
        os.close(self.answers)


@define
class Reader:
    """Starts the process when something is to be read; `close` ends it, and so does whatever goes wrong in it."""

    seconds: float = SECONDS
    _running: _Running | None = None

    def text_of(self, name: str, content_type: str, data: bytes) -> str:
        """Return the text of one attachment; empty if it has none, or does harm. Blocks."""
        try:
            return self._ask(name, content_type, data)
        except (OSError, ValueError, TooSlow):
            self.close()
            return ""

    def texts_of(self, attachments: Iterable[tuple[str, str, bytes]]) -> str:
        """Return the texts of an item's attachments, as much as is searched and as time allows. Blocks."""
        give_up, whole = monotonic() + _TOGETHER, ""
        for name, content_type, data in attachments:
            if len(whole) >= SEARCHED or monotonic() >= give_up:
                break
            whole += f"{self.text_of(name, content_type, data)}\n"
        return whole[:SEARCHED].rstrip("\n")

    def close(self) -> None:
        """End the process."""
        running, self._running = self._running, None
        if running is not None:
            running.end()

    def _ask(self, name: str, content_type: str, data: bytes) -> str:
        give_up = monotonic() + self.seconds
        running = self._running = self._running or _Running.start()
        _write(running.requests, json.dumps([len(data), name, content_type]).encode() + b"\n" + data, give_up)
        size, _, text = _read(running.answers, 1, give_up, b"\n").partition(b"\n")
        if int(size) > _LARGEST:
            raise ValueError("the text is longer than any")
        text += _read(running.answers, int(size) - len(text), give_up)
        if len(text) != int(size):
            raise ValueError("an answer to nothing that was asked")
        return text.decode("utf-8", "replace")


def _write(descriptor: int, data: bytes, give_up: float) -> None:
    rest = memoryview(data)
    while rest:
        _wait(descriptor, POLLOUT, give_up)
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int, least: int, give_up: float, until: bytes = b"") -> bytes:
    """Return at least so many bytes, with `until` somewhere in them."""
    data = b""
    while len(data) < least or until not in data:
        _wait(descriptor, POLLIN, give_up)
        more = os.read(descriptor, 1 << 16)
        if not more:
            raise OSError("the process has ended")
        data += more
    return data


def _wait(descriptor: int, event: int, give_up: float) -> None:
    """Wait until a pipe can be read or written, or has ended; not by select, which knows no descriptor above 1023."""
    waiting = poll()
    waiting.register(descriptor, event)
    if not waiting.poll(max(0.0, give_up - monotonic()) * 1000):
        raise TooSlow
