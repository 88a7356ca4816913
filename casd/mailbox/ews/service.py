"""The EWS service of the Mailbox role: one request in, one answer out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, tzinfo

from attrs import evolve
from twisted.logger import Logger

from casd.mailbox.call import Call
from casd.mailbox.ews import (
    archiving,
    attachments,
    availability,
    configuration,
    conversations,
    creating,
    delegates,
    deleting,
    directory,
    exporting,
    finding,
    folders,
    items,
    mail_tips,
    notifying,
    oof,
    personas,
    photos,
    probes,
    rules,
    sending,
    synchronising,
    time_zones,
    updating,
    zones,
)
from casd.mailbox.ews.answers import refusal
from casd.mailbox.shared import shared_mailbox
from casd.mailbox.store.errors import NotMounted, StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.exchange import BodyTooLarge, Lost
from protocols.ews import envelope, responses
from protocols.ews.envelope import Request
from protocols.ews.errors import Fault, Refusal
from protocols.ews.markup import Element
from protocols.ews.schema import grammar
from protocols.http1 import Response

Operation = Callable[[Call, Element, tzinfo], Awaitable[Element | None]]
"""Takes a call, the operation's element and the time zone of times without an offset; None: it has answered."""

_PATH = "/ews/exchange.asmx"
_HEADERS = ((b"Content-Type", envelope.CONTENT_TYPE), (b"Cache-Control", b"private"))
_READING = ("convert_", "find_", "get_", "resolve_", "sync_")
"""How the names of operations begin that change nothing: the store has them done beside the writer."""

_log = Logger()


def _in_store(operation: Callable[[MailboxStore, Element, tzinfo], Element]) -> Operation:
    """Return an operation that is all done in one transaction of the store; one that only reads waits for no writer."""
    reads = operation.__name__.startswith(_READING)

    async def run(call: Call, body: Element, zone: tzinfo) -> Element:
        how = call.database.read if reads else call.database.run
        return await how(operation, call.mailbox, body, zone)

    return run


OPERATIONS: Mapping[str, Operation] = {
    "AddDelegate": delegates.add_delegate,
    "ApplyConversationAction": _in_store(conversations.apply_conversation_action),
    "ArchiveItem": _in_store(archiving.archive_item),
    "ConvertId": _in_store(directory.convert_id),
    "CopyFolder": _in_store(folders.copy_folder),
    "CopyItem": _in_store(items.copy_item),
    "CreateAttachment": _in_store(attachments.create_attachment),
    "CreateFolder": _in_store(folders.create_folder),
    "CreateItem": creating.create_item,
    "CreateUserConfiguration": _in_store(configuration.create_user_configuration),
    "DeleteAttachment": _in_store(attachments.delete_attachment),
    "DeleteFolder": _in_store(folders.delete_folder),
    "DeleteItem": deleting.delete_item,
    "DeleteUserConfiguration": _in_store(configuration.delete_user_configuration),
    "EmptyFolder": _in_store(folders.empty_folder),
    "ExpandDL": directory.expand_dl,
    "ExportItems": _in_store(exporting.export_items),
    "FindConversation": _in_store(conversations.find_conversation),
    "FindFolder": _in_store(folders.find_folder),
    "FindItem": _in_store(finding.find_item),
    "FindPeople": personas.find_people,
    "GetAppManifests": _in_store(probes.get_app_manifests),
    "GetAttachment": _in_store(attachments.get_attachment),
    "GetConversationItems": _in_store(conversations.get_conversation_items),
    "GetDelegate": delegates.get_delegate,
    "GetEvents": notifying.get_events,
    "GetFolder": _in_store(folders.get_folder),
    "GetInboxRules": _in_store(rules.get_inbox_rules),
    "GetItem": _in_store(items.get_item),
    "GetMailTips": mail_tips.get_mail_tips,
    "GetPasswordExpirationDate": _in_store(probes.get_password_expiration_date),
    "GetPersona": personas.get_persona,
    "GetSearchableMailboxes": _in_store(probes.get_searchable_mailboxes),
    "GetServerTimeZones": _in_store(time_zones.get_server_time_zones),
    "GetStreamingEvents": notifying.get_streaming_events,
    "GetUserAvailabilityRequest": availability.get_user_availability,
    "GetUserConfiguration": _in_store(configuration.get_user_configuration),
    "GetUserOofSettingsRequest": _in_store(oof.get_user_oof_settings),
    "GetUserPhoto": photos.get_user_photo,
    "GetUserRetentionPolicyTags": _in_store(probes.get_user_retention_policy_tags),
    "MarkAllItemsAsRead": _in_store(items.mark_all_items_as_read),
    "MarkAsJunk": _in_store(items.mark_as_junk),
    "MoveFolder": _in_store(folders.move_folder),
    "MoveItem": _in_store(items.move_item),
    "RemoveDelegate": delegates.remove_delegate,
    "ResolveNames": directory.resolve_names,
    "SendItem": sending.send_item,
    "SetUserOofSettingsRequest": _in_store(oof.set_user_oof_settings),
    "SetUserPhoto": _in_store(photos.set_user_photo),
    "Subscribe": notifying.subscribe,
    "SyncFolderHierarchy": _in_store(synchronising.sync_folder_hierarchy),
    "SyncFolderItems": _in_store(synchronising.sync_folder_items),
    "Unsubscribe": notifying.unsubscribe,
    "UpdateDelegate": delegates.update_delegate,
    "UpdateFolder": _in_store(folders.update_folder),
    "UpdateInboxRules": _in_store(rules.update_inbox_rules),
    "UpdateItem": updating.update_item,
    "UpdateUserConfiguration": _in_store(configuration.update_user_configuration),
    "UploadItems": _in_store(exporting.upload_items),
}


async def serve(call: Call) -> Response | None:
    """Answer one request to /EWS/Exchange.asmx; None when the answer has been given already.

    Raises `NotMounted` when the database has left this server, `Lost` when the client has gone.
    """
    if call.exchange.head.path.lower() != _PATH:
        return Response(404)
    if call.exchange.head.method != b"POST":
        return Response(405, ((b"Allow", b"POST"),))
    try:
        answer = await _answer(call)
    except Fault as fault:
        return Response(500, _HEADERS, envelope.fault(fault))
    except (NotMounted, Lost):
        raise
    except Exception:
        _log.failure("EWS request {request_id} failed", request_id=call.exchange.request_id)
        return Response(500, _HEADERS, envelope.fault(Fault("ErrorInternalServerError")))
    return None if answer is None else Response(200, _HEADERS, envelope.answer(answer))


async def _answer(call: Call) -> Element | None:
    try:
        document = await call.exchange.read(envelope.MAX_SIZE)
    except BodyTooLarge:
        raise Fault("ErrorMessageSizeExceeded") from None
    request = envelope.parse(document)
    call = await _opened(call, request)
    operation = OPERATIONS.get(request.operation)
    if operation is None:
        raise Fault("ErrorInvalidRequest", f"The operation {request.operation} is not served here.")
    grammar.check(request.body)
    try:
        return await operation(call, request.body, zones.find(request.zone) or UTC)
    except (Refusal, StoreError) as error:
        return responses.refused(request.operation, refusal(error))


async def _opened(call: Call, request: Request) -> Call:
    """Return a call with as much of the mailbox as is open to whoever asks.

    Raises `Fault` for whoever is neither its owner nor a delegate of his, or would like to be another.
    """
    user, owner = call.assertion.user.casefold(), call.assertion.address.casefold()
    if user != owner and request.operation not in _FOR_ALL:
        shared = await call.database.run(shared_mailbox, call.mailbox, user)
        if shared is None or request.operation not in _FOR_DELEGATES:
            raise Fault("ErrorAccessDenied")
        call = evolve(call, mailbox=shared)
    if request.impersonated and request.impersonated.casefold() != user:
        raise Fault("ErrorImpersonateUserDenied")
    return call


_FOR_ALL = frozenset({"GetUserAvailabilityRequest"})
"""Operations that decide by themselves what somebody may see."""

_FOR_DELEGATES = frozenset(
    (
        *("CreateItem", "DeleteItem", "FindFolder", "FindItem", "GetAttachment", "GetFolder", "GetItem"),
        *("GetServerTimeZones", "MoveItem", "ResolveNames", "UpdateItem"),
    )
)
"""Operations that see and change nothing but what is in open folders."""
