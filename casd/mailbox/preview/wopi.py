"""The WOPI host: what an office server reads of an attachment, and is told when it would like to write.

CheckFileInfo and GetFile are answered; a mail that has come is as it is, so locks and all that writes are refused.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl

from casd.mailbox.call import Call
from casd.mailbox.preview.office import Office
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.http1 import Response
from protocols.wopi import Access, BadToken

MECHANISM = "wopi"
"""By which the front end knows who asks: a token for one attachment, and no sign-in."""

_PRIVATE = ((b"Cache-Control", b"no-store"), (b"X-Content-Type-Options", b"nosniff"))
_LOCKS = frozenset({"LOCK", "UNLOCK", "REFRESH_LOCK"})
_FILES = "/wopi/files/"
_CONTENTS = "/contents"


async def serve(call: Call) -> Response:
    """Answer one request below /wopi."""
    office = call.previews.office if call.previews else None
    if office is None or call.assertion.mechanism != MECHANISM:
        return _refusal(404)
    token = dict(parse_qsl(call.exchange.head.query)).get("access_token", "")
    try:
        access = office.admitted(token)
    except BadToken:
        return _refusal(401)
    if not await _proved(call, office, access, token):
        return _refusal(500)  # what the specification has for a request that the office server did not make
    name = call.exchange.head.path.removeprefix(_FILES)
    if not _fits(call, access, name.removesuffix(_CONTENTS)):
        return _refusal(401)
    try:
        return await _answer(call, access, contents=name.endswith(_CONTENTS))
    except NotFound:
        return _refusal(404)


def _fits(call: Call, access: Access, attachment: str) -> bool:
    said = call.assertion
    return (access.attachment, access.mailbox, access.user) == (attachment, said.mailbox, said.user)


async def _proved(call: Call, office: Office, access: Access, token: str) -> bool:
    head = call.exchange.head
    fields = {lower.decode("latin-1"): value.decode("latin-1") for lower, _, value in head.fields}
    return await office.proves(fields, token, access.origin + head.target.line.decode("ascii"))


async def _answer(call: Call, access: Access, *, contents: bool) -> Response:
    run, head = call.database.run, call.exchange.head
    if head.method == b"GET" and contents:
        content = await run(call.mailbox.attachments.content, access.attachment)
        kind = (b"Content-Type", b"application/octet-stream")
        return Response(200, (kind, (b"X-WOPI-ItemVersion", _version(content)), *_PRIVATE), content)
    if head.method == b"GET":
        return _json(await run(_about, call.mailbox, access))
    return _unwritten((head.get(b"x-wopi-override") or b"").decode("latin-1").upper())


def _about(mailbox: MailboxStore, access: Access) -> dict[str, Any]:
    """Return what CheckFileInfo tells."""
    found = mailbox.attachments.get(access.attachment)
    content = mailbox.attachments.content(found.id)
    return {
        "BaseFileName": found.name or "attachment",
        "OwnerId": mailbox.guid,
        "Size": len(content),
        "UserId": hashlib.sha256(access.user.encode()).hexdigest()[:32],
        "UserFriendlyName": mailbox.display_name or access.user,
        "Version": _version(content).decode("ascii"),
        "ReadOnly": True,
        "UserCanWrite": False,
        "UserCanNotWriteRelative": True,
        "SupportsLocks": False,
        "SupportsUpdate": False,
        "DisableExport": False,
    }


def _unwritten(override: str) -> Response:
    """Answer what would change a file, or keep others from changing it."""
    if override == "GET_LOCK":
        return Response(200, ((b"X-WOPI-Lock", b""), *_PRIVATE))
    if override in _LOCKS:
        reason = (b"X-WOPI-LockFailureReason", b"attachments are read-only")
        return Response(409, ((b"X-WOPI-Lock", b""), reason, *_PRIVATE))
    return _refusal(501)


def _version(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:32].encode("ascii")


def _json(value: dict[str, Any]) -> Response:
    return Response(200, ((b"Content-Type", b"application/json"), *_PRIVATE), json.dumps(value).encode())


def _refusal(status: int) -> Response:
    return Response(status, _PRIVATE)
