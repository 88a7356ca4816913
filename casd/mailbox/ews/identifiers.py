"""The opaque identifiers of EWS: what the store calls a thing, with its kind and its mailbox."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder, Item
from protocols.ews.errors import Refusal
from protocols.ews.values import Id

_HEAD = 17
"""Bytes before the store's own name: the kind and the mailbox's GUID."""


class Kind(StrEnum):
    """What an identifier names."""

    FOLDER = "f"
    ITEM = "i"
    OCCURRENCE = "o"
    ATTACHMENT = "a"
    CONVERSATION = "c"
    CONFIGURATION = "u"
    PERSONA = "p"


_WRONG = {
    (Kind.FOLDER, Kind.ITEM): "ErrorCannotUseFolderIdForItemId",
    (Kind.ITEM, Kind.FOLDER): "ErrorCannotUseItemIdForFolderId",
    (Kind.OCCURRENCE, Kind.ITEM): "ErrorInvalidOperation",
}


def encode(kind: Kind, mailbox: MailboxStore, name: str) -> str:
    """Return the identifier of something of a mailbox."""
    return b64encode(kind.encode() + UUID(mailbox.guid).bytes + name.encode()).decode("ascii")


def kind(text: str) -> Kind:
    """Return what an identifier names. Raises `Refusal` (ErrorInvalidIdMalformed)."""
    try:
        return Kind(b64decode(text, validate=True)[:1].decode())
    except (ValueError, BadBase64):
        raise Refusal("ErrorInvalidIdMalformed") from None


def decode(expected: Kind, mailbox: MailboxStore, text: str, missing: str = "ErrorItemNotFound") -> str:
    """Return what the store calls the thing that an identifier names.

    Raises `Refusal`: malformed, of another kind, or (with the code `missing`) of another mailbox.
    """
    if (found := kind(text)) is not expected:
        raise Refusal(_WRONG.get((found, expected), "ErrorInvalidIdMalformed"))
    raw = b64decode(text)
    if raw[1:_HEAD] != UUID(mailbox.guid).bytes:
        raise Refusal(missing)
    try:
        return raw[_HEAD:].decode()
    except UnicodeDecodeError:
        raise Refusal("ErrorInvalidIdMalformed") from None


def encode_change(change_key: str) -> str:
    """Return a ChangeKey."""
    return b64encode(change_key.encode()).decode("ascii")


def decode_change(text: str) -> str | None:
    """Return what the store calls the version that a ChangeKey names, None if there is no ChangeKey.

    Raises `Refusal` (ErrorInvalidChangeKey).
    """
    try:
        return b64decode(text, validate=True).decode() if text else None
    except (ValueError, BadBase64):
        raise Refusal("ErrorInvalidChangeKey") from None


def in_folder(mailbox: MailboxStore, name: str, folder: str) -> str:
    """Return the identifier that an item has in a folder: moved to another it has another, as in Exchange."""
    return encode(Kind.ITEM, mailbox, f"{name}/{folder}")


def of_item(mailbox: MailboxStore, item: Item) -> Id:
    """Return the identifier of an item where it is, at its present version."""
    return Id(in_folder(mailbox, item.id, item.folder), encode_change(item.change_key))


def of_occurrence(mailbox: MailboxStore, item: Item, original: datetime) -> Id:
    """Return the identifier of one occurrence of a series, at its series' present version."""
    name = f"{item.id}/{int(original.timestamp())}"
    return Id(encode(Kind.OCCURRENCE, mailbox, name), encode_change(item.change_key))


def of_folder(mailbox: MailboxStore, folder: Folder) -> Id:
    """Return the identifier of a folder at its present version."""
    return Id(encode(Kind.FOLDER, mailbox, folder.id), encode_change(folder.change_key))
