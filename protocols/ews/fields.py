"""The table of properties: for each kind of item and folder those that are served, with the type of their values.

An element's name is the part of its property path behind the last colon. Which element stands behind which others is
said by the schema's own tables: clients that read by schema depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, field, frozen

from protocols.ews.codecs import (
    ATTENDEES,
    BINARY,
    BODY,
    BOOLEAN,
    COMPLETE_NAME,
    DELETED_OCCURRENCES,
    FLAG,
    HEADERS,
    ID,
    INTEGER,
    LINE,
    MAILBOX,
    MAILBOXES,
    MEMBERS,
    MIME,
    MOMENT,
    OCCURRENCE,
    OCCURRENCES,
    REAL,
    RIGHTS,
    SEARCH,
    STRINGS,
    TEXT,
    WORD,
    ZONE,
    Codec,
    choice,
)
from protocols.ews.paths import Property
from protocols.ews.permissions import PERMISSIONS
from protocols.ews.recurrence import RECURRENCE, TASK_RECURRENCE
from protocols.ews.schema import grammar


def _behind_the_colon(row: Row) -> str:
    return (row if isinstance(row, str) else row.uri).rpartition(":")[2]


@frozen
class Field:
    """One property with the type of its value; `element` is its element's name."""

    uri: str
    codec: Codec
    path: Property = field(init=False, default=Factory(lambda self: Property(self.uri), takes_self=True))
    element: str = field(init=False, default=Factory(_behind_the_colon, takes_self=True))


@frozen
class Dictionary:
    """One element that holds several properties, each an entry with a key, or `parts` of such an entry.

    The property paths are `entry`/key, or `entry`:part/key.
    """

    uri: str
    entry: str
    keys: tuple[str, ...]
    parts: tuple[str, ...] = ()
    element: str = field(init=False, default=Factory(_behind_the_colon, takes_self=True))

    @property
    def uris(self) -> tuple[str, ...]:
        """The property paths of an entry, without the key."""
        return tuple(f"{self.entry}:{part}" for part in self.parts) or (self.entry,)


EXTENDED = "ExtendedProperty"
ATTACHMENTS = "item:Attachments"

Row = Field | Dictionary | str
"""A string stands for the elements that are neither: see `protocols.ews.items`."""


def _fields(prefix: str, **codecs: Codec) -> tuple[Row, ...]:
    return tuple(Field(f"{prefix}:{name}", codec) for name, codec in codecs.items())


_IMPORTANCE = choice("Low", "Normal", "High")
_SENSITIVITY = choice("Normal", "Personal", "Private", "Confidential")
_BUSY = choice("Free", "Tentative", "Busy", "OOF", "WorkingElsewhere", "NoData")
_RESPONSE = choice("Unknown", "Organizer", "Tentative", "Accept", "Decline", "NoResponseReceived")
_STATUS = choice("NotStarted", "InProgress", "Completed", "WaitingOnOthers", "Deferred")
_REQUEST = choice(
    *("None", "FullUpdate", "InformationalUpdate", "NewMeetingRequest", "Outdated", "SilentUpdate"),
    "PrincipalWantsCopy",
)
_TYPE = choice("Single", "Occurrence", "Exception", "RecurringMaster")

ITEM = (
    *_fields("item", MimeContent=MIME, ItemId=ID, ParentFolderId=ID, ItemClass=WORD, Subject=LINE),
    *_fields("item", Sensitivity=_SENSITIVITY, Body=BODY),
    ATTACHMENTS,
    *_fields("item", DateTimeReceived=MOMENT, Size=INTEGER, Categories=STRINGS, Importance=_IMPORTANCE),
    *_fields("item", InReplyTo=TEXT, IsSubmitted=BOOLEAN, IsDraft=BOOLEAN, IsFromMe=BOOLEAN, IsResend=BOOLEAN),
    *_fields("item", IsUnmodified=BOOLEAN, InternetMessageHeaders=HEADERS, DateTimeSent=MOMENT),
    *_fields("item", DateTimeCreated=MOMENT),
    *_fields("item", ReminderDueBy=MOMENT, ReminderIsSet=BOOLEAN, ReminderNextTime=MOMENT),
    *_fields("item", ReminderMinutesBeforeStart=INTEGER, DisplayCc=TEXT, DisplayTo=TEXT, DisplayBcc=TEXT),
    *_fields("item", HasAttachments=BOOLEAN),
    EXTENDED,
    *_fields("item", Culture=WORD, EffectiveRights=RIGHTS, LastModifiedName=TEXT, LastModifiedTime=MOMENT),
    *_fields("item", IsAssociated=BOOLEAN, ConversationId=ID, UniqueBody=BODY, Flag=FLAG, InstanceKey=BINARY),
    *_fields("item", NormalizedBody=BODY, Preview=TEXT, TextBody=BODY),
)
MESSAGE = (
    *ITEM,
    *_fields("message", Sender=MAILBOX, ToRecipients=MAILBOXES, CcRecipients=MAILBOXES, BccRecipients=MAILBOXES),
    *_fields("message", IsReadReceiptRequested=BOOLEAN, IsDeliveryReceiptRequested=BOOLEAN),
    *_fields("message", ConversationIndex=BINARY, ConversationTopic=TEXT, From=MAILBOX, InternetMessageId=TEXT),
    *_fields("message", IsRead=BOOLEAN, IsResponseRequested=BOOLEAN, References=TEXT, ReplyTo=MAILBOXES),
    *_fields("message", ReceivedBy=MAILBOX, ReceivedRepresenting=MAILBOX),
)
_MEETING = (
    *_fields("calendar", CalendarItemType=_TYPE, MyResponseType=_RESPONSE, Organizer=MAILBOX),
    *_fields("calendar", RequiredAttendees=ATTENDEES, OptionalAttendees=ATTENDEES, Resources=ATTENDEES),
    *_fields("calendar", ConflictingMeetingCount=INTEGER, AdjacentMeetingCount=INTEGER),
    *_fields("calendar", Duration=WORD, TimeZone=TEXT, AppointmentReplyTime=MOMENT),
    *_fields("calendar", AppointmentSequenceNumber=INTEGER, AppointmentState=INTEGER, Recurrence=RECURRENCE),
    *_fields("calendar", FirstOccurrence=OCCURRENCE, LastOccurrence=OCCURRENCE, ModifiedOccurrences=OCCURRENCES),
    *_fields("calendar", DeletedOccurrences=DELETED_OCCURRENCES, StartTimeZone=ZONE, EndTimeZone=ZONE),
    *_fields("calendar", ConferenceType=INTEGER, AllowNewTimeProposal=BOOLEAN, IsOnlineMeeting=BOOLEAN),
    *_fields("calendar", MeetingWorkspaceUrl=TEXT, NetShowUrl=TEXT),
)
"""What a calendar item and a meeting request say of a meeting, in the same order."""

CALENDAR_ITEM = (
    *ITEM,
    *_fields("calendar", UID=TEXT, RecurrenceId=MOMENT, DateTimeStamp=MOMENT, Start=MOMENT, End=MOMENT),
    *_fields("calendar", OriginalStart=MOMENT, IsAllDayEvent=BOOLEAN, LegacyFreeBusyStatus=_BUSY, Location=TEXT),
    *_fields("calendar", When=TEXT, IsMeeting=BOOLEAN, IsCancelled=BOOLEAN, IsRecurring=BOOLEAN),
    *_fields("calendar", MeetingRequestWasSent=BOOLEAN, IsResponseRequested=BOOLEAN),
    *_MEETING,
    *_fields("calendar", IsOrganizer=BOOLEAN),
)
MEETING_MESSAGE = (
    *MESSAGE,
    *_fields("meeting", AssociatedCalendarItemId=ID, IsDelegated=BOOLEAN, IsOutOfDate=BOOLEAN),
    *_fields("meeting", HasBeenProcessed=BOOLEAN, ResponseType=_RESPONSE),
    *_fields("calendar", UID=TEXT, RecurrenceId=MOMENT, DateTimeStamp=MOMENT),
)
MEETING_REQUEST = (
    *MEETING_MESSAGE,
    *_fields("meetingRequest", MeetingRequestType=_REQUEST, IntendedFreeBusyStatus=_BUSY),
    *_fields("calendar", Start=MOMENT, End=MOMENT, OriginalStart=MOMENT, IsAllDayEvent=BOOLEAN),
    *_fields("calendar", LegacyFreeBusyStatus=_BUSY, Location=TEXT, When=TEXT, IsMeeting=BOOLEAN),
    *_fields("calendar", IsCancelled=BOOLEAN, IsRecurring=BOOLEAN, MeetingRequestWasSent=BOOLEAN),
    *_MEETING,
)
_OUTCOME = (
    *MEETING_MESSAGE,
    *_fields("calendar", Start=MOMENT, End=MOMENT, Location=TEXT, Recurrence=RECURRENCE, CalendarItemType=_TYPE),
)
CONTACT = (
    *ITEM,
    *_fields("contacts", FileAs=TEXT, FileAsMapping=WORD, DisplayName=TEXT, GivenName=LINE, Initials=TEXT),
    *_fields("contacts", MiddleName=LINE, Nickname=TEXT, CompleteName=COMPLETE_NAME, CompanyName=TEXT),
    Dictionary("contacts:EmailAddresses", "contacts:EmailAddress", ("EmailAddress1", "EmailAddress2", "EmailAddress3")),
    Dictionary(
        "contacts:PhysicalAddresses",
        "contacts:PhysicalAddress",
        ("Home", "Business", "Other"),
        ("Street", "City", "State", "CountryOrRegion", "PostalCode"),
    ),
    Dictionary(
        "contacts:PhoneNumbers",
        "contacts:PhoneNumber",
        (
            *("AssistantPhone", "BusinessFax", "BusinessPhone", "BusinessPhone2", "Callback", "CarPhone"),
            *("CompanyMainPhone", "HomeFax", "HomePhone", "HomePhone2", "Isdn", "MobilePhone", "OtherFax"),
            *("OtherTelephone", "Pager", "PrimaryPhone", "RadioPhone", "Telex", "TtyTddPhone"),
        ),
    ),
    *_fields("contacts", AssistantName=TEXT, Birthday=MOMENT, BusinessHomePage=TEXT, Children=STRINGS),
    *_fields("contacts", Companies=STRINGS, ContactSource=WORD, Department=TEXT, Generation=TEXT),
    Dictionary("contacts:ImAddresses", "contacts:ImAddress", ("ImAddress1", "ImAddress2", "ImAddress3")),
    *_fields("contacts", JobTitle=TEXT, Manager=TEXT, Mileage=TEXT, OfficeLocation=TEXT),
    *_fields("contacts", PostalAddressIndex=choice("None", "Home", "Business", "Other"), Profession=TEXT),
    *_fields("contacts", SpouseName=TEXT, Surname=LINE, WeddingAnniversary=MOMENT, HasPicture=BOOLEAN),
)
DISTRIBUTION_LIST = (
    *ITEM,
    *_fields("contacts", DisplayName=TEXT, FileAs=TEXT, ContactSource=WORD),
    *_fields("distributionlist", Members=MEMBERS),
)
POST = (
    *ITEM,
    *_fields("message", ConversationIndex=BINARY, ConversationTopic=TEXT, From=MAILBOX, InternetMessageId=TEXT),
    *_fields("message", IsRead=BOOLEAN, References=TEXT, Sender=MAILBOX),
    *_fields("postitem", PostedTime=MOMENT),
)
TASK = (
    *ITEM,
    *_fields("task", ActualWork=INTEGER, AssignedTime=MOMENT, BillingInformation=TEXT, ChangeCount=INTEGER),
    *_fields("task", Companies=STRINGS, CompleteDate=MOMENT, Contacts=STRINGS, DelegationState=WORD),
    *_fields("task", Delegator=TEXT, DueDate=MOMENT, IsComplete=BOOLEAN, IsRecurring=BOOLEAN, IsTeamTask=BOOLEAN),
    *_fields("task", Mileage=TEXT, Owner=TEXT, PercentComplete=REAL, Recurrence=TASK_RECURRENCE, StartDate=MOMENT),
    *_fields("task", Status=_STATUS, StatusDescription=TEXT, TotalWork=INTEGER),
)
RESPONSE = (
    *_fields("item", Subject=LINE, Body=BODY),
    *_fields("message", ToRecipients=MAILBOXES, CcRecipients=MAILBOXES, BccRecipients=MAILBOXES),
    *_fields("message", IsReadReceiptRequested=BOOLEAN, IsDeliveryReceiptRequested=BOOLEAN, From=MAILBOX),
    *_fields("response", ReferenceItemId=ID, NewBodyContent=BODY),
)
FOLDER = (
    *_fields("folder", FolderId=ID, ParentFolderId=ID, FolderClass=WORD, DisplayName=TEXT, TotalCount=INTEGER),
    *_fields("folder", ChildFolderCount=INTEGER),
    EXTENDED,
    *_fields("folder", EffectiveRights=RIGHTS, DistinguishedFolderId=WORD, PermissionSet=PERMISSIONS),
)
FOLDER_WITH_UNREAD = (*FOLDER, *_fields("folder", UnreadCount=INTEGER))
SEARCH_FOLDER = (*FOLDER_WITH_UNREAD, *_fields("folder", SearchParameters=SEARCH))


def _in_order(kind: str, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    order = grammar.ROWS[kind].children
    return tuple(sorted(rows, key=lambda row: order.index(_behind_the_colon(row))))


_KINDS = {
    "Item": ITEM,
    "Message": MESSAGE,
    "CalendarItem": CALENDAR_ITEM,
    "MeetingRequest": MEETING_REQUEST,
    "MeetingResponse": (*_OUTCOME, *_fields("meeting", ProposedStart=MOMENT, ProposedEnd=MOMENT)),
    "MeetingCancellation": _OUTCOME,
    "Contact": CONTACT,
    "DistributionList": DISTRIBUTION_LIST,
    "PostItem": POST,
    "Task": TASK,
    "ReplyToItem": RESPONSE,
    "ReplyAllToItem": RESPONSE,
    "ForwardItem": RESPONSE,
    "Folder": FOLDER_WITH_UNREAD,
    "SearchFolder": SEARCH_FOLDER,
    "TasksFolder": FOLDER_WITH_UNREAD,
    "CalendarFolder": FOLDER,
    "ContactsFolder": FOLDER,
}

KINDS: Mapping[str, tuple[Row, ...]] = {kind: _in_order(kind, rows) for kind, rows in _KINDS.items()}
"""The rows of each element that stands for an item or a folder, in the order of the schema."""
