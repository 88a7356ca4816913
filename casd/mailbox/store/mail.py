"""What is in MIME content, by the standard library's parser, which takes whatever the world sends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.generator import BytesGenerator
from email.header import decode_header, make_header
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime
from io import BytesIO
from typing import Any

from casd.mailbox.store.extract import Extract, Part, extracted, plain
from casd.mailbox.store.values import Importance

_SENSITIVITY = {"personal": 1, "private": 2, "company-confidential": 3}  # RFC 2156 5.3.4
_BYTES = "application/octet-stream"
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")


class _AsReceived(Compat32):
    """Headers come out as they came in, whatever their bytes, and go out the same."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


_POLICY = _AsReceived(linesep="\r\n", max_line_length=None, mangle_from_=False)


def read(content: bytes) -> Extract:
    """Return what columns take from a mail. Never an error: anything is a message."""
    message = _parsed(content)
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


def part_content(content: bytes, index: int) -> bytes:
    """Return the decoded bytes of one leaf."""
    return _decoded(list(_leaves(_parsed(content)))[index][0])


def with_part(content: bytes, part: Part, data: bytes) -> bytes:
    """Return a mail with one more attachment at its end."""
    message = _parsed(content)
    if message.get_content_type() != "multipart/mixed" or not message.is_multipart():
        message = _wrapped(message)
    message.attach(_part(part, data))
    return _bytes(message)


def without_part(content: bytes, index: int) -> bytes:
    """Return a mail without one of its leaves."""
    message = _parsed(content)
    leaf, parent = list(_leaves(message))[index]
    if parent is None:
        leaf.set_payload("")
    else:
        siblings: Any = parent.get_payload()
        siblings.remove(leaf)
    return _bytes(message)


def _parsed(content: bytes) -> Message:
    return BytesParser(policy=_POLICY).parsebytes(content)


def _bytes(message: Message) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, policy=_POLICY).flatten(message)
    return buffer.getvalue()


def _leaves(message: Message, parent: Message | None = None) -> Iterator[tuple[Message, Message | None]]:
    """Yield what is not multipart, each with the multipart that holds it; an attached message is one leaf."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        inner: Any = message.get_payload()
        for part in inner:
            yield from _leaves(part, message)
    else:
        yield message, parent


def _attachments(message: Message) -> Iterator[Part]:
    for index, (leaf, parent) in enumerate(_leaves(message)):
        if not _is_body(leaf):
            content_id = _text(leaf, "content-id").strip("<>")
            related = parent is not None and parent.get_content_type() == "multipart/related"
            inline = bool(content_id) and (related or leaf.get_content_disposition() == "inline")
            yield Part(index, _name(leaf), leaf.get_content_type(), len(_decoded(leaf)), content_id, inline)


def _is_body(leaf: Message) -> bool:
    return (
        leaf.get_content_maintype() == "text"
        and leaf.get_content_disposition() != "attachment"
        and not leaf.get_filename()
    )


def _body(message: Message) -> str:
    texts = [leaf for leaf, _ in _leaves(message) if _is_body(leaf)]
    plains = [_characters(leaf) for leaf in texts if leaf.get_content_type() == "text/plain"]
    if any(text.strip() for text in plains):
        return "\n".join(plains)
    return "\n".join(plain(_characters(leaf)) for leaf in texts if leaf.get_content_type() == "text/html")


def _characters(leaf: Message) -> str:
    try:
        return _decoded(leaf).decode(leaf.get_content_charset("utf-8"), "replace")
    except LookupError:
        return _decoded(leaf).decode("latin-1")


def _decoded(leaf: Message) -> bytes:
    if (attached := _attached(leaf)) is not None:
        return _bytes(attached)
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attached(leaf: Message) -> Message | None:
    """Return the message that a leaf holds, if it holds one."""
    inner: Any = leaf.get_payload(0) if leaf.is_multipart() else None
    return inner if leaf.get_content_type() == "message/rfc822" else None


def _name(leaf: Message) -> str:
    if name := leaf.get_filename():
        return _words(name)
    attached = _attached(leaf)
    return "" if attached is None else _text(attached, "subject")


def _part(part: Part, data: bytes) -> Message:
    made: Message
    if part.content_type == "message/rfc822":  # which must not be encoded (RFC 2046 section 5.2.1)
        made = MIMEMessage(_parsed(data), policy=_POLICY)
    else:
        made = MIMEApplication(data, policy=_POLICY)
        content_type = part.content_type if re.fullmatch(r"[!-~]+/[!-~]+", part.content_type) else _BYTES
        made.replace_header("Content-Type", content_type)
    disposition = "inline" if part.inline else "attachment"
    made.add_header("Content-Disposition", disposition, filename=_parameter(part.name))
    if part.content_id:
        made["Content-ID"] = f"<{_line(part.content_id)}>"
    return made


def _parameter(name: str) -> str | tuple[str, str, str]:
    name = _line(name)
    return name if name.isascii() else ("utf-8", "", name)


def _line(text: str) -> str:
    """Take out what would end a header."""
    return re.sub(r"[\r\n\0]", " ", text)


def _wrapped(message: Message) -> Message:
    """Return a multipart/mixed with the message's own headers, and its body as the first part."""
    outer = MIMEMultipart(policy=_POLICY)
    for name, value in message.items():
        if name.lower() != "mime-version" and not name.lower().startswith("content-"):
            outer[name] = value
    for name in {*outer.keys(), "mime-version"}:
        if not name.lower().startswith("content-"):
            del message[name]
    outer.attach(message)
    return outer


def _text(message: Message, name: str) -> str:
    """Return a header as text, unfolded and decoded."""
    return _words(str(message.get(name, "")))


def _words(value: str) -> str:
    """Decode RFC 2047 words, and bytes that stand there raw."""
    raw = value.encode("ascii", "surrogateescape") if not _has_letters_beyond_ascii(value) else value.encode("utf-8")
    text = " ".join(raw.decode("utf-8", "replace").split())
    try:
        return (str(make_header(decode_header(text))) or text) if "=?" in text else text
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


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
