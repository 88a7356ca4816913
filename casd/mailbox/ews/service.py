"""The EWS service of the Mailbox role: one request in, one answer out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, tzinfo

from twisted.logger import Logger

from casd.mailbox.call import Call
from casd.mailbox.ews import (
    attachments,
    creating,
    directory,
    finding,
    folders,
    items,
    notifying,
    sending,
    synchronising,
    updating,
    zones,
)
from casd.mailbox.ews.answers import refusal
from casd.mailbox.store.errors import NotMounted, StoreError
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.exchange import BodyTooLarge, Lost
from protocols.ews import envelope, responses
from protocols.ews.envelope import Request
from protocols.ews.errors import Fault, Refusal
from protocols.ews.markup import Element
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
    "ConvertId": _in_store(directory.convert_id),
    "CopyItem": _in_store(items.copy_item),
    "CreateAttachment": _in_store(attachments.create_attachment),
    "CreateFolder": _in_store(folders.create_folder),
    "CreateItem": creating.create_item,
    "DeleteAttachment": _in_store(attachments.delete_attachment),
    "DeleteFolder": _in_store(folders.delete_folder),
    "DeleteItem": _in_store(items.delete_item),
    "EmptyFolder": _in_store(folders.empty_folder),
    "FindFolder": _in_store(folders.find_folder),
    "FindItem": _in_store(finding.find_item),
    "GetAttachment": _in_store(attachments.get_attachment),
    "GetEvents": notifying.get_events,
    "GetFolder": _in_store(folders.get_folder),
    "GetItem": _in_store(items.get_item),
    "GetServerTimeZones": _in_store(directory.get_server_time_zones),
    "GetStreamingEvents": notifying.get_streaming_events,
    "MoveFolder": _in_store(folders.move_folder),
    "MoveItem": _in_store(items.move_item),
    "ResolveNames": _in_store(directory.resolve_names),
    "SendItem": sending.send_item,
    "Subscribe": notifying.subscribe,
    "SyncFolderHierarchy": _in_store(synchronising.sync_folder_hierarchy),
    "SyncFolderItems": _in_store(synchronising.sync_folder_items),
    "Unsubscribe": notifying.unsubscribe,
    "UpdateFolder": _in_store(folders.update_folder),
    "UpdateItem": updating.update_item,
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
    _check(call, request)
    operation = OPERATIONS.get(request.operation)
    if operation is None:
        raise Fault("ErrorInvalidRequest", f"The operation {request.operation} is not served here.")
    try:
        return await operation(call, request.body, zones.find(request.zone) or UTC)
    except (Refusal, StoreError) as error:
        return responses.answer(request.operation, [responses.error(request.operation, refusal(error))])


def _check(call: Call, request: Request) -> None:
    """Raise `Fault` for whoever is not the owner of the mailbox, or would like to be another."""
    owner = call.assertion.address.casefold()
    if call.assertion.user.casefold() != owner:
        raise Fault("ErrorAccessDenied")
    if request.impersonated and request.impersonated.casefold() != owner:
        raise Fault("ErrorImpersonateUserDenied")
