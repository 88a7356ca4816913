"""People, delegates, absence, rules, mail tips, availability, reminders."""

from __future__ import annotations

MESSAGES = """
AddDelegate = Mailbox DelegateUsers DeliverMeetingRequests?
AddDelegateResponse RemoveDelegateResponse UpdateDelegateResponse = MessageText? ResponseCode? DescriptiveLinkKey?
    MessageXml:any? ResponseMessages:ArrayOfDelegateUserResponseMessage? @ResponseClass!
ArrayOfDelegateUserResponseMessage = DelegateUserResponseMessageType+
ArrayOfMailTipsResponseMessage = MailTipsResponseMessageType+
ArrayOfServiceConfigurationResponseMessage = ServiceConfigurationResponseMessageType+
DelegateUserResponseMessageType = &ResponseMessage DelegateUser?
ExpandDL = Mailbox
ExpandDLResponseMessage = &ResponseMessage DLExpansion? @IndexedPagingOffset @NumeratorOffset @AbsoluteDenominator
    @IncludesLastItemInRange @TotalItemsInView
FindPeople = PersonaShape? IndexedPageItemView:IndexedPageView Restriction? AggregationRestriction:Restriction?
    SortOrder? ParentFolderId:TargetFolderId? QueryString? SearchPeopleSuggestionIndex? TopicQueryString?
    Context? QuerySources? @Traversal
FindPeopleResponse FindPeopleResponseMessage = &ResponseMessage People? TotalNumberOfPeopleInView?
    FirstMatchingRowIndex? FirstLoadedRowIndex? TransactionId?
FreeBusyResponse = ResponseMessage? FreeBusyView?
FreeBusyResponseArray = FreeBusyResponse*
GetDelegate = Mailbox UserIds? @IncludePermissions!
GetDelegateResponse = MessageText? ResponseCode? DescriptiveLinkKey? MessageXml:any?
    ResponseMessages:ArrayOfDelegateUserResponseMessage? DeliverMeetingRequests? @ResponseClass!
GetInboxRules GetPasswordExpirationDate = MailboxSmtpAddress?
GetInboxRulesResponse = &ResponseMessage OutlookRuleBlobExists? InboxRules?
GetMailTips = SendingAs:Mailbox Recipients MailTipsRequested?
GetMailTipsResponse = &ResponseMessage ResponseMessages:ArrayOfMailTipsResponseMessage?
GetPasswordExpirationDateResponse = &ResponseMessage PasswordExpirationDate
GetPersona = PersonaId:ItemId? EmailAddress:Mailbox? ParentFolderId:TargetFolderId? ItemLinkId?
    AdditionalProperties:Paths?
GetPersonaResponseMessage = &ResponseMessage Persona?
GetReminders = BeginTime? EndTime? MaxItems? ReminderType?
GetRemindersResponse = &ResponseMessage Reminders
GetRoomLists =
GetRoomListsResponse = &ResponseMessage RoomLists:Addresses?
GetRooms = RoomList:Mailbox
GetRoomsResponse = &ResponseMessage Rooms?
GetSearchableMailboxes = SearchFilter? ExpandGroupMembership?
GetSearchableMailboxesResponse GetSearchableMailboxesResponseMessage = &ResponseMessage SearchableMailboxes
    FailedMailboxes?
GetServiceConfiguration = ActingAs:Mailbox? RequestedConfiguration ConfigurationRequestDetails:any?
GetServiceConfigurationResponse = &ResponseMessage ResponseMessages:ArrayOfServiceConfigurationResponseMessage?
GetUserAvailabilityRequest = t.TimeZone:SerializableTimeZone? MailboxDataArray t.FreeBusyViewOptions?
    t.SuggestionsViewOptions?
GetUserAvailabilityResponse = FreeBusyResponseArray? SuggestionsResponse?
GetUserOofSettingsRequest = t.Mailbox:AvailabilityAddress
GetUserOofSettingsResponse = ResponseMessage t.OofSettings:UserOofSettings? AllowExternalOof?
GetUserPhoto = Email SizeRequested TypeRequested?
GetUserPhotoResponse GetUserPhotoResponseMessage = &ResponseMessage HasChanged PictureData?
MailTipsResponseMessageType = &ResponseMessage MailTips?
PerformReminderAction = ReminderItemActions
PerformReminderActionResponse = &ResponseMessage UpdatedItemIds:JustItemIds
RemoveDelegate = Mailbox UserIds
RequestedConfiguration = ConfigurationName+
ResolveNames = ParentFolderIds:FolderIds? UnresolvedEntry @ReturnFullContactData! @SearchScope @ContactDataShape
ResolveNamesResponseMessage = &ResponseMessage ResolutionSet?
ServiceConfigurationResponseMessageType = &ResponseMessage MailTipsConfiguration? UnifiedMessagingConfiguration:any?
    ProtectionRulesConfiguration:any? PolicyNudgeRulesConfiguration:any? SharePointURLsConfiguration:any?
SetUserOofSettingsRequest = t.Mailbox:AvailabilityAddress t.UserOofSettings
SetUserOofSettingsResponse = ResponseMessage?
SetUserPhoto = Email Content TypeRequested?
SetUserPhotoResponse SetUserPhotoResponseMessage = &ResponseMessage
SuggestionsResponse = ResponseMessage? SuggestionDayResultArray?
UpdateDelegate = Mailbox DelegateUsers? DeliverMeetingRequests?
UpdateInboxRules = MailboxSmtpAddress? RemoveOutlookRuleBlob? Operations
UpdateInboxRulesResponse = &ResponseMessage RuleOperationErrors?
"""

TYPES = """
Addresses = Address:Mailbox*
ArrayOfFolderId = FolderId*
ArrayOfPersonaAttributions = Attribution+
ArrayOfStringValue = Value+
AttendeeConflictDataArray = (UnknownAttendeeConflictData | IndividualAttendeeConflictData |
    TooBigGroupAttendeeConflictData | GroupAttendeeConflictData)*
AttributedAddresses = EmailAddressAttributedValue*
AttributedBodies = BodyContentAttributedValue*
AttributedPhoneNumbers = PhoneNumberAttributedValue*
AttributedPostalAddresses = PostalAddressAttributedValue*
AttributedProperties = ExtendedPropertyAttributedValue*
AttributedStringArrays = StringArrayAttributedValue*
AttributedStrings = StringAttributedValue*
Attribution = Id SourceId:ItemId DisplayName IsWritable? IsQuickContact? IsHidden? FolderId?
AvailabilityAddress = Name? Address RoutingType?
BodyContent = Value BodyType
BodyContentAttributedValue = Value:BodyContent Attributions:ValueAttributions
CalendarEvent = StartTime EndTime BusyType CalendarEventDetails?
CalendarEventArray = CalendarEvent*
CalendarEventDetails = ID? Subject? Location? IsMeeting IsRecurring IsException IsReminderSet IsPrivate
Context = ContextProperty+
ContextProperty = Key Value
CreateRuleOperation SetRuleOperation = Rule
DLExpansion = Mailbox* @IndexedPagingOffset @NumeratorOffset @AbsoluteDenominator @IncludesLastItemInRange
    @TotalItemsInView
DelegatePermissions = CalendarFolderPermissionLevel? TasksFolderPermissionLevel? InboxFolderPermissionLevel?
    ContactsFolderPermissionLevel? NotesFolderPermissionLevel? JournalFolderPermissionLevel?
DelegateUser = UserId DelegatePermissions? ReceiveCopiesOfMeetingMessages? ViewPrivateItems?
DelegateUsers = DelegateUser+
DeleteRuleOperation = RuleId
Domain = @Name! @IncludeSubdomains
EmailAddressAttributedValue = Value:Mailbox Attributions:ValueAttributions
Error = FieldURI:text ErrorCode ErrorMessage FieldValue
EventsToDeleteIDs = EventToDeleteID*
ExtendedPropertyAttributedValue = Value:ExtendedProperty Attributions:ValueAttributions
FailedMailbox = Mailbox:text ErrorCode ErrorMessage IsArchive
FailedMailboxes = FailedMailbox*
FreeBusyView = FreeBusyViewType MergedFreeBusy? CalendarEventArray? WorkingHours?
FreeBusyViewOptions = TimeWindow:TimeSpan MergedFreeBusyIntervalInMinutes? RequestedView?
GroupAttendeeConflictData = NumberOfMembers NumberOfMembersAvailable NumberOfMembersWithConflict
    NumberOfMembersWithNoData
InboxRules = Rule*
IndividualAttendeeConflictData = BusyType
InternalDomains = Domain*
MailTips = RecipientAddress:Mailbox PendingMailTips OutOfOffice? MailboxFull? CustomMailTip? TotalMemberCount?
    ExternalMemberCount? MaxMessageSize? DeliveryRestricted? IsModerated? InvalidRecipient? Scope?
    RecipientSuggestions? PreferAccessibleContent?
MailTipsConfiguration = MailTipsEnabled MaxRecipientsPerGetMailTipsRequest MaxMessageSize LargeAudienceThreshold
    ShowExternalRecipientCount InternalDomains PolicyTipsEnabled LargeAudienceCap
MailboxData = Email:AvailabilityAddress AttendeeType ExcludeConflicts?
MailboxDataArray = MailboxData*
Operations = (CreateRuleOperation | SetRuleOperation | DeleteRuleOperation)+
OutOfOffice = ReplyBody Duration:TimeSpan?
People = Persona*
Persona = PersonaId:ItemId PersonaType? PersonaObjectStatus? CreationTime? Bodies:AttributedBodies?
    DisplayNameFirstLastSortKey? DisplayNameLastFirstSortKey? CompanyNameSortKey? HomeCitySortKey? WorkCitySortKey?
    DisplayNameFirstLastHeader? DisplayNameLastFirstHeader? DisplayName? DisplayNameFirstLast? DisplayNameLastFirst?
    FileAs? FileAsId? DisplayNamePrefix? GivenName? MiddleName? Surname? Generation? Nickname? YomiCompanyName?
    YomiFirstName? YomiLastName? Title? Department? CompanyName? Location? EmailAddress:Mailbox?
    EmailAddresses:Addresses? PhoneNumber:PersonaPhoneNumber? ImAddress? HomeCity? WorkCity? RelevanceScore?
    FolderIds:ArrayOfFolderId? Attributions:ArrayOfPersonaAttributions? DisplayNames:AttributedStrings?
    FileAses:AttributedStrings? FileAsIds:AttributedStrings? DisplayNamePrefixes:AttributedStrings?
    GivenNames:AttributedStrings? MiddleNames:AttributedStrings? Surnames:AttributedStrings?
    Generations:AttributedStrings? Nicknames:AttributedStrings? Initials:AttributedStrings?
    YomiCompanyNames:AttributedStrings? YomiFirstNames:AttributedStrings? YomiLastNames:AttributedStrings?
    BusinessPhoneNumbers:AttributedPhoneNumbers? BusinessPhoneNumbers2:AttributedPhoneNumbers?
    HomePhones:AttributedPhoneNumbers? HomePhones2:AttributedPhoneNumbers? MobilePhones:AttributedPhoneNumbers?
    MobilePhones2:AttributedPhoneNumbers? AssistantPhoneNumbers:AttributedPhoneNumbers?
    CallbackPhones:AttributedPhoneNumbers? CarPhones:AttributedPhoneNumbers? HomeFaxes:AttributedPhoneNumbers?
    OrganizationMainPhones:AttributedPhoneNumbers? OtherFaxes:AttributedPhoneNumbers?
    OtherTelephones:AttributedPhoneNumbers? OtherPhones2:AttributedPhoneNumbers? Pagers:AttributedPhoneNumbers?
    RadioPhones:AttributedPhoneNumbers? TelexNumbers:AttributedPhoneNumbers?
    TTYTDDPhoneNumbers:AttributedPhoneNumbers? WorkFaxes:AttributedPhoneNumbers? Emails1:AttributedAddresses?
    Emails2:AttributedAddresses? Emails3:AttributedAddresses? BusinessHomePages:AttributedStrings?
    PersonalHomePages:AttributedStrings? OfficeLocations:AttributedStrings? ImAddresses:AttributedStrings?
    ImAddresses2:AttributedStrings? ImAddresses3:AttributedStrings? BusinessAddresses:AttributedPostalAddresses?
    HomeAddresses:AttributedPostalAddresses? OtherAddresses:AttributedPostalAddresses? Titles:AttributedStrings?
    Departments:AttributedStrings? CompanyNames:AttributedStrings? Managers:AttributedStrings?
    AssistantNames:AttributedStrings? Professions:AttributedStrings? SpouseNames:AttributedStrings?
    Children:AttributedStringArrays? Schools:AttributedStrings? Hobbies:AttributedStrings?
    WeddingAnniversaries:AttributedStrings? Birthdays:AttributedStrings? Locations:AttributedStrings?
    InlineLinks:AttributedStrings? ItemLinkIds:AttributedStringArrays? HasActiveDeals? IsBusinessContact?
    AttributedHasActiveDeals:AttributedStrings? AttributedIsBusinessContact:AttributedStrings?
    SourceMailboxGuids:AttributedStrings? LastContactedDate? ExtendedProperties:AttributedProperties?
    ExternalDirectoryObjectId? MapiEntryId? MapiEmailAddress? MapiAddressType? MapiSearchKey?
    MapiTransmittableDisplayName? MapiSendRichInfo?
PersonaPhoneNumber = Number Type
PersonaShape = BaseShape AdditionalProperties:Paths?
PhoneNumberAttributedValue = Value:PersonaPhoneNumber Attributions:ValueAttributions
PostalAddressAttributedValue = Value:PersonaPostalAddress Attributions:ValueAttributions
QuerySources = Source+
RecipientSuggestion = DisplayName EmailAddress
RecipientSuggestions = RecipientSuggestion*
Reminder = Subject Location? ReminderTime StartDate EndDate ItemId RecurringMasterItemId:ItemId? ReminderGroup? UID
ReminderItemAction = ActionType ItemId NewReminderTime?
ReminderItemActions = ReminderItemAction+
Reminders = Reminder*
ReplyBody = Message:text?
Resolution = Mailbox Contact?
ResolutionSet = Resolution* @IndexedPagingOffset @NumeratorOffset @AbsoluteDenominator @IncludesLastItemInRange
    @TotalItemsInView
Room = Id:Mailbox?
Rooms = Room*
Rule = RuleId? DisplayName Priority IsEnabled? IsNotSupported? IsInError? Conditions:RulePredicates?
    Exceptions:RulePredicates? Actions:RuleActions?
RuleActions = AssignCategories:Strings? CopyToFolder:TargetFolderId? Delete?
    ForwardAsAttachmentToRecipients:Addresses? ForwardToRecipients:Addresses? MarkImportance? MarkAsRead?
    MoveToFolder:TargetFolderId? PermanentDelete? RedirectToRecipients:Addresses? SendSMSAlertToRecipients:Addresses?
    ServerReplyWithMessage:ItemId? StopProcessingRules?
RuleOperationError = OperationIndex ValidationErrors
RuleOperationErrors = RuleOperationError+
RulePredicates = Categories:Strings? ContainsBodyStrings:Strings? ContainsHeaderStrings:Strings?
    ContainsRecipientStrings:Strings? ContainsSenderStrings:Strings? ContainsSubjectOrBodyStrings:Strings?
    ContainsSubjectStrings:Strings? FlaggedForAction? FromAddresses:Addresses? FromConnectedAccounts:Strings?
    HasAttachments? Importance? IsApprovalRequest? IsAutomaticForward? IsAutomaticReply? IsEncrypted?
    IsMeetingRequest? IsMeetingResponse? IsNDR? IsPermissionControlled? IsReadReceipt? IsSigned? IsVoicemail?
    ItemClasses:Strings? MessageClassifications:Strings? NotSentToMe? SentCcMe? SentOnlyToMe?
    SentToAddresses:Addresses? SentToMe? SentToOrCcMe? Sensitivity? WithinDateRange? WithinSizeRange?
SearchableMailbox = Guid PrimarySmtpAddress IsExternalMailbox ExternalEmailAddress DisplayName IsMembershipGroup
    ReferenceId
SearchableMailboxes = SearchableMailbox*
SerializableTimeZone = Bias StandardTime:TimeZoneChange DaylightTime:TimeZoneChange
StringArrayAttributedValue = Values:ArrayOfStringValue Attributions:ValueAttributions
StringAttributedValue = Value Attributions:ValueAttributions
Suggestion = MeetingTime IsWorkTime SuggestionQuality AttendeeConflictDataArray?
SuggestionArray = Suggestion*
SuggestionDayResult = Date DayQuality SuggestionArray?
SuggestionDayResultArray = SuggestionDayResult*
SuggestionsViewOptions = GoodThreshold? MaximumResultsByDay? MaximumNonWorkHourResultsByDay? MeetingDurationInMinutes?
    MinimumSuggestionQuality? DetailedSuggestionsWindow:TimeSpan CurrentMeetingTime? GlobalObjectId?
TimeSpan = StartTime EndTime
TimeZoneChange = Bias Time DayOrder Month DayOfWeek Year?
TooBigGroupAttendeeConflictData UnknownAttendeeConflictData =
UserIds = UserId+
UserOofSettings = OofState ExternalAudience Duration:TimeSpan? InternalReply:ReplyBody? ExternalReply:ReplyBody?
    DeclineMeetingReply:ReplyBody? DeclineEventsForScheduledOOF? DeclineAllEventsForScheduledOOF? CreateOOFEvent?
    OOFEventSubject? AutoDeclineFutureRequestsWhenOOF? OOFEventID? EventsToDeleteIDs?
ValidationErrors = Error+
ValueAttributions = Attribution:text+
WithinDateRange = StartDateTime? EndDateTime?
WithinSizeRange = MinimumSize? MaximumSize?
WorkingHours = TimeZone:SerializableTimeZone WorkingPeriodArray
WorkingPeriod = DayOfWeek StartTimeInMinutes EndTimeInMinutes
WorkingPeriodArray = WorkingPeriod*
"""
