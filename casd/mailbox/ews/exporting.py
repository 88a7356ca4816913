"""ExportItems and UploadItems: items as opaque bytes, and such bytes as items again, here or in another mailbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from attrs import frozen

from casd.mailbox.ews import identifiers, places
from casd.mailbox.ews.answers import each
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind
from protocols.ews.codecs import choice, parse_binary, read_id, show_binary
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, child, children, m, text

_MAGIC = b"casd item 1\n"
_FIELDS = ("item_class", "read", "draft", "importance", "sensitivity", "flag", "categories")
_ACTION = choice("CreateNew", "Update", "UpdateOrCreate")


@frozen
class Package:
    """An item without its place: `fields` as the store takes them, `files` what no MIME content holds.

    As bytes: a line that says so, a line of JSON with the sizes of all that follows, then the content and the files.
    """

    kind: Kind
    content: bytes
    fields: dict[str, Any]
    files: tuple[tuple[dict[str, Any], bytes], ...] = ()

    def __bytes__(self) -> bytes:
        head = {"kind": self.kind, "fields": self.fields, "size": len(self.content)}
        listed = [{**said, "size": len(data)} for said, data in self.files]
        line = json.dumps({**head, "files": listed}).encode()
        return b"".join((_MAGIC, line, b"\n", self.content, *(data for _, data in self.files)))

    @classmethod
    def parse(cls, data: bytes) -> Package:
        """Read what was exported. Raises `Refusal` (ErrorCorruptData)."""
        line, _, rest = data.removeprefix(_MAGIC).partition(b"\n")
        try:
            if not data.startswith(_MAGIC):
                raise ValueError("another server's bytes")  # noqa: TRY301 - one answer to all that is wrong
            said = json.loads(line)
            if not set(said["fields"]) <= {*_FIELDS, "properties", "received"}:  # they become names of columns
                raise ValueError("other fields than an export has")  # noqa: TRY301
            pieces = _cut(rest, [said["size"], *(one.pop("size") for one in said["files"])])
            return cls(
                Kind(said["kind"]), next(pieces), dict(said["fields"]), tuple(zip(said["files"], pieces, strict=True))
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, StopIteration):
            raise Refusal("ErrorCorruptData") from None


def _cut(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    if sum(sizes) != len(data) or min(sizes) < 0:
        raise ValueError("the sizes are not those of what follows")
    start = 0
    for size in sizes:
        yield data[start : start + size]
        start += size


def pack(mailbox: MailboxStore, item: Item) -> Package:
    """Return an item as a package."""
    fields = {name: getattr(item, name) for name in _FIELDS} | {"properties": dict(item.properties)}
    fields["received"] = int(item.received.timestamp())
    files = () if KINDS[item.kind].mime else tuple(_files(mailbox, item))
    return Package(item.kind, mailbox.items.content(item.id), fields, files)


def _files(mailbox: MailboxStore, item: Item) -> Iterator[tuple[dict[str, Any], bytes]]:
    for one in mailbox.attachments.of(item.id):
        said = {"name": one.name, "content_type": one.content_type, "content_id": one.content_id, "inline": one.inline}
        yield said, mailbox.attachments.content(one.id)


def unpack(mailbox: MailboxStore, folder: str, package: Package, old: Item | None = None) -> Item:
    """Make an item of a package, or give an `old` one of the same kind what it says. Raises `BadContent`."""
    fields: Any = {**package.fields, "received": datetime.fromtimestamp(package.fields["received"], UTC)}
    fields["categories"] = tuple(fields["categories"])
    mailbox.admit(len(package.content) + sum(len(data) for _, data in package.files), old.size if old else 0)
    if old is None:
        item = mailbox.items.create(folder, package.kind, package.content, **fields)
    else:
        item = mailbox.items.update(old.id, package.content, **fields)
        for one in mailbox.attachments.of(item.id) if not KINDS[item.kind].mime else ():
            mailbox.attachments.remove(one.id)
    for said, data in package.files:
        mailbox.attachments.add(item.id, said["name"], said["content_type"], data, **_rest(said))
    return mailbox.items.get(item.id)


def _rest(said: dict[str, Any]) -> dict[str, Any]:
    return {"content_id": said["content_id"], "inline": said["inline"]}


def export_items(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ExportItems."""

    def export(node: Element) -> Sequence[Child]:
        item = places.item_of(mailbox, node)
        name = identifiers.of_item(mailbox, item)
        return [
            m("ItemId", Id=name.text, ChangeKey=name.change_key),
            m("Data", show_binary(bytes(pack(mailbox, item)))),
        ]

    return each("ExportItems", export, children(body, "ItemIds"))


def upload_items(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve UploadItems."""

    def upload(node: Element) -> Sequence[Child]:
        action = _ACTION.constant(node.get("CreateAction", ""))
        package = Package.parse(parse_binary(text(node, "Data")))
        if (parent := child(node, "ParentFolderId")) is None:
            raise BadDocument("An Item to upload needs a ParentFolderId.")
        folder = places.by_id(mailbox, parent)
        old = None if action == "CreateNew" else _old(mailbox, node, required=action == "Update")
        name = identifiers.of_item(mailbox, _unpacked(mailbox, folder.id, package, old))
        return [m("ItemId", Id=name.text, ChangeKey=name.change_key)]

    return each("UploadItems", upload, children(body, "Items"))


def _unpacked(mailbox: MailboxStore, folder: str, package: Package, old: Item | None) -> Item:
    if old is not None and old.kind is not package.kind:
        raise Refusal("ErrorCorruptData")
    try:
        with mailbox.journal.whole():
            return unpack(mailbox, folder, package, old)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise Refusal("ErrorCorruptData") from None


def _old(mailbox: MailboxStore, node: Element, *, required: bool) -> Item | None:
    wanted = child(node, "ItemId")
    if wanted is None:
        return None
    try:
        return places.item(mailbox, read_id(wanted))
    except NotFound:
        if required:
            raise
        return None
