"""/casd/members: who belongs to a group, for mailbox servers that show it."""

from __future__ import annotations

import json
from typing import Any

from casd.access import ClientAccess
from casd.model import DirectoryDown
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
        found = None if group is None else [await _member(access, member) for member in group.members]
    except DirectoryDown:
        return later(b"DirectoryDown")
    return Response(200, ((b"Content-Type", b"application/json"),), json.dumps({"members": found}).encode())


async def _member(access: ClientAccess, address: str) -> dict[str, Any]:
    known = await access.directory.by_address(address) or await access.directory.group(address)
    return {"address": address, "name": "", "kind": "outside"} if known is None else shown(known)
