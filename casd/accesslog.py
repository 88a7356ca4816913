"""One line for each finished request or session, in JSON or as text."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from typing import IO, Any

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from casd.config import Converter, key, path, seconds
from casd.config import optional as maybe

_PLAIN = re.compile(r"[A-Za-z0-9@/._:+-]+")
_BUFFERED = 64 * 1024


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
        self._json = settings.style == "json"
        self._delay = settings.delay
        self._clock = clock
        self._now = wall_clock
        self._lines: list[str] = []
        self._size = 0
        self._timer: Any = None
        self._second = 0
        self._stamp = ""

    def __call__(
        self, request_id: str, seconds: float, status: int, sizes: tuple[int, int], about: tuple[tuple[str, str], ...]
    ) -> None:
        """Add the line of one request or session: `sizes` are bytes in and out, `about` the named texts."""
        received, sent = sizes
        if self._json:
            fields = {
                "time": self._time(),
                "id": request_id,
                "seconds": round(seconds, 4),
                "status": status,
                "in": received,
                "out": sent,
            }
            line = json.dumps(fields | dict(about)) + "\n"
        else:
            ending = f"status={status} in={received} out={sent} {_named(about)}"
            line = f"{self._time()} id={request_id} seconds={seconds:.4f} {ending}\n"
        self._lines.append(line)
        self._size += len(line)
        if self._size > _BUFFERED:
            self.flush()
        elif self._timer is None:
            self._timer = self._clock.callLater(self._delay, self.flush)

    def flush(self) -> None:
        """Write what was gathered."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._lines:
            self._stream.write("".join(self._lines))
            self._stream.flush()
            self._lines.clear()
            self._size = 0

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


@lru_cache(4096)
def _named(about: tuple[tuple[str, str], ...]) -> str:
    return " ".join([f"{name}={_quoted(text)}" for name, text in about])


def _quoted(text: str) -> str:
    """Return a text as it may stand in a line: what a client sent must not begin a new line or a new field."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())
