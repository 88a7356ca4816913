"""ArchiveItem: items moved to the archive, a tree of folders of its own in the mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from casd.mailbox.ews import items, places
from casd.mailbox.ews.answers import each
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews.markup import Child, Element, children, m

_TOP = "archivemsgfolderroot"


def archive_item(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve ArchiveItem: the items go to the folder of the archive that has their source folder's path."""

    def archive(node: Element) -> Sequence[Child]:
        source = places.needed(mailbox, body, "ArchiveSourceFolderId")
        item = places.item_of(mailbox, node)
        moved = mailbox.items.move(item.id, _counterpart(mailbox, source).id)
        return [m("Items", items.reference(mailbox, moved))]

    return each("ArchiveItem", archive, children(body, "ItemIds"))


def _counterpart(mailbox: MailboxStore, folder: Folder) -> Folder:
    """Return the folder of the archive with the path of a folder, made if there is none."""
    if not folder.parent or folder.distinguished == "msgfolderroot":
        return mailbox.folders.distinguished(_TOP)
    above = _counterpart(mailbox, mailbox.folders.get(folder.parent))
    name = folder.name.casefold()
    found = (child for child in mailbox.folders.children(above.id) if child.name.casefold() == name)
    return next(found, None) or mailbox.folders.create(above.id, folder.name, folder.folder_class)
