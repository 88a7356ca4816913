"""Folders as their properties: what each is, and what a search folder shows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from casd.mailbox import delegation, permissions
from casd.mailbox.ews import finding, identifiers, kept, rights, searches
from casd.mailbox.shared import SharedMailbox
from casd.mailbox.store.errors import Forbidden
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews import items, restrictions
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element
from protocols.ews.paths import Extended, Path, Property
from protocols.ews.permissions import Permission, PermissionSet
from protocols.ews.restrictions import Restriction
from protocols.ews.shapes import Shape
from protocols.ews.values import Id, Item

ELEMENTS = {"IPF.Appointment": "CalendarFolder", "IPF.Contact": "ContactsFolder", "IPF.Task": "TasksFolder"}
PERMISSIONS = Property(permissions.NAME)
_UNREAD = restrictions.Comparison("IsEqualTo", Property("message:IsRead"), other=False)
_SIZE = "0xe08"
"""PidTagMessageSize: the bytes of all that is in a folder."""


def element(folder: Folder) -> str:
    """Return the name of the element that stands for a folder of this class."""
    if searches.is_search(folder):
        return "SearchFolder"
    major = ".".join(folder.folder_class.split(".")[:2])
    return ELEMENTS.get(major, "Folder")


def properties(mailbox: MailboxStore, folder: Folder) -> dict[Path, Any]:
    """Return all properties of a folder but those of MAPI."""
    search, shared = searches.load(mailbox, folder), isinstance(mailbox, SharedMailbox)
    counted = shared or search is not None
    found = {
        "folder:FolderId": identifiers.of_folder(mailbox, folder),
        "folder:ParentFolderId": Id(identifiers.encode(identifiers.Kind.FOLDER, mailbox, folder.parent))
        if folder.parent
        else None,
        "folder:FolderClass": folder.folder_class or None,
        "folder:DisplayName": folder.name,
        "folder:TotalCount": _count(mailbox, folder) if counted else folder.total,
        "folder:ChildFolderCount": len(mailbox.folders.children(folder.id)) if shared else folder.children,
        "folder:EffectiveRights": rights.of(mailbox, folder.id),
        "folder:DistinguishedFolderId": folder.distinguished or None,
        "folder:UnreadCount": _count(mailbox, folder, _UNREAD) if counted else folder.unread,
        "folder:SearchParameters": search,
    }
    return {Property(uri): value for uri, value in found.items()}


def _count(mailbox: MailboxStore, folder: Folder, restriction: Restriction | None = None) -> int | None:
    """Return how many items a search folder, or a folder to a delegate, shows; None if nobody counts them for him."""
    try:
        return finding.search(mailbox, folder, restriction, "", UTC).total()
    except (Refusal, Forbidden):
        return None


def render(
    mailbox: MailboxStore,
    folder: Folder,
    shape: Shape = Shape(),  # noqa: B008 - a frozen value
    *,
    finding: bool = False,
) -> Element:
    """Return a folder as an element of this shape; by default just its id."""
    name, known = element(folder), properties(mailbox, folder)
    wanted = shape.wanted(name, finding=finding)
    return items.write(Item(name, {path: _value(mailbox, folder, known, path) for path in wanted}))


def _value(mailbox: MailboxStore, folder: Folder, known: Mapping[Path, Any], path: Path) -> Any:
    if isinstance(path, Extended) and path.tag == _SIZE:  # a delegate is not told of what is private, nor how large
        return None if isinstance(mailbox, SharedMailbox) else str(mailbox.folders.size(folder.id))
    if path == PERMISSIONS:
        return _permissions(mailbox, folder)
    return known.get(path, kept.load(folder.properties, path))


def _permissions(mailbox: MailboxStore, folder: Folder) -> PermissionSet | None:
    """Return who may do what in a folder; only its owner is told."""
    if isinstance(mailbox, SharedMailbox):
        return None
    names = {one.address.casefold(): one.name for one in delegation.load(mailbox)}
    levels = permissions.of(mailbox, folder)
    listed = tuple(Permission(who, level, names.get(who, "")) for who, level in levels.items())
    return PermissionSet(listed, element(folder) == "CalendarFolder")


def matches(mailbox: MailboxStore, folder: Folder, restriction: Restriction | None) -> bool:
    """Say whether a folder is one that a client looks for."""
    if restriction is None:
        return True
    known = properties(mailbox, folder)
    return restrictions.matches(restriction, lambda path: _value(mailbox, folder, known, path))
