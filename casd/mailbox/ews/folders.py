"""The operations on folders: get, find, create, update, move, delete, empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

from casd.mailbox import permissions
from casd.mailbox.ews import describing, kept, places, searches
from casd.mailbox.ews.answers import each
from casd.mailbox.ews.describing import matches, render
from casd.mailbox.store import query
from casd.mailbox.store.errors import FolderExists, NotAllowed
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews import changes, items, restrictions, shapes, views
from protocols.ews.codecs import choice, parse_boolean
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Child, Element, children, m
from protocols.ews.paths import Path, Property

_CLASSES = {element: name for name, element in describing.ELEMENTS.items()}
_NAME, _CLASS = Property("folder:DisplayName"), Property("folder:FolderClass")
_SEARCH = Property("folder:SearchParameters")
_TRAVERSAL = choice("Shallow", "Deep", "SoftDeleted")


def get_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetFolder."""
    shape = shapes.parse(body, "FolderShape")

    def get(node: Element) -> Sequence[Child]:
        return [m("Folders", render(mailbox, places.folder_of(mailbox, node), shape))]

    return each("GetFolder", get, children(body, "FolderIds"))


def find_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve FindFolder."""
    shape, view, restriction = shapes.parse(body, "FolderShape"), views.parse(body), restrictions.parse(body)
    deep = _TRAVERSAL.constant(body.get("Traversal", "")) == "Deep"

    def find(node: Element) -> Sequence[Child]:
        below = mailbox.folders.children(places.folder_of(mailbox, node).id, deep=deep)
        found = [folder for folder in below if matches(mailbox, folder, restriction)]
        part = views.part(view, len(found))
        page = [render(mailbox, folder, shape, finding=True) for folder in found[part.start : part.stop]]
        return [views.write_page("Folders", page, len(found), part)]

    return each("FindFolder", find, children(body, "ParentFolderIds"))


def create_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve CreateFolder."""

    def create(node: Element) -> Sequence[Child]:
        parent = places.needed(mailbox, body, "ParentFolderId")
        wanted = items.read(node)
        named = _settable(mailbox, wanted.properties)
        if not named.get("name"):
            raise Refusal("ErrorRequiredPropertyMissing", path=_NAME)
        folder_class = named.pop("folder_class", _CLASSES.get(wanted.element, ""))
        try:
            made = mailbox.folders.create(parent.id, folder_class=folder_class, **named)
        except FolderExists:
            words = f"A folder with the specified name already exists., Could not create folder '{named['name']}'."
            raise Refusal("ErrorFolderExists", words) from None
        return [m("Folders", render(mailbox, made))]

    return each("CreateFolder", create, children(body, "Folders"))


def _settable(mailbox: MailboxStore, wanted: Mapping[Path, Any], distinguished: str = "") -> dict[str, Any]:
    """Return what the store calls the properties that a client sets; delegates are let into the folder or out at once.

    Raises `Refusal` (ErrorInvalidPropertySet).
    """
    named: dict[str, Any] = {"properties": {}}
    for path, value in wanted.items():
        if path in (_NAME, _CLASS):
            named["name" if path == _NAME else "folder_class"] = value.strip()
        elif path == _SEARCH:
            named["properties"] |= searches.keep(mailbox, value)
        elif path == describing.PERMISSIONS:
            levels = {one.who: one.level for one in value.permissions} if value else {}
            named["properties"] |= permissions.listed(mailbox, distinguished, levels)
        elif kept.keeps(path):
            named["properties"][str(path)] = None if value is None else kept.dump(path, value)
        else:
            raise Refusal("ErrorInvalidPropertySet", path=path)
    return named


def update_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve UpdateFolder."""

    def update(node: Element) -> Sequence[Child]:
        folder = places.folder_of(mailbox, _first(node))
        wanted = {change.path: getattr(change, "value", None) for change in changes.parse(node)}
        if wanted.get(_NAME, folder.name) in (None, ""):
            raise Refusal("ErrorInvalidPropertyDelete", path=_NAME)
        if _major(wanted.get(_CLASS, folder.folder_class)) != _major(folder.folder_class):
            raise Refusal("ErrorObjectTypeChanged")
        named = _settable(mailbox, wanted, folder.distinguished)
        return [m("Folders", render(mailbox, mailbox.folders.update(folder.id, **named)))]

    return each("UpdateFolder", update, children(body, "FolderChanges"))


def _major(folder_class: str | None) -> str:
    """Return what a folder holds, whatever else its class says."""
    return ".".join((folder_class or "").strip().split(".")[:2]).casefold()


def _first(node: Element) -> Element:
    if not len(node):
        raise BadDocument("A FolderChange begins with a folder's id.")
    return node[0]


def move_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve MoveFolder."""

    def move(node: Element) -> Sequence[Child]:
        parent = places.needed(mailbox, body, "ToFolderId")
        try:
            moved = mailbox.folders.move(places.folder_of(mailbox, node).id, parent.id)
        except NotAllowed:
            raise Refusal("ErrorMoveDistinguishedFolder") from None
        return [m("Folders", render(mailbox, moved))]

    return each("MoveFolder", move, children(body, "FolderIds"))


def copy_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve CopyFolder: with all that is in a folder and below it; who is let into it is not let into the copy."""

    def copy(node: Element) -> Sequence[Child]:
        folder, parent = places.folder_of(mailbox, node), places.needed(mailbox, body, "ToFolderId")
        if parent.id in {below.id for below in (folder, *mailbox.folders.children(folder.id, deep=True))}:
            raise Refusal("ErrorMoveCopyFailed", "A folder cannot be copied below itself.")
        with mailbox.journal.whole():
            copied = _copy(mailbox, folder, parent)
        return [m("Folders", render(mailbox, copied))]

    return each("CopyFolder", copy, children(body, "FolderIds"))


def _copy(mailbox: MailboxStore, folder: Folder, parent: Folder) -> Folder:
    properties = {name: value for name, value in folder.properties.items() if name != permissions.NAME}
    made = mailbox.folders.create(parent.id, folder.name, folder.folder_class, properties)
    for item in mailbox.items.find([folder.id], page=query.Page(limit=-1)).items:
        mailbox.admit(item.size)
        mailbox.items.copy(item.id, made.id)
    for child in mailbox.folders.children(folder.id):
        _copy(mailbox, child, made)
    return mailbox.folders.get(made.id)


def delete_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve DeleteFolder."""
    mode = places.mode(body)

    def delete(node: Element) -> Sequence[Child]:
        mailbox.folders.delete(places.folder_of(mailbox, node).id, mode)
        return []

    return each("DeleteFolder", delete, children(body, "FolderIds"))


def empty_folder(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve EmptyFolder."""
    mode, subfolders = places.mode(body), parse_boolean(body.get("DeleteSubFolders", ""))

    def empty(node: Element) -> Sequence[Child]:
        try:
            mailbox.empty(places.folder_of(mailbox, node).id, mode, subfolders=subfolders)
        except NotAllowed:
            raise Refusal("ErrorCannotEmptyFolder") from None
        return []

    return each("EmptyFolder", empty, children(body, "FolderIds"))
