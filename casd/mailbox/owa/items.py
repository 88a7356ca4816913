"""What web mail asks of messages that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from casd.mailbox.owa.arguments import Arguments
from casd.mailbox.owa.folders import mail_folders
from casd.mailbox.owa.invitations import invitation
from casd.mailbox.owa.people import headers, listed, named, shape
from casd.mailbox.owa.searching import marked
from casd.mailbox.preview.kinds import suffix_of
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import And, Compare, Filter, Operator, Page, Search
from casd.mailbox.store.values import Attachment, DeleteMode, Fields, Flag, Item, Kind

MAX_PAGE = 200


def find_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return a page of a folder's messages, newest first; of all folders when none is named.

    `query` searches, `unread`, `flagged` and `category` filter.
    """
    folder = arguments.text("folder", "")
    folders = [folder] if folder else [each.id for each in mail_folders(mailbox)]
    page = Page(arguments.number("limit", MAX_PAGE, 50), arguments.number("offset", 2**31, 0))
    found = mailbox.items.find(folders, _filter(arguments), page=page)
    marks = marked(mailbox, arguments.text("query", "").strip(), [item.id for item in found.items])
    rows = [{**row(item), "marks": marks.get(item.id, {})} for item in found.items]
    return {"total": found.total, "offset": found.offset, "items": rows}


def get_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Return a message's header, attachments and invitation, and its text if it is a draft in plain text."""
    item = mailbox.items.get(arguments.text("id"))
    content = mailbox.items.content(item.id)
    head = headers(content)
    people = {name: shape(named(head, header)) for name, header in _PEOPLE.items()}
    text = {"text": mailbox.items.text(item.id)} if item.draft and item.properties.get("plain") else {}
    more = {"invitation": invitation(mailbox, item, content), "attachments": attachments(mailbox, item.id)}
    return {**row(item), **people, **text, **more}


def update_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Mark messages read or unread, flag them or take their flag away, put them into categories or take them out."""
    fields: Fields = {}
    if (read := arguments.optional_flag("read")) is not None:
        fields["read"] = read
    if (flagged := arguments.optional_flag("flagged")) is not None:
        fields["flag"] = Flag.FLAGGED if flagged else Flag.NONE
    add, remove = arguments.texts("addCategories"), frozenset(arguments.texts("removeCategories"))

    def change(item: str) -> None:
        if add or remove:
            kept = (name for name in mailbox.items.get(item).categories if name not in remove)
            fields["categories"] = tuple(dict.fromkeys((*kept, *add)))
        mailbox.items.update(item, **fields)

    return _each(arguments.texts("ids"), change)


def move_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Move messages to a folder, named by its id or as a default folder."""
    folder = destination(mailbox, arguments.text("folder"))
    return _each(arguments.texts("ids"), lambda item: mailbox.items.move(item, folder))


def delete_item(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Move messages to Deleted Items, or out of sight if they are there already."""
    return _each(arguments.texts("ids"), lambda item: mailbox.items.delete(item, DeleteMode.DELETED_ITEMS))


def destination(mailbox: MailboxStore, folder: str) -> str:
    """Return the id of a folder that is named by its id or as a default folder."""
    try:
        return mailbox.folders.distinguished(folder).id
    except NotFound:
        return mailbox.folders.get(folder).id


def row(item: Item) -> dict[str, Any]:
    """Return what a list shows of a message."""
    return {
        "id": item.id,
        "ids": [item.id],
        "count": 1,
        "conversation": item.conversation,
        "folder": item.folder,
        "class": item.item_class,
        "subject": item.subject,
        "preview": item.preview,
        "sender": shape(listed(item.sender)),
        "recipients": shape(listed(item.to)),
        "received": _moment(item.received),
        "sent": _moment(item.sent),
        "size": item.size,
        "read": item.read,
        "draft": item.draft,
        "flagged": item.flag == Flag.FLAGGED,
        "importance": item.importance,
        "hasAttachments": item.has_attachments,
        "categories": list(item.categories),
        "verb": item.properties.get("verb", ""),
    }


def attachments(mailbox: MailboxStore, item: str) -> list[dict[str, Any]]:
    """Return the attachments of a message that its text does not show."""
    return [attachment_shape(each) for each in mailbox.attachments.of(item) if not each.inline]


def attachment_shape(attachment: Attachment) -> dict[str, Any]:
    """Return an attachment as JSON."""
    return {
        "id": attachment.id,
        "name": attachment.name or "attachment",
        "type": attachment.content_type,
        "size": attachment.size,
        "preview": bool(suffix_of(attachment.name, attachment.content_type)),
    }


_PEOPLE = {"from": "from", "replyTo": "reply-to", "to": "to", "cc": "cc", "bcc": "bcc"}


def _filter(arguments: Arguments) -> Filter:
    parts: list[Filter] = [Compare("kind", Operator.EQUAL, Kind.MAIL)]
    if query := arguments.text("query", "").strip():
        parts.append(Search(query))
    if arguments.flag("unread", False):
        parts.append(Compare("read", Operator.EQUAL, value=False))
    if arguments.flag("flagged", False):
        parts.append(Compare("flag", Operator.EQUAL, Flag.FLAGGED))
    if category := arguments.text("category", ""):
        parts.append(Compare("categories", Operator.EQUAL, category))
    return And(tuple(parts))


def _each(items: Sequence[str], change: Callable[[str], object]) -> dict[str, Any]:
    """Change one after the other; another client may have taken some away meanwhile."""
    missing = []
    for item in items:
        try:
            change(item)
        except NotFound:
            missing.append(item)
    return {"missing": missing}


def _moment(time: datetime | None) -> str | None:
    return time.isoformat() if time else None
