"""The operations on folders, items, conversations and subscriptions: requests and answers.

The ids in ErrorSubscriptionIds are of the messages namespace: Exchange sends them so, and clients read nothing else,
though types.xsd puts them into the other one.
"""

from __future__ import annotations

MESSAGES = """
ApplyConversationAction = ConversationActions
ApplyConversationActionResponseMessage DeleteItemResponseMessage = &ResponseMessage
ArchiveItem = ArchiveSourceFolderId:TargetFolderId ItemIds
ArchiveItemResponseMessage CopyItemResponseMessage CreateItemResponseMessage GetItemResponseMessage
    MoveItemResponseMessage = &ResponseMessage Items
ConvertId = SourceIds @DestinationFormat!
ConvertIdResponseMessage = &ResponseMessage AlternateId?
CopyFolder MoveFolder = ToFolderId:TargetFolderId FolderIds
CopyFolderResponseMessage CreateFolderResponseMessage GetFolderResponseMessage MoveFolderResponseMessage
    UpdateFolderResponseMessage = &ResponseMessage Folders?
CopyItem MoveItem = ToFolderId:TargetFolderId ItemIds ReturnNewItemIds?
CreateAttachment = ParentItemId:ItemId Attachments:NewAttachments
CreateAttachmentResponseMessage GetAttachmentResponseMessage = &ResponseMessage Attachments
CreateFolder = ParentFolderId:TargetFolderId Folders:NewFolders
CreateItem = SavedItemFolderId:TargetFolderId? Items:NewItems @MessageDisposition @SendMeetingInvitations
CreateUserConfiguration UpdateUserConfiguration = UserConfiguration
CreateUserConfigurationResponseMessage DeleteFolderResponseMessage DeleteUserConfigurationResponseMessage
    EmptyFolderResponseMessage GetAppManifestsResponseMessage MarkAllItemsAsReadResponseMessage ResponseMessage
    SendItemResponseMessage UnsubscribeResponseMessage UpdateUserConfigurationResponseMessage = MessageText?
    ResponseCode? DescriptiveLinkKey? MessageXml:any? @ResponseClass!
DeleteAttachment = AttachmentIds
DeleteAttachmentResponseMessage = &ResponseMessage RootItemId?
DeleteFolder = FolderIds @DeleteType!
DeleteItem = ItemIds @DeleteType! @SendMeetingCancellations @AffectedTaskOccurrences @SuppressReadReceipts
DeleteUserConfiguration = UserConfigurationName
EmptyFolder = FolderIds @DeleteType! @DeleteSubFolders!
ErrorSubscriptionIds = SubscriptionId+
ExportItems = ItemIds:JustItemIds
ExportItemsResponseMessage = &ResponseMessage ItemId? Data?
FindConversation = (IndexedPageItemView:IndexedPageView | SeekToConditionPageItemView)? SortOrder?
    ParentFolderId:TargetFolderId MailboxScope? QueryString? ConversationShape? @Traversal @ViewFilter
FindConversationResponse = &ResponseMessage Conversations? HighlightTerms? TotalConversationsInView? IndexedOffset?
FindFolder = FolderShape (IndexedPageFolderView:IndexedPageView | FractionalPageFolderView:FractionalPageView)?
    Restriction? ParentFolderIds:FolderIds @Traversal!
FindFolderResponseMessage = &ResponseMessage RootFolder:FoundFolders?
FindItem = ItemShape (IndexedPageItemView:IndexedPageView | FractionalPageItemView:FractionalPageView |
    SeekToConditionPageItemView | CalendarView | ContactsView)? (GroupBy | DistinguishedGroupBy)? Restriction?
    SortOrder? ParentFolderIds:FolderIds QueryString? @Traversal!
FindItemResponseMessage = &ResponseMessage RootFolder:FoundItems? HighlightTerms?
GetAppManifests = ApiVersionSupported? SchemaVersionSupported? IncludeAllInstalledAddIns? IncludeEntitlementData?
    IncludeManifestData? IncludeCustomAppsData? ExtensionIds? AddIns:any?
GetAppManifestsResponse = &ResponseMessage (Apps | Manifests:any)
GetAttachment = AttachmentShape? AttachmentIds
GetConversationItems = ItemShape FoldersToIgnore:FolderIds? MaxItemsToReturn? SortOrder:text? MailboxScope?
    Conversations:ConversationRequests
GetConversationItemsResponseMessage = &ResponseMessage Conversation:ConversationResponse?
GetEvents = SubscriptionId Watermark
GetEventsResponseMessage = &ResponseMessage Notification?
GetFolder = FolderShape FolderIds
GetItem = ItemShape ItemIds
GetServerTimeZones = Ids? @ReturnFullTimeZoneData
GetServerTimeZonesResponseMessage = &ResponseMessage TimeZoneDefinitions
GetStreamingEvents = SubscriptionIds ConnectionTimeout
GetStreamingEventsResponseMessage = &ResponseMessage Notifications? ErrorSubscriptionIds?
    ConnectionStatus?
GetUserConfiguration = UserConfigurationName UserConfigurationProperties
GetUserConfigurationResponseMessage = &ResponseMessage UserConfiguration?
GetUserRetentionPolicyTags =
GetUserRetentionPolicyTagsResponse = &ResponseMessage RetentionPolicyTags:any
MarkAllItemsAsRead = ReadFlag SuppressReadReceipts FolderIds
MarkAsJunk = ItemIds @IsJunk! @MoveItem!
MarkAsJunkResponseMessage = &ResponseMessage MovedItemId:ItemId?
QueryString = @ResetCache @ReturnHighlightTerms @ReturnDeletedItems
SendItem = ItemIds SavedItemFolderId:TargetFolderId? @SaveItemToFolder!
SendNotification = ResponseMessages
SendNotificationResponseMessage = &ResponseMessage Notification
SendNotificationResult = SubscriptionStatus
Subscribe = (PullSubscriptionRequest | PushSubscriptionRequest | StreamingSubscriptionRequest)
SubscribeResponseMessage = &ResponseMessage SubscriptionId? Watermark?
SyncFolderHierarchy = FolderShape SyncFolderId:TargetFolderId? SyncState?
SyncFolderHierarchyResponseMessage = &ResponseMessage SyncState? IncludesLastFolderInRange?
    Changes:FolderChangesSince?
SyncFolderItems = ItemShape SyncFolderId:TargetFolderId SyncState? Ignore? MaxChangesReturned SyncScope?
SyncFolderItemsResponseMessage = &ResponseMessage SyncState? IncludesLastItemInRange? Changes:ItemChangesSince?
Unsubscribe = SubscriptionId
UpdateFolder = FolderChanges
UpdateItem = SavedItemFolderId:TargetFolderId? ItemChanges @ConflictResolution! @MessageDisposition
    @SendMeetingInvitationsOrCancellations @SuppressReadReceipts
UpdateItemResponseMessage = &ResponseMessage Items ConflictResults?
UploadItems = Items:UploadedItems
UploadItemsResponseMessage = &ResponseMessage ItemId?
"""
