"""A message that is being written, as MIME."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from attrs import frozen

from casd.mailbox.owa.people import Person
from casd.mailbox.owa.sanitise import clean
from casd.mailbox.store.extract import plain

_DATA_IMAGE = re.compile(r'src="data:image/(\w+);base64,([^"]*)"')  # as `clean` leaves it
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


@frozen
class File:
    """An attachment with its content."""

    name: str
    content_type: str
    content: bytes


@frozen
class Draft:
    """What a message will say. `html` is None for plain text; `references` are message-ids without brackets."""

    sender: Person
    date: datetime
    message_id: str
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    subject: str = ""
    html: str | None = None
    text: str = ""
    in_reply_to: str = ""
    references: str = ""
    importance: int = 1
    files: tuple[File, ...] = ()

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address once, in order."""
        return tuple(dict.fromkeys(person.address for person in (*self.to, *self.cc, *self.bcc)))


def mime(draft: Draft, *, bcc: bool) -> bytes:
    """Return the message, with or without the names of its blind copies' recipients."""
    message = EmailMessage(policy.SMTP)
    _address(message, draft, bcc=bcc)
    if draft.html is None:
        message.set_content(draft.text, cte="quoted-printable")
    else:
        _fill(message, draft.html)
    for file in draft.files:
        _attach(message, file)
    return message.as_bytes()


def _address(message: EmailMessage, draft: Draft, *, bcc: bool) -> None:
    message["From"] = _addresses([draft.sender])
    for name, people in (("To", draft.to), ("Cc", draft.cc), ("Bcc", draft.bcc if bcc else ())):
        if people:
            message[name] = _addresses(people)
    message["Subject"] = " ".join(draft.subject.split())
    message["Date"] = format_datetime(draft.date)
    message["Message-ID"] = f"<{draft.message_id}>"
    if draft.in_reply_to:
        message["In-Reply-To"] = f"<{draft.in_reply_to}>"
        message["References"] = " ".join(f"<{each}>" for each in draft.references.split())
    if draft.importance != 1:
        message["Importance"] = "high" if draft.importance else "low"


def _addresses(people: Sequence[Person]) -> list[Address]:
    return [Address(person.name, addr_spec=person.address) for person in people]


def _fill(message: EmailMessage, html: str) -> None:
    """Set the body to HTML with its plain alternative, each image a part of its own (RFC 2557)."""
    images: list[_Image] = []
    token = message["Message-ID"].strip("<>")

    def part(match: re.Match[str]) -> str:
        try:
            images.append(_Image(f"{len(images) + 1}.{token}", match[1], b64decode(match[2])))
        except ValueError:
            return 'alt=""'
        return f'src="cid:{images[-1].content_id}"'

    markup = _DATA_IMAGE.sub(part, clean(html, remote=True).html)
    message.set_content(plain(markup), cte="quoted-printable")
    page = f"<!DOCTYPE html><html><body>{markup}</body></html>"
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    body: Any = message.get_payload(1)
    for image in images:
        name = f"image{image.content_id.partition('.')[0]}.{image.subtype}"
        body.add_related(
            image.data, "image", image.subtype, cid=f"<{image.content_id}>", disposition="inline", filename=name
        )


@frozen
class _Image:
    content_id: str
    subtype: str
    data: bytes


def _attach(message: EmailMessage, file: File) -> None:
    content_type = file.content_type if _TYPE.fullmatch(file.content_type) else "application/octet-stream"
    main, _, sub = content_type.partition("/")
    name = " ".join(file.name.split()) or "attachment"
    if content_type == "message/rfc822":  # which must not be encoded (RFC 2046 5.2.1)
        message.add_attachment(message_from_bytes(file.content, policy=policy.SMTP), filename=name)
    elif main in {"message", "multipart"}:
        message.add_attachment(file.content, "application", "octet-stream", filename=name)
    else:
        message.add_attachment(file.content, main, sub, filename=name)
