"""A stranger's HTML rewritten so that its length alone bounds what it costs to parse.

Parsers that build a tree as browsers do take quadratic time for deep nesting and for many attributes, and copy
every open formatting element into each new paragraph: half a megabyte can cost minutes. So HTML is first read
as a stream of events by libxml2, in linear time, and written anew, balanced and within the limits below. What
is beyond a limit loses its markup, never its text. This makes nothing safe to show: see `sanitise`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from lxml import etree

MAX_LENGTH = 4 * 1024 * 1024
"""Bytes of UTF-8 that are looked at; Gmail shows 102 KiB of a message before it cuts."""

MAX_TAGS = 25_000
MAX_DEPTH = 200
"""Open elements: browsers stop at 512 (Blink, WebKit) or 200 (Gecko)."""

MAX_FORMATTING = 16
"""Open formatting elements, each of which is copied into every paragraph that follows."""

MAX_VALUE = 16 * 1024
"""Characters of an attribute but `src`, which may hold an image."""

_FORMATTING = frozenset(  # HTML standard 13.2.4.3
    ("a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u")
)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


def tame(html: str, attributes: Mapping[str, Collection[str]], dropped: Collection[str]) -> str:
    """Rewrite HTML with these attributes only (by element, `*` for all) and without `dropped` elements' content."""
    data = html.encode("utf-8", "replace")[:MAX_LENGTH]
    if not data.strip():
        return ""
    target: Any = _Writer(attributes, dropped)
    written: Any = etree.fromstring(data, etree.HTMLParser(target=target, encoding="utf-8"))
    return str(written)


class _Writer:
    """A parser's target (see lxml's "target parser interface") that writes what it is told."""

    def __init__(self, attributes: Mapping[str, Collection[str]], dropped: Collection[str]) -> None:
        self._attributes = attributes
        self._dropped = dropped
        self._out: list[str] = []
        self._open: list[tuple[str, bool]] = []  # name, written
        self._tags = self._depth = self._formatting = self._silent = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._silent += name in self._dropped
        written = not self._silent and self._fits(name)
        self._open.append((name, written))
        if written:
            self._count(name, 1)
            self._tags += 1
            self._out.append(f"<{name}{''.join(self._kept(name, attributes))}>")

    def end(self, _name: str) -> None:
        name, written = self._open.pop()
        self._silent -= name in self._dropped
        if written:
            self._count(name, -1)
            if name not in _VOID:
                self._out.append(f"</{name}>")

    def data(self, text: str) -> None:
        if not self._silent:
            self._out.append(escape(text, quote=False))

    def close(self) -> str:
        return "".join(self._out)

    def _fits(self, name: str) -> bool:
        return (
            self._tags < MAX_TAGS
            and self._depth < MAX_DEPTH
            and (name not in _FORMATTING or self._formatting < MAX_FORMATTING)
        )

    def _count(self, name: str, step: int) -> None:
        self._depth += step
        self._formatting += step * (name in _FORMATTING)

    def _kept(self, name: str, attributes: Mapping[str, str]) -> list[str]:
        wanted = {*self._attributes.get("*", ()), *self._attributes.get(name, ())}
        values = [(key, value) for key, value in attributes.items() if key in wanted]
        return [f' {key}="{escape(value)}"' for key, value in values if key == "src" or len(value) <= MAX_VALUE]
