"""Folders, items and attachments, with what stands in them.

A permission's children come in any order, and under two names that are none: so exchangelib writes them, and it is
understood by Exchange Online.
"""

from __future__ import annotations

TYPES = """
AbsoluteDateTransition = To:TransitionTarget DateTime
AbsoluteMonthlyRecurrence = Interval DayOfMonth
AbsoluteYearlyRecurrence = DayOfMonth Month
AcceptItem DeclineItem TentativelyAcceptItem = &MeetingRegistrationResponseObject
AcceptSharingInvitation SuppressReadReceipt = ReferenceItemId:ItemId? @ObjectName
AddItemToMyCalendar ProposeNewTime RemoveItem = &Message ReferenceItemId:ItemId? @ObjectName
AddressListId = @Id!
AnyAttachment = (ItemAttachment | FileAttachment | ReferenceAttachment)
AnyFolder = (Folder | CalendarFolder | ContactsFolder | SearchFolder | TasksFolder)
AnyItem = (Item | Message | SharingMessage:any | CalendarItem | Contact | DistributionList | MeetingMessage |
    MeetingRequest | MeetingResponse | MeetingCancellation | Task | PostItem | RoleMember:any | Network:any |
    Person:any)
AppendToFolderField SetFolderField = &Path &AnyFolder
AppendToItemField SetItemField = &Path &AnyItem
ApprovalRequestData = IsUndecidedApprovalRequest? ApprovalDecision? ApprovalDecisionMaker? ApprovalDecisionTime?
Attachment = AttachmentId? Name? ContentType? ContentId? ContentLocation? AttachmentOriginalUrl? Size?
    LastModifiedTime? IsInline?
AttachmentId = @Id! @RootItemId @RootItemChangeKey
Attachments = &AnyAttachment*
Attendee = Mailbox ResponseType? LastResponseTime? ProposedStart? ProposedEnd?
Attendees = Attendee+
BaseFolder = FolderId? ParentFolderId:FolderId? FolderClass? DisplayName? TotalCount? ChildFolderCount?
    ExtendedProperty* ManagedFolderInformation? EffectiveRights? DistinguishedFolderId:text? PolicyTag:RetentionTag?
    ArchiveTag:RetentionTag? ReplicaList:Strings?
Body = @BodyType! @IsTruncated
CalendarFolder = &BaseFolder SharingEffectiveRights? PermissionSet:CalendarPermissionSet?
CalendarItem = &Item UID? RecurrenceId? DateTimeStamp? Start? End? OriginalStart? IsAllDayEvent? LegacyFreeBusyStatus?
    Location? When? IsMeeting? IsCancelled? IsRecurring? MeetingRequestWasSent? IsResponseRequested? CalendarItemType?
    MyResponseType? Organizer:Recipient? RequiredAttendees:Attendees? OptionalAttendees:Attendees?
    Resources:Attendees? InboxReminders:any? ConflictingMeetingCount? AdjacentMeetingCount?
    ConflictingMeetings:NewItems? AdjacentMeetings:NewItems? Duration? TimeZone? AppointmentReplyTime?
    AppointmentSequenceNumber? AppointmentState? Recurrence? FirstOccurrence:Occurrence? LastOccurrence:Occurrence?
    ModifiedOccurrences:Occurrences? DeletedOccurrences? MeetingTimeZone? StartTimeZone:TimeZoneDefinition?
    EndTimeZone:TimeZoneDefinition? ConferenceType? AllowNewTimeProposal? IsOnlineMeeting? MeetingWorkspaceUrl?
    NetShowUrl? EnhancedLocation? StartWallClock? EndWallClock? StartTimeZoneId? EndTimeZoneId?
    IntendedFreeBusyStatus? JoinOnlineMeetingUrl? OnlineMeetingSettings:any? IsOrganizer? DoNotForwardMeeting?
CalendarPermissionSet = CalendarPermissions UnknownEntries?
CalendarPermissions = CalendarPermission*
CancelCalendarItem ForwardItem ReplyToItem = &SmartResponse
CompleteName = Title? FirstName? MiddleName? LastName? Suffix? Initials? FullName? Nickname? YomiFirstName?
    YomiLastName?
Contact = &Item FileAs? FileAsMapping? DisplayName? GivenName? Initials? MiddleName? Nickname? CompleteName?
    CompanyName? EmailAddresses? AbchEmailAddresses:any? PhysicalAddresses? PhoneNumbers? AssistantName? Birthday?
    BusinessHomePage? Children:Strings? Companies:Strings? ContactSource? Department? Generation? ImAddresses?
    JobTitle? Manager? Mileage? OfficeLocation? PostalAddressIndex? Profession? SpouseName? Surname?
    WeddingAnniversary? HasPicture? PhoneticFullName? PhoneticFirstName? PhoneticLastName? Alias? Notes? Photo?
    UserSMIMECertificate:any? MSExchangeCertificate:any? DirectoryId? ManagerMailbox:Recipient?
    DirectReports:Recipients?
ContactsFolder = &BaseFolder SharingEffectiveRights? PermissionSet? SourceId? AccountName?
DailyRecurrence DailyRegeneration MonthlyRegeneration WeeklyRegeneration YearlyRegeneration = Interval
DeleteFolderField DeleteItemField = &Path
DeletedOccurrence = Start
DeletedOccurrences = DeletedOccurrence+
DistinguishedFolderId = Mailbox? @Id! @ChangeKey
DistributionList = &Item DisplayName? FileAs? ContactSource? Members?
EffectiveRights = CreateAssociated CreateContents CreateHierarchy Delete Modify Read ViewPrivateItems?
EmailAddresses = Entry:KeyedAddress+
EndDateRecurrence = StartDate EndDate
EnhancedLocation = DisplayName Annotation? PostalAddress:PersonaPostalAddress?
ExtendedProperty = ExtendedFieldURI (Value | Values)
FileAttachment = &Attachment IsContactPhoto? Content?
Flag = FlagStatus StartDate? DueDate? CompleteDate?
Folder = &BaseFolder PermissionSet? UnreadCount?
FolderId ItemId = @Id! @ChangeKey
FolderIds = (FolderId | DistinguishedFolderId)+
FolderUpdates = (AppendToFolderField | SetFolderField | DeleteFolderField)+
Folders = &AnyFolder*
ImAddresses = Entry:KeyedIm+
InternetMessageHeader = @HeaderName!
InternetMessageHeaders = InternetMessageHeader+
Item = MimeContent? ItemId? ParentFolderId:FolderId? ItemClass? Subject? Sensitivity? Body?
    Attachments:NewAttachments? DateTimeReceived? Size? Categories:Strings? Importance? InReplyTo? IsSubmitted?
    IsDraft? IsFromMe? IsResend? IsUnmodified? InternetMessageHeaders? DateTimeSent? DateTimeCreated? ResponseObjects?
    ReminderDueBy? ReminderIsSet? ReminderNextTime? ReminderMinutesBeforeStart? DisplayCc? DisplayTo? DisplayBcc?
    HasAttachments? ExtendedProperty* Culture? EffectiveRights? LastModifiedName? LastModifiedTime? IsAssociated?
    WebClientReadFormQueryString? WebClientEditFormQueryString? ConversationId:ItemId? UniqueBody:Body? Flag?
    StoreEntryId? InstanceKey? NormalizedBody:Body? EntityExtractionResult:any? PolicyTag:RetentionTag?
    ArchiveTag:RetentionTag? RetentionDate? Preview? RightsManagementLicenseData:any? PredictedActionReasons:any?
    IsClutter? BlockStatus? HasBlockedImages? TextBody:Body? IconIndex? SearchKey? SortKey?
ItemAttachment = &Attachment &AnyItem?
ItemIds = (ItemId | OccurrenceItemId | RecurringMasterItemId | RecurringMasterItemIdRanges)+
ItemUpdates = (AppendToItemField | SetItemField | DeleteItemField)+
Items = &AnyItem*
KeyedAddress = @Key! @Name @RoutingType @MailboxType
KeyedIm KeyedText = @Key!
KeyedPostalAddress = Street? City? State? CountryOrRegion? PostalCode? @Key!
Mailbox = Name? EmailAddress? RoutingType? MailboxType? ItemId? OriginalDisplayName?
ManagedFolderInformation = CanDelete? CanRenameOrMove? MustDisplayComment? HasQuota? IsManagedFoldersRoot?
    ManagedFolderId? Comment? StorageQuota? FolderSize? HomePage?
MeetingCancellation = &MeetingMessage Start? End? Location? Recurrence? CalendarItemType? EnhancedLocation?
    DoNotForwardMeeting?
MeetingMessage = &Message AssociatedCalendarItemId:ItemId? IsDelegated? IsOutOfDate? HasBeenProcessed? ResponseType?
    UID? RecurrenceId? DateTimeStamp? IsOrganizer?
MeetingRegistrationResponseObject = ItemClass? Sensitivity? Body? Attachments:NewAttachments? InternetMessageHeaders?
    Sender:Recipient? ToRecipients:Recipients? CcRecipients:Recipients? BccRecipients:Recipients?
    IsReadReceiptRequested? IsDeliveryReceiptRequested? From:Recipient? ReferenceItemId:ItemId? ProposedStart?
    ProposedEnd? @ObjectName
MeetingRequest = &MeetingMessage MeetingRequestType? IntendedFreeBusyStatus? Start? End? OriginalStart? IsAllDayEvent?
    LegacyFreeBusyStatus? Location? When? IsMeeting? IsCancelled? IsRecurring? MeetingRequestWasSent?
    CalendarItemType? MyResponseType? Organizer:Recipient? RequiredAttendees:Attendees? OptionalAttendees:Attendees?
    Resources:Attendees? ConflictingMeetingCount? AdjacentMeetingCount? ConflictingMeetings:NewItems?
    AdjacentMeetings:NewItems? Duration? TimeZone? AppointmentReplyTime? AppointmentSequenceNumber? AppointmentState?
    Recurrence? FirstOccurrence:Occurrence? LastOccurrence:Occurrence? ModifiedOccurrences:Occurrences?
    DeletedOccurrences? MeetingTimeZone? StartTimeZone:TimeZoneDefinition? EndTimeZone:TimeZoneDefinition?
    ConferenceType? AllowNewTimeProposal? IsOnlineMeeting? MeetingWorkspaceUrl? NetShowUrl? EnhancedLocation?
    ChangeHighlights:any? StartWallClock? EndWallClock? StartTimeZoneId? EndTimeZoneId? DoNotForwardMeeting?
MeetingResponse = &MeetingMessage Start? End? Location? Recurrence? CalendarItemType? ProposedStart? ProposedEnd?
    EnhancedLocation?
MeetingTimeZone = BaseOffset? Standard:TimeChange? Daylight:TimeChange? @TimeZoneName
Member = Mailbox? Status? @Key
Members = Member*
Message = &Item Sender:Recipient? ToRecipients:Recipients? CcRecipients:Recipients? BccRecipients:Recipients?
    IsReadReceiptRequested? IsDeliveryReceiptRequested? ConversationIndex? ConversationTopic? From:Recipient?
    InternetMessageId? IsRead? IsResponseRequested? References? ReplyTo:Recipients? ReceivedBy:Recipient?
    ReceivedRepresenting:Recipient? ApprovalRequestData? VotingInformation? ReminderMessageData?
MimeContent = @CharacterSet
NewAttachments = &AnyAttachment+
NewItems = (Item | Message | SharingMessage:any | CalendarItem | Contact | DistributionList | MeetingMessage |
    MeetingRequest | MeetingResponse | MeetingCancellation | Task | PostItem | ReplyToItem | ForwardItem |
    ReplyAllToItem | AcceptItem | TentativelyAcceptItem | DeclineItem | CancelCalendarItem | RemoveItem |
    SuppressReadReceipt | PostReplyItem | AcceptSharingInvitation | RoleMember:any | Network:any | Person:any)+
NoEndRecurrence = StartDate
NumberedRecurrence = StartDate NumberOfOccurrences
Occurrence = ItemId Start End OriginalStart
Occurrences = Occurrence+
Period = @Bias @Name @Id
Periods = Period+
Permission CalendarPermission = (UserId | CanCreateItems | CanCreateSubFolders | CanCreateSubfolders | IsFolderOwner |
    IsFolderVisible | IsFolderContact | EditItems | DeleteItems | ReadItems | PermissionLevel |
    CalendarPermissionLevel)*
PermissionSet = Permissions UnknownEntries?
Permissions = Permission*
PersonaPostalAddress = Street? City? State? Country? PostalCode? PostOfficeBox? Type? Latitude? Longitude? Accuracy?
    Altitude? AltitudeAccuracy? FormattedAddress? LocationUri? LocationSource?
PhoneNumbers = Entry:KeyedText+
PhysicalAddresses = Entry:KeyedPostalAddress+
PostItem = &Item ConversationIndex? ConversationTopic? From:Recipient? InternetMessageId? IsRead? PostedTime?
    References? Sender:Recipient?
PostReplyItem = Subject? Body? ReferenceItemId:ItemId? NewBodyContent:Body? @ObjectName
Recipient = Mailbox
Recipients = Mailbox*
Recurrence = (RelativeYearlyRecurrence | AbsoluteYearlyRecurrence | RelativeMonthlyRecurrence |
    AbsoluteMonthlyRecurrence | WeeklyRecurrence | DailyRecurrence) &RecurrenceRange
RecurrenceRange = (NoEndRecurrence | EndDateRecurrence | NumberedRecurrence)
RecurringDateTransition = To:TransitionTarget TimeOffset Month Day
RecurringDayTransition = To:TransitionTarget TimeOffset Month DayOfWeek Occurrence:text
ReferenceAttachment = &Attachment AttachLongPathName? ProviderType? ProviderEndpointUrl? AttachmentThumbnailUrl?
    AttachmentPreviewUrl? PermissionType? OriginalPermissionType? AttachmentIsFolder?
RelativeMonthlyRecurrence = Interval DaysOfWeek DayOfWeekIndex
RelativeYearlyRecurrence = DaysOfWeek DayOfWeekIndex Month
ReminderMessageData = ReminderText? Location? StartTime? EndTime? AssociatedCalendarItemId:ItemId?
ReplyAllToItem = &SmartResponse IsSpecificMessageReply?
ResponseObjects = (AcceptItem | TentativelyAcceptItem | DeclineItem | ReplyToItem | ForwardItem | ReplyAllToItem |
    CancelCalendarItem | RemoveItem | SuppressReadReceipt | PostReplyItem | AcceptSharingInvitation |
    AddItemToMyCalendar | ProposeNewTime)*
RetentionTag = @IsExplicit!
RootItemId = @RootItemId! @RootItemChangeKey!
SearchFolder = &Folder SearchParameters?
SearchParameters = Restriction BaseFolderIds:FolderIds @Traversal
SmartResponse = Subject? Body? ToRecipients:Recipients? CcRecipients:Recipients? BccRecipients:Recipients?
    IsReadReceiptRequested? IsDeliveryReceiptRequested? From:Recipient? ReferenceItemId:ItemId? NewBodyContent:Body?
    @ObjectName
Strings = String*
TargetFolderId = (FolderId | DistinguishedFolderId | AddressListId)
Task = &Item ActualWork? AssignedTime? BillingInformation? ChangeCount? Companies:Strings? CompleteDate?
    Contacts:Strings? DelegationState? Delegator? DueDate? IsAssignmentEditable? IsComplete? IsRecurring? IsTeamTask?
    Mileage? Owner? PercentComplete? Recurrence:TaskRecurrence? StartDate? Status? StatusDescription? TotalWork?
TaskRecurrence = (RelativeYearlyRecurrence | AbsoluteYearlyRecurrence | RelativeMonthlyRecurrence |
    AbsoluteMonthlyRecurrence | WeeklyRecurrence | DailyRecurrence | DailyRegeneration | WeeklyRegeneration |
    MonthlyRegeneration | YearlyRegeneration) &RecurrenceRange
TasksFolder = &Folder
TimeChange = Offset (RelativeYearlyRecurrence | AbsoluteDate)? Time @TimeZoneName
TimeZoneDefinition = Periods? TransitionsGroups? Transitions? @Id @Name
Transition = To:TransitionTarget
TransitionTarget = @Kind!
Transitions = (Transition | AbsoluteDateTransition | RecurringDayTransition | RecurringDateTransition)+ @Id
TransitionsGroups = TransitionsGroup:Transitions+
UnknownEntries = UnknownEntry*
UserId = SID? PrimarySmtpAddress? DisplayName? DistinguishedUser? ExternalUserIdentity?
Values = Value*
VotingInformation = UserOptions:any? VotingResponse?
WeeklyRecurrence = Interval DaysOfWeek FirstDayOfWeek?
"""
