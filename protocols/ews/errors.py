"""What EWS says when it will not: response codes, with the words that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DELEGATED = "The message was sent to somebody whose delegate you are: answer it in that calendar."
_WORDS = {
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorAffectedTaskOccurrencesRequired": "AffectedTaskOccurrences must be given to delete a task.",
    "ErrorCalendarEndDateIsEarlierThanStartDate": "The end of a calendar item is before its start.",
    "ErrorCannotEmptyFolder": "The folder cannot be emptied.",
    "ErrorCannotUseFolderIdForItemId": "A folder's id stands where an item's id must.",
    "ErrorCannotUseItemIdForFolderId": "An item's id stands where a folder's id must.",
    "ErrorChangeKeyRequired": "The change key is required for this operation.",
    "ErrorCorruptData": "The data is not what this server has exported.",
    "ErrorDeleteDistinguishedFolder": "Distinguished folders cannot be deleted.",
    "ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange": "The series has no such occurrence.",
    "ErrorCalendarViewRangeTooBig": "A calendar view may not be longer than two years.",
    "ErrorExceededSubscriptionCount": "There are too many subscriptions to this mailbox.",
    "ErrorExceededFindCountLimit": "Too many items would have to be read for this: narrow the search.",
    "ErrorFolderExists": "A folder with the specified name already exists.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorImpersonateUserDenied": "The account does not have permission to impersonate the requested user.",
    "ErrorInternalServerError": "An internal server error occurred. The operation failed.",
    "ErrorInvalidAttachmentId": "The attachment could not be found.",
    "ErrorInvalidChangeKey": "The change key is invalid.",
    "ErrorInvalidIdMalformed": "Id is malformed.",
    "ErrorInvalidOperation": "The operation is not valid here.",
    "ErrorInvalidPropertyDelete": "The property is required or set by the server: it cannot be deleted.",
    "ErrorInvalidPropertySet": "The property cannot be set.",
    "ErrorInvalidPropertyAppend": "The property cannot be appended to.",
    "ErrorInvalidPushSubscriptionUrl": "The URL of the push subscription is not valid.",
    "ErrorInvalidRecipients": "At least one recipient is not valid.",
    "ErrorInvalidRequest": "The request is invalid.",
    "ErrorInvalidSubscription": "Subscription is invalid.",
    "ErrorInvalidSyncStateData": "The synchronisation state data is invalid.",
    "ErrorInvalidWatermark": "The watermark is invalid.",
    "ErrorIrresolvableConflict": "The send or update operation could not be performed because the change key "
    "passed in the request does not match the current change key for the item.",
    "ErrorItemCorrupt": "The content of the item cannot be read.",
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorItemSave": "The item could not be saved.",
    "ErrorMessageDispositionRequired": "A MessageDisposition must be given for messages.",
    "ErrorMessageSizeExceeded": "The request is larger than the limit.",
    "ErrorMimeContentInvalid": "The MIME content is invalid.",
    "ErrorMoveCopyFailed": "The move or copy operation failed.",
    "ErrorMoveDistinguishedFolder": "Distinguished folders cannot be moved.",
    "ErrorNameResolutionNoResults": "No results were found.",
    "ErrorNoPublicFolderReplicaAvailable": "There are no public folders.",
    "ErrorRequiredPropertyMissing": "A required property is missing.",
    "ErrorRestrictionTooComplex": "The restriction has more than 255 nodes.",
    "ErrorSchemaValidation": "The request failed schema validation.",
    "ErrorSendAsDenied": "The user account does not have the right to send as the requested sending account.",
    "ErrorStaleObject": "The change key is not that of the current version of the item.",
    "ErrorSubscriptionNotFound": "The subscription could not be found.",
    "ErrorUnsupportedPathForQuery": "The property cannot be used in a restriction.",
    "ErrorUnsupportedPathForSortGroup": "The property cannot be sorted or grouped by.",
    "ErrorUnsupportedTypeForConversion": "This type of identifier cannot be converted.",
    "ErrorCalendarCannotUseIdForOccurrenceId": "This is no occurrence's id.",
    "ErrorCalendarInvalidRecurrence": "The recurrence has no occurrence.",
    "ErrorCalendarIsCancelledForAccept": "A meeting that was cancelled cannot be accepted.",
    "ErrorCalendarIsCancelledForDecline": "A meeting that was cancelled cannot be declined.",
    "ErrorCalendarIsCancelledForTentative": "A meeting that was cancelled cannot be accepted tentatively.",
    "ErrorCalendarIsNotOrganizer": "Only the organizer of a meeting can cancel it.",
    "ErrorCalendarIsOrganizerForAccept": "The organizer of a meeting cannot accept it.",
    "ErrorCalendarIsOrganizerForDecline": "The organizer of a meeting cannot decline it.",
    "ErrorCalendarIsOrganizerForRemove": "The organizer of a meeting cannot remove it.",
    "ErrorCalendarIsOrganizerForTentative": "The organizer of a meeting cannot accept it tentatively.",
    "ErrorCalendarMeetingRequestIsOutOfDate": "There is a newer version of the meeting request.",
    "ErrorCalendarOccurrenceIsDeletedFromRecurrence": "The occurrence was deleted from the series.",
    "ErrorInvalidReferenceItem": "The item that is referred to is not one that can be answered so.",
    "ErrorMissingInformationReferenceItemId": "The id of the item that is referred to is missing.",
    "ErrorSendMeetingCancellationsRequired": "The attribute SendMeetingCancellations is required for calendar items.",
    "ErrorSendMeetingInvitationsOrCancellationsRequired": "The attribute SendMeetingInvitationsOrCancellations "
    "is required for calendar items.",
    "ErrorSendMeetingInvitationsRequired": "The attribute SendMeetingInvitations is required for calendar items.",
    "ErrorInboxRulesValidationError": "A rule is not valid.",
    "ErrorInvalidParameter": "A parameter is not valid.",
    "ErrorInvalidScheduledOofDuration": "The time of absence ends before it begins.",
    "ErrorNameResolutionMultipleResults": "Multiple results were found.",
    "ErrorNonExistentMailbox": "There is no mailbox of this address.",
    "ErrorPersonNotFound": "There is no such person.",
    "ErrorQuotaExceeded": "The mailbox has exceeded its quota.",
    "ErrorDelegateAlreadyExists": "The user is a delegate already.",
    "ErrorDelegateCannotAddOwner": "The owner of a mailbox cannot be its delegate.",
    "ErrorDelegateNoUser": "The delegate must be a user of the organization.",
    "ErrorDelegateValidationFailed": "The delegate is not valid.",
    "ErrorInvalidFreeBusyViewType": "The view of free and busy times is not valid.",
    "ErrorInvalidMergedFreeBusyInterval": "The interval must be between 5 and 1440 minutes.",
    "ErrorInvalidPhotoSize": "There is no photo of this size.",
    "ErrorInvalidTimeInterval": "The end of the time window is not after its start.",
    "ErrorMailRecipientNotFound": "The recipient was not found.",
    "ErrorMailboxDataArrayEmpty": "The request names no mailbox.",
    "ErrorMailboxDataArrayTooBig": "The request names more than 100 mailboxes.",
    "ErrorNotDelegate": "The user is not a delegate.",
    "ErrorProxyRequestProcessingFailed": "The mailbox could not be asked.",
    "ErrorResultSetTooBig": "There are too many events.",
    "ErrorTimeIntervalTooBig": "The time window is too long.",
    "ErrorAddressSpaceNotFound": "No organisation is known that has this address and tells of its times.",
    "ErrorAutoDiscoverFailed": "The other organisation does not say where its times are told.",
    "ErrorFreeBusyDLLimitReached": "The group has too many members.",
    "ErrorFreeBusyGenerationFailed": "The times of this mailbox could not be read.",
    "ErrorInvalidCrossForestCredentials": "The other server does not take the account that it is asked with.",
    "ErrorMailboxFailover": "The mailbox is being moved: try again in a moment.",
    "ErrorMailboxLogonFailed": "The mailbox could not be opened.",
    "ErrorNoFreeBusyAccess": "The times of this mailbox are not told to you.",
    "ErrorProxyRequestNotAllowed": "A request that was passed on already is not passed on again.",
    "ErrorServerBusy": "The server has too much to do: try again in a moment.",
    "ErrorServiceDiscoveryFailed": "The mailbox's server has no way to be asked for its times.",
    "ErrorTimeoutExpired": "The mailbox's server did not answer in time.",
    "ErrorCrossSiteRequest": "The other server does not ask beyond its own site.",
    "ErrorIndividualMailboxLimitReached": "The groups named have too many members together.",
    "ErrorInvalidOrganizationRelationshipForFreeBusy": "The other organisation tells no times to this one.",
    "ErrorNoRespondingCASInDestinationSite": "No server of the mailbox's site answers.",
    "ErrorProxyGroupSidLimitExceeded": "Who asks is in too many groups for the other server.",
    "ErrorTimeZone": "The time zone is missing or not valid.",
    "ErrorCalendarIsDelegatedForAccept": _DELEGATED,
    "ErrorCalendarIsDelegatedForDecline": _DELEGATED,
    "ErrorCalendarIsDelegatedForRemove": _DELEGATED,
    "ErrorCalendarIsDelegatedForTentative": _DELEGATED,
    "ErrorDuplicateUserIdsSpecified": "The same user is named twice.",
    "ErrorInvalidPermissionSettings": "The permission level is not kept here.",
    "ErrorInvalidSmtpAddress": "The SMTP address is not valid.",
    "ErrorInvalidUserInfo": "A UserId names a user by his address, or one that is none by DistinguishedUser.",
    "ErrorInvalidUserSid": "Users are named by their addresses here, not by a SID.",
    "ErrorObjectTypeChanged": "What an object holds cannot be changed.",
    "ErrorADUnavailable": "The directory cannot answer at present.",
}


CODES = frozenset(_WORDS)
"""All that we have words for."""

_MOST = 400
"""Characters of an explanation: it may quote what the client has sent, which has no end."""


class _Answer(Exception):
    def __init__(self, code: str, words: str = "") -> None:
        self.code = code
        self.words = (words or _WORDS[code])[:_MOST]
        super().__init__(f"{code}: {self.words}")


class Refusal(_Answer):
    """One thing of a request that cannot be done: an error in its response message.

    `code` is a ResponseCode of the schema (ResponseCodeType), `path` the `protocols.ews.paths.Path` at fault.
    """

    def __init__(self, code: str, words: str = "", path: Any = None) -> None:
        super().__init__(code, words)
        self.path = path


class Fault(_Answer):
    """A whole request that cannot be done: a SOAP fault (SOAP 1.1 section 4.4)."""

    details: Mapping[str, str] = {}


class BadDocument(Fault):
    """A request that is not well-formed or not of the schema; the answer is ErrorSchemaValidation."""

    def __init__(self, violation: str, line: int = 0, position: int = 0) -> None:
        super().__init__("ErrorSchemaValidation", f"The request failed schema validation: {violation}")
        self.details = {"LineNumber": str(line), "LinePosition": str(position), "Violation": violation[:_MOST]}
