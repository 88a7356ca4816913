"""What the columns, the search and the list of attachments take from a content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from lxml import etree

SEARCHED = 1 << 20
"""Characters of a body that are indexed: more than people write, less than what a machine's log mail holds."""

_UNSEEN = frozenset(("script", "style", "head", "title"))
_BLOCKS = frozenset(("br", "p", "div", "tr", "li", "h1", "h2", "h3", "td"))

PREVIEW = 255
"""Characters of a preview, as many as Exchange's."""


@frozen
class Part:
    """One attachment found in MIME content; `index` is its place among the leaves."""

    index: int
    name: str
    content_type: str
    size: int
    content_id: str
    inline: bool


@frozen
class Extract:
    """Attributes of `Item` that a content decides, its body as plain text, and its attachments.

    `defaults` are those that the content decides when the item is created, and its owner afterwards.
    """

    columns: Mapping[str, Any]
    body: str = ""
    defaults: Mapping[str, Any] = {}
    parts: tuple[Part, ...] = ()


def extracted(
    columns: Mapping[str, Any], body: str, defaults: Mapping[str, Any], parts: Iterable[Part] = ()
) -> Extract:
    """Return an `Extract` with its body cut to what is indexed, and the preview made from it."""
    body = body[:SEARCHED]
    preview = " ".join(body[: PREVIEW * 4].split())[:PREVIEW]
    return Extract({**columns, "preview": preview}, body, defaults, tuple(parts))


def plain(markup: str) -> str:
    """Return the text of HTML, its scripts and styles left out; never an error.

    Read as a stream of events: a tree of a stranger's HTML can cost minutes, by its depth or its attributes.
    """
    data = markup.encode("utf-8", "replace")[: 4 * SEARCHED]
    if not data.strip():
        return ""
    target: Any = _Text()
    return str(etree.fromstring(data, etree.HTMLParser(target=target, encoding="utf-8"))).strip()


class _Text:
    """A parser's target that keeps the text, with a new line where a block ends."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._silent = 0

    def start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._silent += name in _UNSEEN

    def end(self, name: str) -> None:
        self._silent -= name in _UNSEEN
        if name in _BLOCKS and not self._silent:
            self._out.append("\n")

    def data(self, text: str) -> None:
        if not self._silent:
            self._out.append(text)

    def close(self) -> str:
        return "".join(self._out)
