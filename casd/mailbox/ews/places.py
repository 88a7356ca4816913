"""Which folder, item or attachment of the store a request means."""

from __future__ import annotations

from collections.abc import Callable

from casd.mailbox.ews import identifiers, occurrences
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.occurrences import Occurrence
from casd.mailbox.ews.soundness import sound
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Folder, Item
from protocols.ews.codecs import choice, parse_integer, read_folder_id, read_id
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, local
from protocols.ews.values import Distinguished, Id

MODES = {
    "HardDelete": DeleteMode.HARD,
    "SoftDelete": DeleteMode.SOFT,
    "MoveToDeletedItems": DeleteMode.DELETED_ITEMS,
}


def folder(mailbox: MailboxStore, wanted: Id | Distinguished) -> Folder:
    """Return a folder. Raises `Refusal`: not found, malformed, or of somebody else."""
    try:
        if isinstance(wanted, Distinguished):
            return _distinguished(mailbox, wanted)
        return mailbox.folders.get(identifiers.decode(Kind.FOLDER, mailbox, wanted.text))
    except NotFound:  # a folder that was there is an object, as an item is; one that never was is a folder
        code = "ErrorFolderNotFound" if isinstance(wanted, Distinguished) else "ErrorItemNotFound"
        raise Refusal(code) from None


def _distinguished(mailbox: MailboxStore, wanted: Distinguished) -> Folder:
    if wanted.mailbox and wanted.mailbox.casefold() != mailbox.address.casefold():
        raise Refusal("ErrorAccessDenied", f"The mailbox of {wanted.mailbox} is not open to you.")
    if wanted.name.lower() == "publicfoldersroot":
        raise Refusal("ErrorNoPublicFolderReplicaAvailable")
    return mailbox.folders.distinguished(wanted.name)


def folder_of(mailbox: MailboxStore, node: Element) -> Folder:
    """Return the folder that a FolderId or DistinguishedFolderId names. Raises `Refusal` and `BadDocument`."""
    return folder(mailbox, read_folder_id(node))


def by_id(mailbox: MailboxStore, node: Element) -> Folder:
    """Return the folder that an element of FolderIdType names, whatever its own name. Raises `Refusal`."""
    return folder(mailbox, read_id(node))


def target(mailbox: MailboxStore, body: Element, name: str) -> Folder | None:
    """Return the folder that a child of a request holds (ToFolderId, ...), None if there is no such child."""
    found = child(body, name)
    if found is None:
        return None
    if len(found) != 1:
        raise BadDocument(f"The element '{name}' must hold one folder's id.")
    return folder_of(mailbox, found[0])


def needed(mailbox: MailboxStore, body: Element, name: str) -> Folder:
    """Return the folder that a child of a request holds. Raises `BadDocument` if there is none."""
    if (found := target(mailbox, body, name)) is None:
        raise BadDocument(f"The required element '{name}' is missing.")
    return found


def item(mailbox: MailboxStore, wanted: Id) -> Item:
    """Return an item, if it is still in the folder in which it has this identifier. Raises `NotFound`, `Refusal`."""
    identifiers.decode_change(wanted.change_key)
    name, _, folder = identifiers.decode(Kind.ITEM, mailbox, wanted.text).partition("/")
    found = mailbox.items.get(name)
    if found.folder != folder:
        raise NotFound(f"{name} has left {folder}")
    return found


def item_of(mailbox: MailboxStore, node: Element) -> Item:
    """Return the item that an ItemId names. Raises `NotFound`, `Refusal` and `BadDocument`."""
    if local(node) not in {"ItemId", "ParentItemId", "ReferenceItemId"}:
        raise BadDocument(f"The element '{local(node)}' is not an item's id.")
    return item(mailbox, read_id(node))


def happening_of(mailbox: MailboxStore, node: Element) -> tuple[Item, Occurrence | None]:
    """Return the item that any kind of item's id names, with the occurrence of it that is meant, if one is.

    Raises `NotFound`, `Refusal` and `BadDocument`.
    """
    if local(node) == "OccurrenceItemId":
        series = item(mailbox, Id(node.get("RecurringMasterId", "")))
        number = parse_integer(node.get("InstanceIndex", ""))
        return series, only(mailbox, series, lambda one: one.number == number)
    if local(node) == "RecurringMasterItemId":
        return _series(mailbox, node.get("OccurrenceId", ""))[0], None
    if local(node) in {"ItemId", "ReferenceItemId"} and identifiers.kind(node.get("Id", "")) is Kind.OCCURRENCE:
        series, original = _series(mailbox, node.get("Id", ""))
        return series, only(mailbox, series, lambda one: one.original.timestamp() == original)
    return item_of(mailbox, node), None


def _series(mailbox: MailboxStore, text: str) -> tuple[Item, int]:
    name, _, original = identifiers.decode(Kind.OCCURRENCE, mailbox, text).partition("/")
    try:
        return mailbox.items.get(name), int(original)
    except ValueError:
        raise Refusal("ErrorInvalidIdMalformed") from None


def only(mailbox: MailboxStore, series: Item, wanted: Callable[[Occurrence], bool]) -> Occurrence:
    """Return the first occurrence of a series that is wanted. Raises `Refusal` if there is none."""
    content = mailbox.items.content(series.id) if series.recurring else b""
    found = sound(next)(filter(wanted, occurrences.every(content)), None) if content else None
    if found is None:
        raise Refusal("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
    if found.deleted:
        raise Refusal("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
    return found


def mode(body: Element) -> DeleteMode:
    """Return where what a request deletes goes. Raises `BadDocument`."""
    return MODES[choice(*MODES).constant(body.get("DeleteType", ""))]
