"""The body of a MIME message as HTML that is safe to show.

Of alternatives the richest is taken, and of a mixture all texts in their order, as its author meant it
(RFC 2046 5.1.3, 5.1.4). What is an attachment is left to the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from html import escape
from typing import Any

from attrs import frozen

from casd.mailbox.owa.sanitise import Inline, clean

_SHOWN = {"text/html": 2, "text/plain": 1}
_LINK = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'])|([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
_QUOTED = re.compile(r"(?:^>.*(?:\n|\Z))+", re.MULTILINE)


@frozen
class Body:
    """A body to show. `style` is `text`, `plain` (HTML in the reader's own colours) or `coloured`."""

    html: str
    style: str
    remote_images: int = 0


def body(mime: bytes, inline: Inline = lambda _: None, *, remote: bool = False) -> Body:
    """Return the body of a message; see `sanitise.clean` for `inline` and `remote`."""
    leaves = list(_chosen(message_from_bytes(mime)))
    if not any(leaf.get_content_type() == "text/html" for leaf in leaves):
        return Body("".join(f'<div class="text">{linked(_characters(leaf))}</div>' for leaf in leaves), "text")
    parts = [clean(_markup(leaf), inline, remote=remote) for leaf in leaves]
    style = "coloured" if any(part.coloured for part in parts) else "plain"
    return Body("".join(part.html for part in parts), style, sum(part.remote_images for part in parts))


def linked(text: str) -> str:
    """Return plain text as HTML: its addresses as links, what it quotes as quotations."""
    text = text.replace("\r\n", "\n")
    pieces, end = [], 0
    for quoted in _QUOTED.finditer(text):
        inner = re.sub(r"^> ?", "", quoted[0], flags=re.MULTILINE)
        pieces += [_with_links(text[end : quoted.start()]), f"<blockquote>{_with_links(inner)}</blockquote>"]
        end = quoted.end()
    return "".join(pieces) + _with_links(text[end:])


def _with_links(text: str) -> str:
    pieces, end = [], 0
    for match in _LINK.finditer(text):
        url = match[1] or f"mailto:{match[2]}"
        link = f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(match[0])}</a>'
        pieces += [escape(text[end : match.start()]), link]
        end = match.end()
    return "".join(pieces) + escape(text[end:])


def _chosen(message: Message) -> Iterator[Message]:
    """Yield the leaves that make up the body."""
    parts = _parts(message)
    if message.get_content_type() == "multipart/alternative":
        for part in sorted(parts, key=_richness)[-1:]:  # of equals the last is the best (RFC 2046 5.1.4)
            yield from _chosen(part)
    elif parts:
        for part in parts:
            yield from _chosen(part)
    elif message.get_content_type() in _SHOWN and not _is_attachment(message):
        yield message


def _parts(message: Message) -> list[Message]:
    """Return the parts of a multipart; an attached message has none to us."""
    parts: Any = message.get_payload() if message.get_content_maintype() == "multipart" else []
    return parts if isinstance(parts, list) else []


def _richness(part: Message) -> int:
    """Return 2 if there is HTML in it, 1 for text, 0 for what cannot be shown."""
    parts = _parts(part)
    return max(map(_richness, parts)) if parts else _SHOWN.get(part.get_content_type(), 0)


def _is_attachment(leaf: Message) -> bool:
    return leaf.get_content_disposition() == "attachment" or bool(leaf.get_filename())


def _markup(leaf: Message) -> str:
    text = _characters(leaf)
    return text if leaf.get_content_type() == "text/html" else f"<div>{linked(text)}</div>".replace("\n", "<br>")


def _characters(leaf: Message) -> str:
    payload = leaf.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(leaf.get_content_charset("utf-8"), "replace")
    except LookupError:
        return data.decode("latin-1")
