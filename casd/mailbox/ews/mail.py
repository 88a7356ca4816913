"""Mail: the properties that are in MIME content (RFC 5322), read and written."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import getaddresses
from typing import Any

from attrs import frozen

from casd.mailbox.ews import headers
from casd.mailbox.store.extract import Part, plain
from casd.mailbox.store.mail import unfolded
from protocols.ews.paths import Path, Property
from protocols.ews.values import Address, Body, Header

POLICY = SMTP.clone(cte_type="7bit", refold_source="none")
"""What is new has no byte above 127, and passes every door unchanged."""

_AS_RECEIVED = POLICY.clone(cte_type="8bit")
"""What was received keeps its lines and its bytes."""

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CONTENT_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9][!#$&^_.+a-z0-9-]*/[!#$&^_.+a-z0-9-]+", re.IGNORECASE)
_IMPORTANCE = {"Low": "low", "Normal": None, "High": "high"}
_SENSITIVITY = {"Normal": None, "Personal": "Personal", "Private": "Private", "Confidential": "Company-Confidential"}
_RECIPIENTS = {
    "message:ToRecipients": "To",
    "message:CcRecipients": "Cc",
    "message:BccRecipients": "Bcc",
    "message:ReplyTo": "Reply-To",
}


@frozen
class _Source:
    """A message as its properties are read from it."""

    content: bytes
    message: EmailMessage
    headers: tuple[Header, ...]

    def first(self, name: str) -> str:
        """Return the first header of this name, empty if there is none."""
        return next((header.value for header in self.headers if header.name.lower() == name.lower()), "")

    def people(self, name: str) -> tuple[Address, ...]:
        """Return who stands in the headers of this name."""
        texts = [header.value for header in self.headers if header.name.lower() == name.lower()]
        return tuple(Address(address, person) for person, address in getaddresses(texts) if person or address)

    def person(self, *names: str) -> Address | None:
        """Return who stands first in the first of these headers."""
        return next((who for name in names for who in self.people(name)), None)


def parse(content: bytes) -> EmailMessage:
    """Return a message. Never an error: anything is one."""
    message = BytesParser(policy=POLICY).parsebytes(content)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what this policy makes
    return message


@frozen
class Head:
    """The header fields of a message, as they can be read whatever stands in them."""

    fields: tuple[Header, ...]

    def all(self, name: str) -> list[str]:
        """Return what the fields of this name say."""
        return [field.value for field in self.fields if field.name.lower() == name.lower()]

    def first(self, name: str) -> str:
        """Return what the first field of this name says, empty if there is none."""
        return next(iter(self.all(name)), "")

    @property
    def content_type(self) -> str:
        """The type of the message's content, in lower case."""
        return self.first("Content-Type").partition(";")[0].strip().lower()


def head(content: bytes) -> Head:
    """Return the header fields of a message; the body is not looked at."""
    return Head(tuple(_headers(parse(_END_OF_HEAD.split(content, maxsplit=1)[0]))))


def read(content: bytes) -> dict[Path, Any]:
    """Return the properties in a message."""
    message = parse(content)
    source = _Source(content, message, tuple(_headers(message)))
    found = {Property(uri): reader(source) for uri, reader in _READERS.items()}
    return {path: value for path, value in found.items() if value not in (None, ())}


def people(content: bytes, *names: str) -> list[str]:
    """Return the addresses in all headers of these names, each once; the body is not looked at."""
    source = _Source(content, EmailMessage(POLICY), head(content).fields)
    return list(dict.fromkeys(one.address for name in names for one in source.people(name)))


def write(content: bytes, changes: Mapping[Property, Any], parts: Sequence[tuple[Part, bytes]] = ()) -> bytes:
    """Return a message with some of its properties changed (None takes one away), and with more attachments.

    Without a content it begins as an empty message. Raises `Refusal` for an address that no header can carry.
    """
    message = parse(content) if content else EmailMessage(POLICY)
    for path, value in changes.items():
        _WRITERS[path.uri](message, value)
    for part, data in parts:
        _attach(message, part, data)
    return serialise(message)


def serialise(message: EmailMessage) -> bytes:
    """Return a message as bytes."""
    return message.as_bytes(policy=_AS_RECEIVED)


def _attach(message: EmailMessage, part: Part, data: bytes) -> None:
    disposition = "inline" if part.inline else "attachment"
    named: dict[str, Any] = {"filename": " ".join(part.name.split()), "disposition": disposition}
    if part.content_id.isprintable() and part.content_id:
        named["cid"] = f"<{part.content_id}>"
    if part.content_type == "message/rfc822":
        message.add_attachment(parse(data), **named)
    else:
        known = part.content_type if _CONTENT_TYPE.fullmatch(part.content_type) else "application/octet-stream"
        maintype, _, subtype = known.partition("/")
        message.add_attachment(data, maintype, subtype, **named)


def _headers(message: Message) -> Iterator[Header]:
    for name, value in message.raw_items():
        yield Header(name, _words(str(value)))


def _words(value: str) -> str:
    """Return a header unfolded and decoded (RFC 2047); bytes beyond ASCII are taken as UTF-8."""
    text = unfolded(value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    try:
        return str(make_header(decode_header(text))) if "=?" in text else text
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text


def _people_of(name: str) -> Callable[[_Source], tuple[Address, ...]]:
    return lambda source: source.people(name)


def _index(text: str) -> bytes | None:
    try:
        return b64decode("".join(text.split())) or None
    except (BadBase64, ValueError):
        return None


def _body(message: EmailMessage, *preferred: str) -> Body:
    part = message.get_body(preferred)
    if part is None:
        return Body("Text", "")
    kind = "HTML" if part.get_content_subtype() == "html" else "Text"
    return Body(kind, _characters(part).removesuffix("\n"))


def _text_body(message: EmailMessage) -> Body:
    body = _body(message, "plain", "html")
    return Body("Text", plain(body.text)) if body.type == "HTML" else body


def _characters(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        text = raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n")


def _set_body(message: EmailMessage, body: Body | None) -> None:
    """Put a text in place of the one there is, in whichever forms; attachments and pictures stay."""
    text = body or Body("Text", "")
    part = message.get_body(("html",))
    rival = message.get_body(("plain",))
    if part is not None and rival is not None:
        _remove(message, rival)
    part = part or rival or _new_body(message)
    part.clear_content()
    content = text.text + "\n" if text.text.endswith("\n") else text.text  # set_content adds none to these
    part.set_content(content, subtype="html" if text.type == "HTML" else "plain")


def _remove(message: EmailMessage, part: Message) -> None:
    for parent in message.walk():
        inner: Any = parent.get_payload() if parent.is_multipart() else []
        if any(one is part for one in inner):
            inner[:] = [one for one in inner if one is not part]


def _new_body(message: EmailMessage) -> EmailMessage:
    if "content-type" not in message:
        return message
    if message.get_content_maintype() == "multipart" and not message.is_multipart():  # its parts never came
        message.preamble = str(message.get_payload())
        message.set_payload([])
    if message.get_content_type() != "multipart/mixed":
        message.make_mixed()
    part = EmailMessage(POLICY)
    inner: Any = message.get_payload()
    inner.insert(0, part)
    return part


_READERS: Mapping[str, Callable[[_Source], Any]] = {
    "item:MimeContent": lambda source: source.content,
    "item:Body": lambda source: _body(source.message, "html", "plain"),
    "item:TextBody": lambda source: _text_body(source.message),
    "item:InternetMessageHeaders": lambda source: source.headers,
    "message:From": lambda source: source.person("From"),
    "message:Sender": lambda source: source.person("Sender", "From"),
    "message:IsReadReceiptRequested": lambda source: bool(source.first("Disposition-Notification-To")),
    "message:IsDeliveryReceiptRequested": lambda source: bool(source.first("Return-Receipt-To")),
    "message:ConversationTopic": lambda source: source.first("Thread-Topic") or None,
    "message:ConversationIndex": lambda source: _index(source.first("Thread-Index")),
    **{uri: _people_of(name) for uri, name in _RECIPIENTS.items()},
}
_WRITERS: Mapping[str, Callable[[EmailMessage, Any], None]] = {
    "item:Subject": headers.text("Subject"),
    "item:Sensitivity": headers.text("Sensitivity", _SENSITIVITY),
    "item:Importance": headers.text("Importance", _IMPORTANCE),
    "item:InReplyTo": headers.identifiers("In-Reply-To"),
    "item:DateTimeSent": headers.date,
    "item:Body": _set_body,
    "message:From": headers.person("From"),
    "message:Sender": headers.person("Sender"),
    "message:InternetMessageId": headers.identifiers("Message-ID"),
    "message:References": headers.identifiers("References"),
    "message:ConversationTopic": headers.text("Thread-Topic"),
    "message:IsReadReceiptRequested": headers.receipt("Disposition-Notification-To"),
    "message:IsDeliveryReceiptRequested": headers.receipt("Return-Receipt-To"),
    **{uri: headers.people(name) for uri, name in _RECIPIENTS.items()},
}

READS, URIS = frozenset(_READERS), frozenset(_WRITERS)
"""Properties that `read` knows, and those that a message has a place for."""
