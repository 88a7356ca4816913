"""What the columns, the search and the list of attachments take from a content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen
from lxml import etree, html

SEARCHED = 1 << 20
"""Characters of a body that are indexed: more than people write, less than what a machine's log mail holds."""

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
    """Return the text of HTML, its scripts and styles left out; never an error."""
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return ""
    etree.strip_elements(root, "script", "style", "head", with_tail=False)
    for block in root.iter("br", "p", "div", "tr", "li", "h1", "h2", "h3", "td"):
        block.tail = "\n" + (block.tail or "")
    return "".join(map(str, root.itertext())).strip()
