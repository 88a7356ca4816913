"""SyncFolderItems and SyncFolderHierarchy: what has changed since a client last asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from casd.mailbox.ews import describing, identifiers, places
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.reading import Renderer
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Change, ChangeKind, Folder
from protocols.ews import shapes
from protocols.ews.codecs import parse_integer, show_boolean, write_id
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Child, Element, children, m, t, text
from protocols.ews.values import Id

_BATCH = 512
"""Changes of one answer: the bound of MaxChangesReturned (MaxSyncChangesReturnedType)."""

_NAMES = {ChangeKind.CREATED: "Create", ChangeKind.MODIFIED: "Update", ChangeKind.READ: "ReadFlagChange"}


def sync_folder_items(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve SyncFolderItems."""
    renderer = Renderer(mailbox, shapes.parse(body, "ItemShape"), finding=True)
    limit = parse_integer(text(body, "MaxChangesReturned"))
    if not 1 <= limit <= _BATCH:
        raise BadDocument(f"MaxChangesReturned is from 1 to {_BATCH}.")
    ignored = {node.get("Id") for node in children(body, "Ignore")}

    def sync(_: Element) -> Sequence[Child]:
        folder = places.needed(mailbox, body, "SyncFolderId")
        found = mailbox.items.changes(folder.id, text(body, "SyncState"), limit)
        known = ((change, identifiers.in_folder(mailbox, change.id, folder.id)) for change in found.changes)
        told = [_item_change(mailbox, renderer, change, name) for change, name in known if name not in ignored]
        last = m("IncludesLastItemInRange", show_boolean(not found.more))
        return [m("SyncState", found.state), last, m("Changes", told)]

    return each("SyncFolderItems", sync, [body])


def _item_change(mailbox: MailboxStore, renderer: Renderer, change: Change, name: str) -> Element:
    if change.kind is ChangeKind.DELETED:
        return t("Delete", write_id("ItemId", Id(name)))
    item = mailbox.items.get(change.id)
    if change.kind is ChangeKind.READ:
        known = write_id("ItemId", identifiers.of_item(mailbox, item))
        return t("ReadFlagChange", known, t("IsRead", show_boolean(item.read)))
    return t(_NAMES[change.kind], renderer.element(item))


def sync_folder_hierarchy(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve SyncFolderHierarchy: the folders below SyncFolderId, or below the visible top."""
    shape = shapes.parse(body, "FolderShape")

    def sync(_: Element) -> Sequence[Child]:
        top = places.target(mailbox, body, "SyncFolderId") or mailbox.folders.distinguished("msgfolderroot")
        below = {folder.id: folder for folder in mailbox.folders.children(top.id, deep=True)}
        state = text(body, "SyncState")
        found = mailbox.folders.changes(state, _BATCH)
        told = list(_folder_changes(mailbox, found.changes, below, shape, fresh=not state))
        last = m("IncludesLastFolderInRange", show_boolean(not found.more))
        return [m("SyncState", found.state), last, m("Changes", told)]

    return each("SyncFolderHierarchy", sync, [body])


def _folder_changes(
    mailbox: MailboxStore, found: Sequence[Change], below: dict[str, Folder], shape: shapes.Shape, *, fresh: bool
) -> Iterator[Element]:
    """Yield the changes below one folder; what has left it is deleted for this client."""
    for change in found:
        if change.id in below:
            name = "Create" if change.kind is ChangeKind.CREATED else "Update"
            yield t(name, describing.render(mailbox, below[change.id], shape, finding=True))
        elif not fresh:
            yield t("Delete", write_id("FolderId", Id(identifiers.encode(Kind.FOLDER, mailbox, change.id))))
