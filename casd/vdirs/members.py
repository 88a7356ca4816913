"""/casd/members: who belongs to a group, for mailbox servers that show it."""

from __future__ import annotations

import json
from typing import Any

from casd.access import ClientAccess
from casd.directory.members import TooMany, direct
from casd.model import DirectoryDown, Group, Mailbox
from casd.net.exchange import Exchange
from casd.vdirs.people import shown
from casd.vdirs.vdir import later
from protocols.http1 import Response

PATH = "/casd/members"
_LARGEST = 4096


async def answer(exchange: Exchange, access: ClientAccess) -> Response:
    """Answer with the members of a group as they were put into it, groups among them; null for what is no group."""
    try:
        address = str(json.loads(await exchange.read(_LARGEST))["address"])
    except (ValueError, KeyError, TypeError):
        return Response(400)
    try:
        group = await access.directory.group(address)
        found = None if group is None else [_member(*each) for each in await direct(access.directory, group)]
    except DirectoryDown:
        return later(b"DirectoryDown")
    except TooMany:
        return Response(413)
    return Response(200, ((b"Content-Type", b"application/json"),), json.dumps({"members": found}).encode())


def _member(address: str, known: Mailbox | Group | None) -> dict[str, Any]:
    return {"address": address, "name": "", "kind": "outside"} if known is None else shown(known)
