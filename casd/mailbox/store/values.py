"""The values that go in and out of a mailbox: folders, items, attachments, changes, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, TypedDict

from attrs import field, frozen


class Kind(StrEnum):
    """What an item is, hence the format of its content."""

    MAIL = "mail"  # MIME (RFC 5322)
    APPOINTMENT = "appointment"  # iCalendar with VEVENTs of one UID (RFC 5545)
    TASK = "task"  # iCalendar with one VTODO
    CONTACT = "contact"  # vCard (RFC 2426, RFC 6350)
    NOTE = "note"  # MIME


class Importance(IntEnum):
    """How urgent the sender finds it (MS-OXCMSG 2.2.1.11)."""

    LOW = 0
    NORMAL = 1
    HIGH = 2


class Flag(IntEnum):
    """The follow-up flag (MS-OXOFLAG 2.2.1.1)."""

    NONE = 0
    COMPLETE = 1
    FLAGGED = 2


class DeleteMode(StrEnum):
    """Where something deleted goes: to Deleted Items, to the recoverable items, or nowhere."""

    DELETED_ITEMS = "deleteditems"
    SOFT = "soft"
    HARD = "hard"


class EventKind(StrEnum):
    """What happened, in the words of notifications."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"
    MOVED = "moved"
    COPIED = "copied"
    NEW_MAIL = "newmail"


class ChangeKind(StrEnum):
    """What a synchronising client must do: READ means that nothing but the read flag differs."""

    CREATED = "created"
    MODIFIED = "modified"
    READ = "read"
    DELETED = "deleted"


@frozen
class Folder:
    """One folder. `distinguished` is the name of a default folder (`inbox`, ...), else empty.

    `parent` is empty for the root. `number` is never used again within its database.
    """

    id: str
    number: int
    parent: str
    name: str
    folder_class: str
    distinguished: str
    change: int
    total: int
    unread: int
    children: int
    properties: Mapping[str, Any]

    @property
    def change_key(self) -> str:
        """Opaque text that differs after every change of the folder itself."""
        return str(self.change)

    @property
    def keeps_deleted(self) -> bool:
        """Say whether what comes in here is forgotten some days later."""
        return self.distinguished == "recoverableitemsdeletions"


@frozen(kw_only=True)
class Item:
    """One item without its content. Times are aware, UTC, whole seconds; None where there is none.

    `number` is never used again within its database. `arrival` is the change number at which the item came
    into its folder: it grows, so it orders a folder as IMAP's UID does. `sender`, `to`, `cc`, `bcc` are
    display text (`Name <address>`, separated by "; ") of From or ORGANIZER, and of the recipients or attendees.
    `size` is the length of the content in bytes. `uid` is the UID of iCalendar or vCard, `message_id` the
    Message-ID without brackets, `conversation` the same text for all mails of one thread.
    Contacts: `subject` is the formatted name, `file_as` what to sort by, `sender` the first e-mail address.
    Tasks: `end` is the due date, `status` the VTODO's STATUS. Appointments: `status` is the VEVENT's STATUS,
    `busy` one of free, tentative, busy, oof, workingelsewhere, nodata.
    `properties` holds what the protocols keep here that no column has (JSON values, keys chosen by them).
    `creator` is the address, in lower case, of who put the item there, empty for the owner of the mailbox.
    """

    id: str
    number: int
    folder: str
    kind: Kind
    item_class: str
    change: int
    arrival: int
    created: datetime
    modified: datetime
    received: datetime
    size: int
    subject: str = ""
    preview: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    sent: datetime | None = None
    message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    conversation: str = ""
    uid: str = ""
    start: datetime | None = None
    end: datetime | None = None
    all_day: bool = False
    recurring: bool = False
    location: str = ""
    busy: str = ""
    status: str = ""
    percent: int = 0
    file_as: str = ""
    given_name: str = ""
    surname: str = ""
    company: str = ""
    read: bool = False
    draft: bool = False
    importance: int = Importance.NORMAL
    sensitivity: int = 0
    flag: int = Flag.NONE
    has_attachments: bool = False
    categories: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(factory=dict)
    creator: str = ""

    @property
    def change_key(self) -> str:
        """Opaque text that differs after every change of the item."""
        return str(self.change)


class Fields(TypedDict, total=False):
    """What a caller may set on an item; all the rest is taken from the content.

    `properties` is merged into what is there, and a value of None removes its key.
    `importance` and `sensitivity` come from the content when an item is created, if not set here.
    """

    item_class: str
    received: datetime
    read: bool
    draft: bool
    importance: int
    sensitivity: int
    flag: int
    categories: tuple[str, ...]
    properties: Mapping[str, Any]


@frozen
class Attachment:
    """One attachment without its content. An attached message has content type `message/rfc822`."""

    id: str
    item: str
    name: str
    content_type: str
    size: int
    content_id: str = ""
    inline: bool = False


@frozen
class Found:
    """One page of items. `total` counts all that match (hits of a search up to 10,000), `offset` is where it starts."""

    items: tuple[Item, ...]
    total: int
    offset: int


@frozen
class Change:
    """One thing a synchronising client does not know yet; `id` names an item or a folder."""

    kind: ChangeKind
    id: str
    change: int


@frozen
class Changes:
    """One batch of changes, oldest first. Ask again with `state`, at once if there is `more`."""

    changes: tuple[Change, ...]
    state: str
    more: bool


@frozen
class Event:
    """Something committed in a mailbox. `item` is empty when it happened to a folder.

    For an item `folder` is the one that holds it now (held it, when deleted); for a folder event
    `folder` is the folder itself and `parent` its parent. `old_folder`, `old_item` are where a moved or
    copied thing came from: for a folder event `old_folder` is the old parent (moved) or the original (copied).
    """

    kind: EventKind
    mailbox: str
    folder: str
    parent: str
    change: int
    timestamp: datetime
    item: str = ""
    old_folder: str = ""
    old_item: str = ""


@frozen
class Dismounted:
    """The last notice to a watcher: the database leaves this server."""

    database: str
