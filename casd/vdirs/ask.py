"""/casd/ask: what one mailbox server asks of other mailboxes, answered by the servers that have them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from casd.access import ClientAccess
from casd.directory.members import TooMany, members
from casd.model import DirectoryDown
from casd.moving import Unreached
from casd.net.exchange import Exchange
from casd.vdirs import times
from casd.vdirs.reach import Message, each, reach, reason
from protocols.http1 import Response

PATH = "/casd/ask"
QUESTIONS = frozenset({"photo", "tips"})
"""What may be asked, each at a path of its own of a mailbox server."""

_TIPS = b"/casd/tips"
"""The question that a group has an answer to: how many are in it."""

_TIMES = "freebusy"
"""What may be asked besides: that is answered by the availability service, of whatever server."""

_LARGEST = 64 * 1024
_JSON = b"application/json"


async def answer(exchange: Exchange, access: ClientAccess, sender: str) -> Response:
    """Ask all mailboxes, some at once, and answer in their order; who does not answer costs the others nothing."""
    question = (exchange.head.get(b"x-casd-question") or b"").decode("latin-1")
    if question not in {*QUESTIONS, _TIMES}:
        return Response(400)
    addresses = [value.decode("utf-8", "replace") for value in exchange.head.all(b"x-casd-recipient")]
    asked = await exchange.read(_LARGEST)
    if question == _TIMES:
        return await times.answer(access, sender, addresses, asked)
    path = f"/casd/{question}".encode("ascii")
    answers = await each(access, partial(_one, access, sender, path, asked), addresses)
    return Response(200, ((b"Content-Type", _JSON),), json.dumps({"answers": answers}).encode())


async def _one(access: ClientAccess, sender: str, path: bytes, asked: bytes, address: str) -> dict[str, Any]:
    try:
        answered = await reach(access, sender, address, path, Message(asked, _JSON))
    except Unreached as error:
        why, counted = str(error), None
        if path == _TIPS:
            try:
                counted = await _counted(access, address)
            except (DirectoryDown, TooMany) as trouble:
                why = type(trouble).__name__  # not that nobody has this address
        return {"address": address, "reason": "" if counted else why, "said": counted}
    refused = reason(answered)
    try:
        said = None if refused else json.loads(answered.body)
    except (ValueError, RecursionError):
        refused, said = "the server's answer is not understood", None
    return {"address": address, "reason": refused, "said": said}


async def _counted(access: ClientAccess, address: str) -> dict[str, int] | None:
    """Return how many belong to a group; None for what is no group. Raises `TooMany`, `DirectoryDown`."""
    group = await access.directory.group(address)
    if group is None:
        return None
    found = await members(access.directory, group)
    return {"members": len(found.mailboxes) + len(found.others), "outside": len(found.others)}
