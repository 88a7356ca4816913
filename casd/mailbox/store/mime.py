"""MIME content as a tree of parts, by the standard library's parser, which takes whatever the world sends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email.generator import BytesGenerator
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.parser import BytesParser
from email.policy import Compat32
from io import BytesIO
from typing import Any

from casd.mailbox.store.extract import Part

_BYTES = "application/octet-stream"


class _AsReceived(Compat32):
    """Headers come out as they came in, whatever their bytes, and go out the same."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


_POLICY = _AsReceived(linesep="\r\n", max_line_length=None, mangle_from_=False)


def parsed(content: bytes) -> Message:
    """Return a message; anything is one."""
    return BytesParser(policy=_POLICY).parsebytes(content)


def part_content(content: bytes, index: int) -> bytes:
    """Return the decoded bytes of one leaf."""
    return part_contents(content, (index,))[0]


def part_contents(content: bytes, indexes: Iterable[int]) -> list[bytes]:
    """Return the decoded bytes of some leaves: thousands of parts are taken out of a mail that is parsed once."""
    known = list(leaves(parsed(content)))
    return [decoded(known[index][0]) for index in indexes]


def with_part(content: bytes, part: Part, data: bytes) -> bytes:
    """Return a mail with one more attachment at its end."""
    message = parsed(content)
    if message.get_content_type() != "multipart/mixed" or not message.is_multipart():
        message = _wrapped(message)
    message.attach(_part(part, data))
    return _bytes(message)


def without_part(content: bytes, index: int) -> bytes:
    """Return a mail without one of its leaves."""
    message = parsed(content)
    leaf, parent = list(leaves(message))[index]
    if parent is None:
        leaf.set_payload("")
    else:
        siblings: Any = parent.get_payload()
        siblings.remove(leaf)
    return _bytes(message)


def leaves(message: Message, parent: Message | None = None) -> Iterator[tuple[Message, Message | None]]:
    """Yield what is not multipart, each with the multipart that holds it; an attached message is one leaf."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        inner: Any = message.get_payload()
        for part in inner:
            yield from leaves(part, message)
    else:
        yield message, parent


def decoded(leaf: Message) -> bytes:
    """Return what a leaf holds, its transfer encoding taken off."""
    if (inner := attached(leaf)) is not None:
        return _bytes(inner)
    payload = leaf.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def attached(leaf: Message) -> Message | None:
    """Return the message that a leaf holds, if it holds one."""
    inner: Any = leaf.get_payload(0) if leaf.is_multipart() else None
    return inner if leaf.get_content_type() == "message/rfc822" else None


def _bytes(message: Message) -> bytes:
    buffer = BytesIO()
    BytesGenerator(buffer, policy=_POLICY).flatten(message)
    return buffer.getvalue()


def _part(part: Part, data: bytes) -> Message:
    made: Message
    if part.content_type == "message/rfc822":  # which must not be encoded (RFC 2046 section 5.2.1)
        made = MIMEMessage(parsed(data), policy=_POLICY)
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
