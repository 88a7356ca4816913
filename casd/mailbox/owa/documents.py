"""The documents that stand in frames of the page: a message's body, and the text that is being written.

Script never runs in them: their sandbox forbids it, their policy allows none and `sanitise` leaves none. So they
may share the page's origin, which lets the page measure them, take mailto: links and edit them in place.
"""

from __future__ import annotations

from base64 import b64encode
from email.message import Message
from email.utils import format_datetime
from html import escape

from casd.mailbox.owa.bodies import Body, body
from casd.mailbox.owa.people import Person, headers, named
from casd.mailbox.owa.sanitise import Inline, clean
from casd.mailbox.owa.settings import settings
from casd.mailbox.owa.static import STATIC
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item

_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_STYLE = "style-src-elem 'self'; style-src-attr 'unsafe-inline'"
_REST = f"base-uri 'none'; form-action 'none'; frame-ancestors 'self'; {_SANDBOX}"
_POLICY = f"default-src 'none'; {_STYLE}; img-src data:; {_REST}"
_REMOTE_POLICY = f"default-src 'none'; {_STYLE}; img-src data: https:; upgrade-insecure-requests; {_REST}"

_IMAGES = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
_MAX_INLINE = 20 * 1024 * 1024
"""Bytes of all images that a message shows in its text: as much as a sender could attach elsewhere."""

_QUOTE = '<blockquote style="margin:0 0 0 .8ex;border-left:2px solid #ccc;padding-left:1ex">'
_EMPTY = "<p><br></p>"


def message(mailbox: MailboxStore, item: str, *, remote: bool) -> tuple[str, str]:
    """Return the body of a message as a document, with its policy."""
    shown = body(mailbox.items.content(item), _inline(mailbox, item), remote=remote)
    return _document(shown.html, shown.style, shown.remote_images), _REMOTE_POLICY if remote else _POLICY


def attached(html: str) -> tuple[str, str]:
    """Return HTML that was made of an attached document as a document that is safe to show, with its policy."""
    shown = clean(html)
    return _document(shown.html, "coloured" if shown.coloured else "plain", 0), _POLICY


def editor(mailbox: MailboxStore, item: str, verb: str) -> tuple[str, str]:
    """Return the text to begin with, with its policy; `verb` is `new`, `draft`, `reply`, `forward` or `signature`.

    What was quoted keeps its remote images for the recipient; the policy lets none of them load here.
    """
    own = settings(mailbox)["signature"]
    begin = f"{_EMPTY}<div>-- <br>{own}</div>" if own else _EMPTY
    if verb in {"new", "signature"}:
        return _document(begin if verb == "new" else own or _EMPTY, "editor", 0), _POLICY
    found = mailbox.items.get(item)
    mime = mailbox.items.content(item)
    shown = body(mime, _inline(mailbox, item), remote=True)
    style = "editor coloured" if shown.style == "coloured" else "editor"
    if verb in _QUOTES:
        return _document(begin + _QUOTES[verb](found, headers(mime), _written(shown)), style, 0), _POLICY
    return _document(_written(shown), style, 0), _POLICY


def _replied(item: Item, head: Message, text: str) -> str:
    date, who = (item.sent or item.received).isoformat(), _names(named(head, "from"))
    line = f'<div data-word="wrote" data-date="{date}" data-who="{who}">On {_date(item)}, {who} wrote:</div>'
    return f"{line}{_QUOTE}{text}</blockquote>"


def _forwarded(item: Item, head: Message, text: str) -> str:
    lines = [("From", _names(named(head, "from"))), ("Date", _date(item)), ("Subject", escape(item.subject))]
    lines += [(name, _names(named(head, name))) for name in ("To", "Cc")]
    told = "".join(f'<div><b data-word="{name.lower()}">{name}</b>: {value}</div>' for name, value in lines if value)
    return f'<div data-word="forwarded">---------- Forwarded message ----------</div>{told}<br>{text}'


_QUOTES = {"reply": _replied, "forward": _forwarded}


def _date(item: Item) -> str:
    """Return when a message was sent; the page puts this, and what has a `data-word`, into the reader's own words."""
    date = item.sent or item.received
    return f'<time datetime="{date.isoformat()}">{escape(format_datetime(date))}</time>'


def _written(shown: Body) -> str:
    """Return a body without the classes that only our own style sheet knows."""
    if shown.style != "text":
        return shown.html
    return shown.html.replace('<div class="text">', "<div>").replace("<blockquote>", _QUOTE).replace("\n", "<br>")


def _names(people: tuple[Person, ...]) -> str:
    lines = (f"{each.name} <{each.address}>" if each.name else each.address for each in people)
    return escape("; ".join(lines))


def _inline(mailbox: MailboxStore, item: str) -> Inline:
    """Return what finds an image that came with a message, each as a data URL."""
    parts = {part.content_id: part for part in mailbox.attachments.of(item) if part.content_type in _IMAGES}
    left = _MAX_INLINE

    def find(content_id: str) -> str | None:
        nonlocal left
        part = parts.get(content_id)
        if part is None or part.size > left:
            return None
        left -= part.size
        return f"data:{part.content_type};base64,{b64encode(mailbox.attachments.content(part.id)).decode()}"

    return find


def _document(html: str, style: str, remote_images: int) -> str:
    return (
        f'<!DOCTYPE html><html class="{style}" data-remote-images="{remote_images}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Message</title>'
        f'<link rel="stylesheet" href="/owa/{STATIC.version}/body.css"></head><body>{html}</body></html>'
    )
