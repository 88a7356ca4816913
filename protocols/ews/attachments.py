"""Attachments as elements: files, and items attached to items."""

from __future__ import annotations

from collections.abc import Callable

from protocols.ews.codecs import parse_binary, parse_boolean, show_binary, show_boolean, show_moment
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, local, t, text
from protocols.ews.values import Attachment, Item

_HEAD = frozenset(
    (
        *("AttachmentId", "Name", "ContentType", "ContentId", "ContentLocation", "AttachmentOriginalUrl"),
        *("Size", "LastModifiedTime", "IsInline"),
    )
)


def read(node: Element, read_item: Callable[[Element], Item]) -> Attachment:
    """Return the attachment that a FileAttachment or an ItemAttachment is. Raises `BadDocument`."""
    if local(node) not in {"FileAttachment", "ItemAttachment"}:
        raise BadDocument(f"The element '{local(node)}' is not an attachment.")
    content = child(node, "Content")
    item = next((each for each in node if local(each) not in _HEAD), None) if local(node) == "ItemAttachment" else None
    return Attachment(
        name=text(node, "Name"),
        content_type=text(node, "ContentType"),
        content_id=text(node, "ContentId").strip("<>"),
        inline=parse_boolean(text(node, "IsInline", "false")),
        is_item=local(node) == "ItemAttachment",
        content=None if content is None else parse_binary(content.text or ""),
        item=None if item is None else read_item(item),
    )


def write(value: Attachment, write_item: Callable[[Item], Element]) -> Element:
    """Return an attachment as an element, as far as it is known."""
    return t(
        "ItemAttachment" if value.is_item else "FileAttachment",
        _write_id(value),
        t("Name", value.name),
        t("ContentType", value.content_type) if value.content_type else None,
        t("ContentId", value.content_id) if value.content_id else None,
        None if value.size is None else t("Size", str(value.size)),
        None if value.modified is None else t("LastModifiedTime", show_moment(value.modified)),
        t("IsInline", show_boolean(value.inline)),
        None if value.content is None else t("Content", show_binary(value.content)),
        None if value.item is None else write_item(value.item),
    )


def _write_id(value: Attachment) -> Element:
    root = value.root and {"RootItemId": value.root.text, "RootItemChangeKey": value.root.change_key}
    return t("AttachmentId", Id=value.id, **(root or {}))
