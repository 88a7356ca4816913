"""/casd/people: the organisation's address book, for mailbox servers that look somebody up."""

from __future__ import annotations

import json

from casd.access import ClientAccess
from casd.model import DirectoryDown
from casd.net.exchange import Exchange
from casd.vdirs.vdir import later
from protocols.http1 import Response

PATH = "/casd/people"
_LARGEST = 4096
_MOST = 1000
"""People of one answer."""


async def answer(exchange: Exchange, access: ClientAccess) -> Response:
    """Answer with the people whose names or addresses begin as asked; an address finds its owner, also a hidden one."""
    try:
        asked = json.loads(await exchange.read(_LARGEST))
        words, limit = str(asked["words"]).strip(), int(asked["limit"])
    except (ValueError, KeyError, TypeError):
        return Response(400)
    try:
        known = [await access.directory.by_address(words)] if "@" in words else []
        found = [mailbox for mailbox in known if mailbox is not None]
        found += await access.directory.find(words, max(0, min(limit, _MOST))) if words else ()
    except DirectoryDown:
        return later(b"DirectoryDown")
    people = {mailbox.guid: {"address": mailbox.address, "name": mailbox.display_name} for mailbox in found}
    body = json.dumps({"people": list(people.values())}).encode()
    return Response(200, ((b"Content-Type", b"application/json"),), body)
