"""Response shapes: which properties of an item or a folder a client wants."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from protocols.ews import paths
from protocols.ews.codecs import choice, parse_boolean
from protocols.ews.errors import BadDocument
from protocols.ews.fields import ATTACHMENTS, EXTENDED, KINDS, Dictionary, Field
from protocols.ews.markup import Element, child, children, text
from protocols.ews.paths import Extended, Path, Property

MAX_PROPERTIES = 1000
"""Additional properties of one shape: more than the schema has, and each is looked for in each of many items."""

_BASE = choice("IdOnly", "Default", "AllProperties")
_BODY = choice("Best", "HTML", "Text")

_DEFAULT_ITEM = ("item:Subject", "item:HasAttachments")
_DEFAULT_MESSAGE = (
    *_DEFAULT_ITEM,
    *("item:Sensitivity", "item:Body", "item:Size", "item:DateTimeSent", "item:DateTimeCreated"),
    *("item:IsAssociated", "message:IsDeliveryReceiptRequested", "message:IsReadReceiptRequested"),
    *("message:From", "message:IsRead", "message:ToRecipients", "message:CcRecipients", "message:BccRecipients"),
    ATTACHMENTS,
)
_DEFAULT_MEETING = (
    *_DEFAULT_MESSAGE,
    *("meeting:AssociatedCalendarItemId", "meeting:IsDelegated", "meeting:IsOutOfDate"),
    *("meeting:HasBeenProcessed", "meeting:ResponseType"),
)
_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "Item": _DEFAULT_ITEM,
    "Message": _DEFAULT_MESSAGE,
    "MeetingRequest": (
        *_DEFAULT_MEETING,
        *("meetingRequest:MeetingRequestType", "meetingRequest:IntendedFreeBusyStatus", "calendar:Start"),
        *("calendar:End", "calendar:Location", "calendar:Organizer"),
    ),
    "MeetingResponse": _DEFAULT_MEETING,
    "MeetingCancellation": _DEFAULT_MEETING,
    "CalendarItem": (
        *_DEFAULT_ITEM,
        *("item:IsAssociated", "calendar:Start", "calendar:End", "calendar:LegacyFreeBusyStatus"),
        *("calendar:Location", "calendar:CalendarItemType", "calendar:Organizer"),
    ),
    "Contact": (
        *("item:HasAttachments", "contacts:FileAs", "contacts:CompanyName", "contacts:CompleteName"),
        *("contacts:EmailAddresses", "contacts:PhysicalAddresses", "contacts:PhoneNumbers"),
        *("contacts:ImAddresses", "contacts:JobTitle"),
    ),
    "DistributionList": (*_DEFAULT_ITEM, "contacts:DisplayName", "contacts:FileAs", "contacts:ContactSource"),
    "PostItem": (
        *_DEFAULT_ITEM,
        *("item:Sensitivity", "item:Body", "item:Size", "item:DateTimeSent", "item:DateTimeCreated"),
        *("message:From", "message:IsRead", "postitem:PostedTime", ATTACHMENTS),
    ),
    "Task": (*_DEFAULT_ITEM, "task:DueDate", "task:PercentComplete", "task:StartDate", "task:Status"),
    "Folder": ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"),
    "SearchFolder": ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"),
    "TasksFolder": ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount", "folder:UnreadCount"),
    "CalendarFolder": ("folder:DisplayName", "folder:ChildFolderCount"),
    "ContactsFolder": ("folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount"),
}
"""The Default shape of each kind (Property sets and response shapes in EWS, tables 2 and 3)."""

_SECOND_CLASS = frozenset(
    (
        *("item:MimeContent", "item:UniqueBody", "item:NormalizedBody", "item:Preview", "item:TextBody"),
        "item:InstanceKey",
    )
)
"""Properties that AllProperties leaves out (the same page, table 4)."""

_NOT_WHEN_FINDING = frozenset(
    (
        *("item:Body", "item:Attachments", "item:InternetMessageHeaders", "item:Categories", "message:ToRecipients"),
        *("message:CcRecipients", "message:BccRecipients", "message:ReplyTo", "calendar:RequiredAttendees"),
        *("calendar:OptionalAttendees", "calendar:Resources", "calendar:Recurrence", "calendar:FirstOccurrence"),
        *("calendar:LastOccurrence", "calendar:ModifiedOccurrences", "calendar:DeletedOccurrences"),
        *("calendar:ConflictingMeetingCount", "calendar:AdjacentMeetingCount", "folder:PermissionSet"),
    )
)
"""Properties that a base shape leaves out of FindItem and FindFolder (the same page, note 1)."""


@frozen
class Shape:
    """What a client wants to know of each item. `body` is Best, HTML or Text."""

    base: str = "IdOnly"
    mime: bool = False
    body: str = "Best"
    additional: tuple[Path, ...] = ()

    def wanted(self, kind: str, *, finding: bool = False) -> list[Path]:
        """Return the property paths for an element of this kind, those of the schema that it has."""
        rows = [row for row in KINDS[kind] if not isinstance(row, str)]
        of_base = set(self._of_base(kind)) - (_NOT_WHEN_FINDING if finding else frozenset())
        asked = set(self.additional) | {Property(uri) for uri in of_base}
        found = [path for row in rows for path in _of_row(row, asked)]
        found += [Property(ATTACHMENTS)] if Property(ATTACHMENTS) in asked else []
        return found + [path for path in self.additional if isinstance(path, Extended)]

    def _of_base(self, kind: str) -> list[str]:
        identity = "folder:FolderId" if kind.endswith("Folder") else "item:ItemId"
        mime = ["item:MimeContent"] if self.mime else []
        if self.base == "AllProperties":
            rows = [row if isinstance(row, str) else row.uri for row in KINDS[kind] if row != EXTENDED]
            return mime + [uri for uri in rows if uri not in _SECOND_CLASS]
        return [identity, *mime, *(_DEFAULTS[kind] if self.base == "Default" else ())]


def _of_row(row: Field | Dictionary, asked: set[Path]) -> list[Path]:
    if isinstance(row, Field):
        return [Property(row.uri)] if Property(row.uri) in asked else []
    entries: list[Path] = [Property(uri, key) for key in row.keys for uri in row.uris]
    return entries if Property(row.uri) in asked else [path for path in entries if path in asked]


def _additional(shape: Element) -> tuple[Path, ...]:
    named = children(shape, "AdditionalProperties")
    if len(named) > MAX_PROPERTIES:
        raise BadDocument(f"A shape has {MAX_PROPERTIES} additional properties at most.")
    return tuple(map(paths.parse, named))


def parse(node: Element, name: str) -> Shape:
    """Return the shape in the child of this name (ItemShape, FolderShape, AttachmentShape). Raises `BadDocument`."""
    shape = child(node, name)
    if shape is None:
        if name == "AttachmentShape":
            return Shape(base="AllProperties")
        raise BadDocument(f"The required element '{name}' is missing.")
    return Shape(
        base=_BASE.constant(text(shape, "BaseShape", "AllProperties" if name == "AttachmentShape" else "")),
        mime=parse_boolean(text(shape, "IncludeMimeContent", "false")),
        body=_BODY.constant(text(shape, "BodyType", "Best")),
        additional=_additional(shape),
    )
