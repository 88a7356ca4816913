"""GetUserPhoto and SetUserPhoto: the picture by which colleagues know somebody."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from casd.mailbox.call import Call
from casd.mailbox.question import Answer, asked
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import responses
from protocols.ews.codecs import parse_binary, show_binary
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, m, text
from protocols.http1 import Response

_NAME = "photo"
_LARGEST = 500_000
"""Bytes of a picture: kept and shown as it is, whatever size is asked for."""

_KINDS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8")
"""How JPEG, PNG and GIF begin."""


async def get_user_photo(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetUserPhoto: anybody's in the organisation."""
    (said,) = await call.others("photo", call.assertion.user, [text(body, "Email")], {})
    picture = "" if said.reason else str(said.value["picture"])
    if not picture:
        return responses.refused("GetUserPhoto", Refusal("ErrorItemNotFound"), m("HasChanged", "false"))
    return responses.alone("GetUserPhoto", m("HasChanged", "true"), m("PictureData", picture))


def set_user_photo(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve SetUserPhoto: one's own; without a content the picture is taken away."""
    if text(body, "Email").casefold() != mailbox.address.casefold():
        return responses.refused("SetUserPhoto", Refusal("ErrorAccessDenied"))
    picture = parse_binary(text(body, "Content"))
    if picture and (len(picture) > _LARGEST or not picture.startswith(_KINDS)):
        return responses.refused("SetUserPhoto", Refusal("ErrorInvalidPhotoSize"))
    mailbox.settings.put(_NAME, show_binary(picture) or None)
    return responses.alone("SetUserPhoto")


async def serve(call: Call) -> Response:
    """Answer /casd/photo."""
    return await asked(call, _answer)


def _answer(mailbox: MailboxStore, _who: str, _what: Any) -> Answer:
    return {"picture": mailbox.settings.get(_NAME) or ""}
