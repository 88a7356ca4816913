"""Updates, synchronisation, notifications, user configuration: what has changed or is to change."""

from __future__ import annotations

TYPES = """
AlternateId = @Format! @Id! @Mailbox! @IsArchive
AlternatePublicFolderId = @Format! @FolderId!
AlternatePublicFolderItemId = @Format! @FolderId! @ItemId!
App = Metadata:any? Manifest
Apps = App* Metadata:any?
AttachmentIds = AttachmentId+
ConflictResults = Count
ConversationShape = BaseShape AdditionalProperties:Paths?
Dictionary = DictionaryEntry*
DictionaryEntry = DictionaryKey:DictionaryObject DictionaryValue:DictionaryObject
DictionaryObject = Type Value+
EventTypes = EventType+
FolderChange = (FolderId | DistinguishedFolderId) Updates:FolderUpdates
FolderChanged = &AnyFolder
FolderChanges = FolderChange+
FolderChangesSince = (Create:FolderChanged | Update:FolderChanged | Delete:FolderDeleted)*
FolderDeleted = FolderId
Ids = Id+
Ignore = ItemId*
ItemChange = (ItemId | OccurrenceItemId | RecurringMasterItemId) Updates:ItemUpdates
ItemChanged = &AnyItem
ItemChanges = ItemChange+
ItemChangesSince = (Create:ItemChanged | Update:ItemChanged | Delete:ItemDeleted | ReadFlagChange)*
ItemDeleted = ItemId
JustItemIds = ItemId+
ModifiedEvent = &ObjectChangedEvent UnreadCount?
MovedCopiedEvent = &ObjectChangedEvent (OldFolderId:FolderId | OldItemId:ItemId) OldParentFolderId:FolderId
NewFolders = &AnyFolder+
Notification = SubscriptionId PreviousWatermark? MoreEvents? (CopiedEvent:MovedCopiedEvent |
    CreatedEvent:ObjectChangedEvent | DeletedEvent:ObjectChangedEvent | ModifiedEvent | MovedEvent:MovedCopiedEvent |
    NewMailEvent:ObjectChangedEvent | StatusEvent | FreeBusyChangedEvent:ObjectChangedEvent)+
Notifications = Notification*
ObjectChangedEvent = &StatusEvent TimeStamp (FolderId | ItemId) ParentFolderId:FolderId
PullSubscriptionRequest = FolderIds? EventTypes (Watermark | m.Watermark)? Timeout @SubscribeToAllFolders
PushSubscriptionRequest = FolderIds? EventTypes (Watermark | m.Watermark)? StatusFrequency URL CallerData?
    @SubscribeToAllFolders
ReadFlagChange = ItemId IsRead
SourceIds = (AlternateId | AlternatePublicFolderId | AlternatePublicFolderItemId)+
StatusEvent = Watermark?
StreamingSubscriptionRequest = FolderIds? EventTypes @SubscribeToAllFolders
SubscriptionIds = SubscriptionId+
TimeZoneDefinitions = TimeZoneDefinition*
UploadItem = ParentFolderId:FolderId ItemId? Data @CreateAction! @IsAssociated
UploadedItems = Item:UploadItem+
UserConfiguration = UserConfigurationName ItemId? Dictionary? XmlData? BinaryData?
UserConfigurationName = &TargetFolderId @Name!
"""
