"""Web mail's side of HTTP: each path below /owa to what answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from casd.mailbox.call import Call
from casd.mailbox.owa import (
    absence,
    calendar,
    canary,
    contacts,
    conversations,
    documents,
    drafts,
    folders,
    freebusy,
    items,
    meetings,
    pages,
    picker,
    rules,
    searching,
    settings,
    tasks,
)
from casd.mailbox.owa.answers import answer, document, download, refusal, see
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.compose import File
from casd.mailbox.owa.events import follow
from casd.mailbox.owa.pages import NoPreviews
from casd.mailbox.owa.static import STATIC
from casd.mailbox.preview.trouble import NotShown
from casd.mailbox.store.errors import BadContent, BadQuery, Conflict, FolderExists, NotAllowed, NotFound, QuotaExceeded
from casd.mailbox.store.mailbox import MailboxStore
from casd.net.exchange import BodyTooLarge
from protocols.ews.errors import Refusal
from protocols.http1 import Response

Query = Mapping[str, str]

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    b" frame-src 'self'%b; manifest-src 'self'; form-action 'self'%b; base-uri 'none'; frame-ancestors 'none';"
    b" require-trusted-types-for 'script'; trusted-types 'none'"
)

ACTIONS: Mapping[str, Callable[[MailboxStore, Arguments], Any]] = {
    "FindFolder": folders.find_folder,
    "CreateFolder": folders.create_folder,
    "UpdateFolder": folders.update_folder,
    "DeleteFolder": folders.delete_folder,
    "EmptyFolder": folders.empty_folder,
    "FindItem": items.find_item,
    "GetItem": items.get_item,
    "UpdateItem": items.update_item,
    "MoveItem": items.move_item,
    "DeleteItem": items.delete_item,
    "FindSuggestion": searching.find_suggestion,
    "SaveItem": drafts.save_item,
    "DiscardItem": drafts.discard_item,
    "FindConversation": conversations.find_conversation,
    "GetConversation": conversations.get_conversation,
    "FindAppointment": calendar.find_appointment,
    "FindReminder": calendar.find_reminder,
    "GetAppointment": calendar.get_appointment,
    "SaveAppointment": calendar.save_appointment,
    "DeleteAppointment": calendar.delete_appointment,
    "RemoveCancelled": meetings.remove_cancelled,
    "FindContact": contacts.find_contact,
    "GetContact": contacts.get_contact,
    "SaveContact": contacts.save_contact,
    "FindTask": tasks.find_task,
    "SaveTask": tasks.save_task,
    "GetSettings": settings.get_settings,
    "UpdateSettings": settings.update_settings,
    "GetUserOofSettings": absence.get_user_oof_settings,
    "SetUserOofSettings": absence.set_user_oof_settings,
    "GetInboxRules": rules.get_inbox_rules,
    "SaveInboxRule": rules.save_inbox_rule,
    "DeleteInboxRule": rules.delete_inbox_rule,
    "SortInboxRules": rules.sort_inbox_rules,
}
"""What one transaction of the database answers; the words are those of EWS where it has one."""

ERRANDS: Mapping[str, Callable[[Call, Arguments], Awaitable[Any]]] = {
    "FindPeople": picker.find_people,
    "SendItem": drafts.send_item,
    "SendInvitations": meetings.send_invitations,
    "CancelMeeting": meetings.cancel_meeting,
    "AnswerMeeting": meetings.answer_meeting,
    "GetFreeBusy": freebusy.get_free_busy,
}
"""What needs more than one transaction, or somebody else's mailbox."""

_READING = ("Find", "Get")
"""How the names of actions begin that change nothing: they wait for no writer."""

REFUSALS: Mapping[type[Exception], tuple[int, str]] = {
    BadArgument: (400, "ErrorInvalidRequest"),
    BadContent: (400, "ErrorItemCorrupt"),
    BadQuery: (400, "ErrorInvalidRestriction"),
    BodyTooLarge: (413, "ErrorMessageSizeExceeded"),
    Conflict: (409, "ErrorIrresolvableConflict"),
    FolderExists: (409, "ErrorFolderExists"),
    NotAllowed: (403, "ErrorDeleteDistinguishedFolder"),
    NotFound: (404, "ErrorItemNotFound"),
    NoPreviews: (501, "ErrorUnsupportedMimeConversion"),
    QuotaExceeded: (507, "ErrorQuotaExceeded"),
    drafts.NotSent: (502, "ErrorInvalidRecipients"),
}


async def serve(call: Call) -> Response | None:
    """Answer one request below /owa; None when it has been answered as a stream."""
    if call.assertion.user.lower() != call.assertion.address.lower():
        return refusal(403, "ErrorAccessDenied", "This mailbox belongs to somebody else.")
    try:
        return await _route(call)
    except Refusal as error:
        return refusal(400, error.code, error.words)
    except NotShown as error:
        return refusal(422, "ErrorCannotOpenFileAttachment", str(error), trouble=error.trouble.name.lower())
    except tuple(REFUSALS) as error:
        status, word = REFUSALS[type(error)]
        return refusal(status, word, str(error) or "The request is too large.")


async def _route(call: Call) -> Response | None:
    name = call.exchange.head.path[len("/owa") :].lstrip("/")
    reading = call.exchange.head.method in {b"GET", b"HEAD"}
    if name == "service.svc" and not reading:
        return await _act(call)
    if not reading:
        return refusal(405, "ErrorInvalidRequest", "Nothing here takes this method.")
    if resource := RESOURCES.get(name):
        return await resource(call, dict(parse_qsl(call.exchange.head.query)))
    return _static(call, name)


async def _act(call: Call) -> Response:
    """Answer a script of our own page."""
    query = dict(parse_qsl(call.exchange.head.query))
    action = query.get("action", "")
    if not canary.proved(call.exchange.head):
        return refusal(403, "ErrorAccessDenied", "The request does not come from this page; load it again.")
    body = await call.exchange.read(drafts.MAX_MESSAGE)
    if action == "CreateAttachment":
        return answer(await _attach(call, query, body))
    if action in ERRANDS:
        return answer(await ERRANDS[action](call, Arguments.parse(body)))
    if action not in ACTIONS:
        return refusal(404, "ErrorInvalidOperation", f"There is no action {action!r}.")
    run = call.database.read if action.startswith(_READING) else call.database.run
    return answer(await run(ACTIONS[action], call.mailbox, Arguments.parse(body)))


async def _attach(call: Call, query: Query, body: bytes) -> Any:
    content_type = (call.exchange.head.get(b"content-type") or b"").decode("latin-1")
    file = File(query.get("name", "attachment"), content_type, body)
    return await call.database.run(drafts.create_attachment, call.mailbox, query.get("item", ""), file)


async def _page(call: Call, _query: Query) -> Response:
    """Answer with the page itself, and the proof that its requests will carry."""
    head = call.exchange.head
    if not head.target.line.startswith(b"/owa/"):
        return see(b"/owa/")
    cookie = () if canary.held(head) else (canary.new(),)
    office = call.previews.office if call.previews else None
    shown_by = f" {office.origin}".encode("ascii") if office else b""
    policy = (b"Content-Security-Policy", POLICY % (shown_by, shown_by))
    return STATIC.files["index.html"].answer(head, extra=(policy, *cookie))


async def _message(call: Call, query: Query) -> Response:
    remote = query.get("images") == "1"
    run = call.database.run
    return document(*await run(documents.message, call.mailbox, query.get("id", ""), remote=remote))


async def _editor(call: Call, query: Query) -> Response:
    run = call.database.run
    return document(*await run(documents.editor, call.mailbox, query.get("id", ""), query.get("verb", "new")))


async def _attachment(call: Call, query: Query) -> Response:
    def read() -> Response:
        found = call.mailbox.attachments.get(query.get("id", ""))
        name = found.name or ("message.eml" if found.content_type == "message/rfc822" else "attachment")
        return download(name, found.content_type, call.mailbox.attachments.content(found.id))

    return await call.database.run(read)


async def _source(call: Call, query: Query) -> Response:
    def read() -> Response:
        item = call.mailbox.items.get(query.get("id", ""))
        return download(f"{item.subject or 'message'}.eml", "message/rfc822", call.mailbox.items.content(item.id))

    return await call.database.run(read)


async def _events(call: Call, _query: Query) -> None:
    await follow(call)


def _static(call: Call, name: str) -> Response:
    folder, _, file = name.rpartition("/")
    found = STATIC.files.get(file)
    if found is None or file == "index.html":
        return refusal(404, "ErrorItemNotFound", "There is nothing here.")
    return found.answer(call.exchange.head, for_ever=folder == STATIC.version)


RESOURCES: Mapping[str, Callable[[Call, Query], Awaitable[Response | None]]] = {
    "": _page,
    "default.aspx": _page,
    "message.htm": _message,
    "editor.htm": _editor,
    "attachment.ashx": _attachment,
    "message.eml": _source,
    "ev.owa2": _events,
    **pages.RESOURCES,
}
"""What is read by GET; nothing of it changes anything."""
