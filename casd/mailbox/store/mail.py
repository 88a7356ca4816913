"""What columns, search and the list of attachments take from a mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from casd.mailbox.store.extract import Extract, Part, extracted, plain
from casd.mailbox.store.mime import attached, decoded, leaves, parsed
from casd.mailbox.store.values import Importance

_SENSITIVITY = {"personal": 1, "private": 2, "company-confidential": 3}  # RFC 2156 5.3.4
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")


def read(content: bytes) -> Extract:
    """Return what columns take from a mail. Never an error: anything is a message."""
    message = parsed(content)
    identifier, parent = _identifier(message, "message-id"), _identifier(message, "in-reply-to")
    references = _MESSAGE_ID.findall(_text(message, "references"))
    columns = {
        "subject": _text(message, "subject"),
        "sender": _people(message, "from") or _people(message, "sender"),
        "to": _people(message, "to"),
        "cc": _people(message, "cc"),
        "bcc": _people(message, "bcc"),
        "sent": _date(message),
        "message_id": identifier,
        "in_reply_to": parent,
        "references": " ".join(references),
        "conversation": [*references, parent or identifier][0],
    }
    parts = tuple(_attachments(message))
    columns["has_attachments"] = any(not part.inline for part in parts)
    defaults = {"importance": _importance(message), "sensitivity": _sensitivity(message)}
    return extracted(columns, _body(message), defaults, parts)


def _attachments(message: Message) -> Iterator[Part]:
    for index, (leaf, parent) in enumerate(leaves(message)):
        if not _is_body(leaf):
            content_id = _text(leaf, "content-id").strip("<>")
            related = parent is not None and parent.get_content_type() == "multipart/related"
            inline = bool(content_id) and (related or leaf.get_content_disposition() == "inline")
            yield Part(index, _name(leaf), leaf.get_content_type(), len(decoded(leaf)), content_id, inline)


def _is_body(leaf: Message) -> bool:
    return (
        leaf.get_content_maintype() == "text"
        and leaf.get_content_disposition() != "attachment"
        and not leaf.get_filename()
    )


def _body(message: Message) -> str:
    texts = [leaf for leaf, _ in leaves(message) if _is_body(leaf)]
    plains = [_characters(leaf) for leaf in texts if leaf.get_content_type() == "text/plain"]
    if any(text.strip() for text in plains):
        return "\n".join(plains)
    return "\n".join(plain(_characters(leaf)) for leaf in texts if leaf.get_content_type() == "text/html")


def _characters(leaf: Message) -> str:
    try:
        return decoded(leaf).decode(leaf.get_content_charset("utf-8"), "replace")
    except LookupError:
        return decoded(leaf).decode("latin-1")


def _name(leaf: Message) -> str:
    if name := leaf.get_filename():
        return _words(name)
    inner = attached(leaf)
    return "" if inner is None else _text(inner, "subject")


def _text(message: Message, name: str) -> str:
    """Return a header as text, unfolded and decoded."""
    return _words(str(message.get(name, "")))


def _words(value: str) -> str:
    """Decode RFC 2047 words, and bytes that stand there raw."""
    raw = value.encode("ascii", "surrogateescape") if not _has_letters_beyond_ascii(value) else value.encode("utf-8")
    text = unfolded(raw.decode("utf-8", "replace"))
    try:
        return (str(make_header(decode_header(text))) or text) if "=?" in text else text
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def unfolded(text: str) -> str:
    """Return a header's text in one line (RFC 5322 section 2.2.3); what blanks there are in it stay."""
    return re.sub(r"\r|\n", "", text).replace("\t", " ").strip()


def _has_letters_beyond_ascii(value: str) -> bool:
    return any(ord(character) > 127 and not 0xDC80 <= ord(character) <= 0xDCFF for character in value)


def _people(message: Message, name: str) -> str:
    pairs = getaddresses([" ".join(str(value).split()) for value in message.get_all(name, [])])
    return "; ".join(display(_words(person), _words(address)) for person, address in pairs if person or address)


def display(name: str, address: str) -> str:
    """Return how a person stands in `Item.sender`, `to`, `cc` and `bcc`."""
    return f"{name} <{address}>" if name and name != address else address


def _identifier(message: Message, name: str) -> str:
    text = _text(message, name)
    match = _MESSAGE_ID.search(text)
    return match[1] if match else text


def _date(message: Message) -> datetime | None:
    try:
        date = parsedate_to_datetime(_text(message, "date"))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _importance(message: Message) -> int:
    named = {"low": Importance.LOW, "high": Importance.HIGH}.get(_text(message, "importance").lower())
    if named is not None:
        return named
    priority = _text(message, "x-priority")[:1]
    return {"1": Importance.HIGH, "2": Importance.HIGH, "4": Importance.LOW, "5": Importance.LOW}.get(
        priority, Importance.NORMAL
    )


def _sensitivity(message: Message) -> int:
    return _SENSITIVITY.get(_text(message, "sensitivity").lower(), 0)
