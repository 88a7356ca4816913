"""One line for each finished request or session, in JSON or as text."""

from __future__ import annotations

import json
import os
import re
import select
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import IO, Any

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from casd.config import Converter, key, path, seconds
from casd.config import optional as maybe

_PLAIN = re.compile(r"[A-Za-z0-9@/._:+-]+")
_HELD = 500
"""Lines that are written together without waiting for their time."""

_TEXT = "%s id=%s seconds=%.4f status=%d in=%d out=%d %s\n"
_JSON = '{"time": "%s", "id": "%s", "seconds": %.4f, "status": %d, "in": %d, "out": %d, %s}\n'

_WHOLE = select.PIPE_BUF
"""Bytes that arrive in one piece, whoever else writes to the same pipe: other workers do."""


def _style(value: str, _folder: object) -> str:
    if value not in {"text", "json"}:
        raise ValueError(f"{value!r} is neither text nor json")
    return value


style: Converter = _style


@frozen
class Settings:
    """Section `[accesslog]`."""

    file: Any = key(maybe(path), "", "where lines go; empty: standard output")
    style: str = key(style, "text", "text (name=value) or json")
    delay: float = key(seconds, "200 ms", "lines are written together this often")


class AccessLog:
    """Gathers lines and writes them together: a system call for each line would cost as much as the relay."""

    def __init__(
        self, settings: Settings, stream: IO[str], clock: IReactorTime, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._stream = stream
        self._to_file = _is_file(stream)  # what is appended to a file in one call stays together
        self._json = settings.style == "json"
        self._delay = settings.delay
        self._clock = clock
        self._now = wall_clock
        self._entries: list[tuple[str, str, float, int, int, int, str]] = []
        self._timer: Any = None
        self._second = 0
        self._stamp = ""

    def said(self, about: Iterable[tuple[str, str]]) -> str:
        """Return named texts as they stand at the end of a line: what is the same for many lines is written once."""
        if self._json:
            return json.dumps(dict(about))[1:-1]
        return " ".join([f"{name}={_quoted(text)}" for name, text in about])

    def __call__(self, request_id: str, seconds: float, status: int, received: int, sent: int, said: str) -> None:
        """Add the line of one request or session: bytes in and out, and what `said` has made of its texts."""
        self._entries.append((self._time(), request_id, seconds, status, received, sent, said))
        if len(self._entries) >= _HELD:
            self.flush()
        elif self._timer is None:
            self._timer = self._clock.callLater(self._delay, self.flush)

    def flush(self) -> None:
        """Write what was gathered."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._entries:
            form = _JSON if self._json else _TEXT
            lines = [form % entry for entry in self._entries]
            self._entries.clear()
            for piece in ["".join(lines)] if self._to_file else _pieces(lines):
                self._stream.write(piece)
                self._stream.flush()

    def close(self) -> None:
        """Write what was gathered, and nothing more."""
        self.flush()
        if self._stream is not sys.__stdout__:
            self._stream.close()

    def _time(self) -> str:
        now = int(self._now())
        if now != self._second:
            self._second, self._stamp = now, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        return self._stamp


def _is_file(stream: IO[str]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """Join lines to texts that are written whole."""
    piece, size = "", 0
    for line in lines:
        length = len(line) if line.isascii() else len(line.encode())
        if piece and size + length > _WHOLE:
            yield piece
            piece, size = "", 0
        piece, size = piece + line, size + length
    yield piece


@lru_cache(1024)
def _quoted(text: str) -> str:
    """Return a text as it may stand in a line: what a client sent must not begin a new line or a new field."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())
