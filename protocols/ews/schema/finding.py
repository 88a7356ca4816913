"""Property paths, shapes, views, restrictions, conversations: how things are looked for and found."""

from __future__ import annotations

TYPES = """
AggregateOn = &Path @Aggregate!
And Or = &Expression+
AttachmentShape = IncludeMimeContent? BodyType? FilterHtmlContent? AdditionalProperties:Paths?
Bitmask Constant = @Value!
CalendarView = @MaxEntriesReturned @StartDate! @EndDate!
ContactsView = @MaxEntriesReturned @InitialName @FinalName
Contains = &Path Constant @ContainmentMode @ContainmentComparison
Conversation = ConversationId:ItemId? ConversationTopic? UniqueRecipients:Strings? GlobalUniqueRecipients:Strings?
    UniqueUnreadSenders:Strings? GlobalUniqueUnreadSenders:Strings? UniqueSenders:Strings?
    GlobalUniqueSenders:Strings? LastDeliveryTime? GlobalLastDeliveryTime? Categories:Strings?
    GlobalCategories:Strings? FlagStatus? GlobalFlagStatus? HasAttachments? GlobalHasAttachments? MessageCount?
    GlobalMessageCount? UnreadCount? GlobalUnreadCount? Size? GlobalSize? ItemClasses? GlobalItemClasses:ItemClasses?
    Importance? GlobalImportance? ItemIds? GlobalItemIds:ItemIds? LastModifiedTime? InstanceKey? Preview?
    MailboxScope? IconIndex? GlobalIconIndex? DraftItemIds:ItemIds? HasIrm? GlobalHasIrm? InferenceClassification?
    SortKey?
ConversationAction = Action ConversationId:ItemId ContextFolderId:TargetFolderId? ConversationLastSyncTime?
    ProcessRightAway? DestinationFolderId:TargetFolderId? Categories:Strings? EnableAlwaysDelete? IsRead? DeleteType?
    RetentionPolicyType? RetentionPolicyTagId? Flag? SuppressReadReceipts?
ConversationActions = ConversationAction+
ConversationNode = InternetMessageId? ParentInternetMessageId? Items:NewItems?
ConversationNodes = ConversationNode*
ConversationRequest = ConversationId:ItemId SyncState?
ConversationRequests = Conversation:ConversationRequest*
ConversationResponse = ConversationId:ItemId SyncState? ConversationNodes? CanDelete?
Conversations = Conversation*
DistinguishedGroupBy = StandardGroupBy @Order!
Excludes = &Path Bitmask
Exists = &Path
Expression = (And | Contains | Excludes | Exists | IsEqualTo | IsGreaterThan | IsGreaterThanOrEqualTo | IsLessThan |
    IsLessThanOrEqualTo | IsNotEqualTo | Not | Or)
ExtendedFieldURI = @DistinguishedPropertySetId @PropertySetId @PropertyTag @PropertyName @PropertyId @PropertyType!
FieldOrder = &Path @Order!
FieldURI = @FieldURI!
FieldURIOrConstant = (FieldURI | IndexedFieldURI | ExtendedFieldURI | Constant)
FolderShape = BaseShape AdditionalProperties:Paths?
FoundFolders = Folders? @IndexedPagingOffset @NumeratorOffset @AbsoluteDenominator @IncludesLastItemInRange
    @TotalItemsInView
FoundItems = (Items | Groups) @IndexedPagingOffset @NumeratorOffset @AbsoluteDenominator @IncludesLastItemInRange
    @TotalItemsInView
FractionalPageView = @MaxEntriesReturned @Numerator! @Denominator!
GroupBy = &Path AggregateOn UseCollapsibleGroups? ItemsPerGroup? MaxItemsPerGroup? GroupsToExpand? @Order!
GroupSummary = GroupCount UnreadCount InstanceKey GroupByValue
GroupedItems = GroupIndex Items GroupSummary?
Groups = GroupedItems*
GroupsToExpand = GroupId*
HighlightTerms = Term*
IndexedFieldURI = @FieldURI! @FieldIndex!
IndexedPageView = @MaxEntriesReturned @Offset! @BasePoint!
IsEqualTo IsGreaterThan IsGreaterThanOrEqualTo IsLessThan IsLessThanOrEqualTo IsNotEqualTo = &Path FieldURIOrConstant
ItemClasses = ItemClass*
ItemShape = BaseShape IncludeMimeContent? BodyType? UniqueBodyType? NormalizedBodyType? FilterHtmlContent?
    ConvertHtmlCodePageToUTF8? InlineImageUrlTemplate? BlockExternalImages? AddBlankTargetToLinks? MaximumBodySize?
    AdditionalProperties:Paths?
Not Restriction = &Expression
OccurrenceItemId = @RecurringMasterId! @ChangeKey @InstanceIndex!
Path = (FieldURI | IndexedFieldURI | ExtendedFieldURI)
Paths = &Path+
Range = @Start @End @Count @CompareOriginalStartTime
Ranges = Range+
RecurringMasterItemId = @OccurrenceId! @ChangeKey
RecurringMasterItemIdRanges = &ItemId Ranges?
SeekToConditionPageItemView = Condition:Restriction @MaxEntriesReturned @BasePoint!
SortOrder = FieldOrder+
Term = Scope Value
"""
