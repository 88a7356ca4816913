"""Replies and forwards: the message that a ReplyToItem, a ReplyAllToItem or a ForwardItem asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from casd.mailbox.ews import mail, places
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item as Entry
from casd.mailbox.store.values import Kind
from protocols.ews.errors import Refusal
from protocols.ews.fields import ATTACHMENTS
from protocols.ews.paths import Path, Property
from protocols.ews.values import Address, Attachment, Body, Item

_SUBJECT, _BODY = Property("item:Subject"), Property("item:Body")
_TO, _CC = Property("message:ToRecipients"), Property("message:CcRecipients")
_REFERENCE, _NEW = Property("response:ReferenceItemId"), Property("response:NewBodyContent")
_PREFIXES = {"ReplyToItem": "RE: ", "ReplyAllToItem": "RE: ", "ForwardItem": "FW: "}


def is_response(wanted: Item) -> bool:
    """Say whether what a client creates answers or passes on another message."""
    return wanted.element in _PREFIXES


def message(mailbox: MailboxStore, wanted: Item) -> Item:
    """Return the whole message. Raises `Refusal` and `NotFound` when there is no original."""
    said = dict(wanted.properties)
    if (reference := said.pop(_REFERENCE, None)) is None:
        raise Refusal("ErrorRequiredPropertyMissing", "A response needs a ReferenceItemId.")
    original = places.item(mailbox, reference)
    if original.kind is not Kind.MAIL:
        raise Refusal("ErrorInvalidOperation", "Only messages are replied to or forwarded.")
    old = mail.read(mailbox.items.content(original.id))
    made: dict[Path, Any] = {_SUBJECT: _subject(original.subject, _PREFIXES[wanted.element])}
    made[_BODY] = _under(said.pop(_NEW, Body("Text", "")), original, old)
    if wanted.element == "ForwardItem":
        made[Property(ATTACHMENTS)] = tuple(_attachments(mailbox, original))
    else:
        made |= _addressed(mailbox, old, everybody=wanted.element == "ReplyAllToItem")
        made |= _threaded(original)
    return Item("Message", {path: value for path, value in (made | said).items() if value not in (None, ())})


def _subject(subject: str, prefix: str) -> str:
    return subject if subject.upper().startswith(prefix.strip()) else prefix + subject


def _threaded(original: Entry) -> dict[Path, Any]:
    """RFC 5322 section 3.6.4."""
    if not original.message_id:
        return {}
    known = original.references.split() or original.in_reply_to.split()
    references = " ".join(f"<{one}>" for one in (*known, original.message_id))
    parent = f"<{original.message_id}>"
    return {Property("item:InReplyTo"): parent, Property("message:References"): references}


def _addressed(mailbox: MailboxStore, old: Mapping[Path, Any], *, everybody: bool) -> dict[Path, Any]:
    author = old.get(Property("message:From"))
    back = old.get(Property("message:ReplyTo")) or ((author,) if author else ())
    if not everybody:
        return {_TO: back}
    known = {mailbox.address.casefold(), *(one.address.casefold() for one in back)}

    def others(path: Property) -> Iterator[Address]:
        for one in old.get(path, ()):
            if one.address.casefold() not in known:
                known.add(one.address.casefold())
                yield one

    return {_TO: (*back, *others(_TO)), _CC: tuple(others(_CC))}


def _under(new: Body, original: Entry, old: Mapping[Path, Any]) -> Body:
    """Return what is new with the original below it, in HTML if one of them is."""
    body: Body = old[_BODY]
    head = f"From: {original.sender}\nSent: {original.received:%Y-%m-%d %H:%M} UTC\nSubject: {original.subject}\n"
    if "HTML" not in {new.type, body.type}:
        return Body("Text", f"{new.text}\n\n-----Original Message-----\n{head}\n{body.text}")
    lines = "<br>".join(escape(line, quote=False) for line in head.splitlines())
    return Body("HTML", f"{_html(new)}<hr><p>{lines}</p>{_html(body)}")


def _html(body: Body) -> str:
    return body.text if body.type == "HTML" else f"<pre>{escape(body.text, quote=False)}</pre>"


def _attachments(mailbox: MailboxStore, original: Entry) -> Iterator[Attachment]:
    for one in mailbox.attachments.of(original.id):
        yield Attachment(
            name=one.name,
            content_type=one.content_type,
            content_id=one.content_id,
            inline=one.inline,
            content=mailbox.attachments.content(one.id),
        )
