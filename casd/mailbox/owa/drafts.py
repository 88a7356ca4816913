"""What web mail asks of messages that are being written.

A draft is a message in the Drafts folder from its first save on; each save replaces its content.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from attrs import evolve, frozen

from casd.mailbox.call import Call
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.compose import Draft, File, mime
from casd.mailbox.owa.items import attachment_shape, attachments
from casd.mailbox.owa.people import Person, given
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Fields, Item, Kind

MAX_MESSAGE = 35 * 1024 * 1024
"""Bytes of a message with its attachments: what OWA takes."""


class NotSent(Exception):
    """Nothing was sent; the text says why."""


@frozen
class Outgoing:
    """A saved draft with what is needed to send it."""

    item: Item
    draft: Draft
    content: bytes


def save_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Save a draft. Its attachments become those listed, which may be of any message of this mailbox."""
    item = save(mailbox, arguments).item
    return {"id": item.id, "attachments": attachments(mailbox, item.id)}


def discard_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Forget a draft."""
    mailbox.items.delete(_draft(mailbox, arguments.text("id")).id, DeleteMode.HARD)
    return {}


def create_attachment(mailbox: MailboxStore, item: str, file: File) -> Any:
    """Add an attachment to a draft."""
    if _draft(mailbox, item).size + len(file.content) * 4 // 3 > MAX_MESSAGE:
        raise BadArgument(f"With {file.name} the message would be larger than {MAX_MESSAGE >> 20} MB.")
    mailbox.admit(len(file.content))
    added = mailbox.attachments.add(item, file.name, file.content_type, file.content)
    return {"attachment": attachment_shape(added)}


async def send_item(call: Call, arguments: Arguments) -> Any:
    """Save a draft, hand it to the front door, and put it into Sent Items."""
    outgoing = await call.database.run(_outgoing, call.mailbox, arguments)
    if not outgoing.draft.recipients:
        raise BadArgument("The message has no recipient.")
    receipts = await call.submit(call.mailbox.address, outgoing.draft.recipients, mime(outgoing.draft, bcc=False))
    failed = [receipt for receipt in receipts if not receipt.delivered]
    if len(failed) == len(receipts):
        raise NotSent("; ".join(f"{receipt.address}: {receipt.reason}" for receipt in failed))
    await call.database.run(_sent, call.mailbox, outgoing, arguments)
    return {"failed": [{"address": receipt.address, "reason": receipt.reason} for receipt in failed]}


def _outgoing(mailbox: MailboxStore, arguments: Arguments) -> Outgoing:
    mailbox.check_sending()
    return save(mailbox, arguments)


def save(mailbox: MailboxStore, arguments: Arguments) -> Outgoing:
    """Save what a request says as a draft, new or in the place of the one that it names."""
    old = _known(mailbox, arguments.optional_text("id"))
    draft = _read(mailbox, arguments, old)
    properties = {"plain": draft.html is None or None}
    content = mime(draft, bcc=True)
    if len(content) > MAX_MESSAGE:
        raise BadArgument(f"The message is larger than {MAX_MESSAGE >> 20} MB.")
    mailbox.admit(len(content), old.size if old else 0)
    if old is None:
        home = mailbox.folders.distinguished("drafts").id
        item = mailbox.items.create(home, Kind.MAIL, content, draft=True, read=True, properties=properties)
    else:
        item = mailbox.items.update(old.id, content, importance=draft.importance, properties=properties)
    return Outgoing(item, draft, content)


def _sent(mailbox: MailboxStore, outgoing: Outgoing, arguments: Arguments) -> None:
    home = mailbox.folders.distinguished("sentitems").id
    fields: Fields = {"draft": False, "read": True, "received": outgoing.draft.date}
    try:
        mailbox.items.update(outgoing.item.id, **fields)
        mailbox.items.move(outgoing.item.id, home)
    except NotFound:  # deleted while it was being sent
        mailbox.items.create(home, Kind.MAIL, outgoing.content, **fields)
    source, verb = arguments.optional_text("source"), arguments.text("verb", "")
    if source and verb in {"reply", "forward"}:
        try:
            mailbox.items.update(source, properties={"verb": verb})
        except NotFound:  # deleted while it was being answered
            return


def _known(mailbox: MailboxStore, item: str | None) -> Item | None:
    """Return the draft of this id; None when there is none yet, or it was thrown away elsewhere."""
    try:
        return _draft(mailbox, item) if item else None
    except NotFound:
        return None


def _draft(mailbox: MailboxStore, item: str) -> Item:
    found = mailbox.items.get(item)
    if not found.draft:
        raise BadArgument("The message is no draft.")
    return found


def _read(mailbox: MailboxStore, arguments: Arguments, old: Item | None) -> Draft:
    to, cc, bcc = (given(arguments.objects(name)) for name in ("to", "cc", "bcc"))
    draft = Draft(
        sender=Person(mailbox.display_name, mailbox.address),
        date=mailbox.now,
        message_id=old.message_id if old else f"{uuid4()}@{mailbox.address.rpartition('@')[2]}",
        to=to,
        cc=cc,
        bcc=bcc,
        subject=arguments.text("subject", ""),
        html=arguments.optional_text("html"),
        text=arguments.text("text", ""),
        importance=arguments.number("importance", 2, 1),
        files=tuple(_file(mailbox, attachment) for attachment in arguments.texts("attachments")),
    )
    if old:
        return evolve(draft, in_reply_to=old.in_reply_to, references=old.references)
    return _in_thread(mailbox, draft, arguments.optional_text("source"), arguments.text("verb", ""))


def _in_thread(mailbox: MailboxStore, draft: Draft, source: str | None, verb: str) -> Draft:
    if not source or verb != "reply":
        return draft
    try:
        parent = mailbox.items.get(source)
    except NotFound:
        return draft
    known = parent.references or parent.in_reply_to  # RFC 5322 3.6.4
    return evolve(draft, in_reply_to=parent.message_id, references=f"{known} {parent.message_id}".strip())


def _file(mailbox: MailboxStore, attachment: str) -> File:
    found = mailbox.attachments.get(attachment)
    return File(found.name, found.content_type, mailbox.attachments.content(found.id))
