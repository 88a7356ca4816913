"""/casd/people: the organisation's address book, for mailbox servers that look somebody up."""

from __future__ import annotations

import json
from typing import Any

from casd.access import ClientAccess
from casd.directory.cache import CachedDirectory
from casd.model import DirectoryDown, Group, Mailbox
from casd.net.exchange import Exchange
from casd.vdirs.vdir import later
from protocols.http1 import Response

PATH = "/casd/people"
_LARGEST = 4096
_MOST = 1000
"""People of one answer."""


async def answer(exchange: Exchange, access: ClientAccess) -> Response:
    """Answer with whose names or addresses begin as asked, people and groups; an address finds also who is hidden."""
    try:
        asked = json.loads(await exchange.read(_LARGEST))
        words, limit = str(asked["words"]).strip(), int(asked["limit"])
    except (ValueError, KeyError, TypeError):
        return Response(400)
    try:
        found = await _found(access.directory, words, max(0, min(limit, _MOST))) if words else []
    except DirectoryDown:
        return later(b"DirectoryDown")
    people = {one.guid: shown(one) for one in found}
    body = json.dumps({"people": list(people.values())}).encode()
    return Response(200, ((b"Content-Type", b"application/json"),), body)


async def _found(directory: CachedDirectory, words: str, limit: int) -> list[Mailbox | Group]:
    """Return whose whole address it is, then who else is found, by name."""
    known = [await directory.by_address(words), await directory.group(words)] if "@" in words else []
    others: list[Mailbox | Group] = [*await directory.find(words, limit), *await directory.find_groups(words, limit)]
    others.sort(key=lambda one: (one.display_name or one.address).casefold())
    return [*(one for one in known if one is not None), *others[:limit]]


def shown(one: Mailbox | Group) -> dict[str, Any]:
    """Return somebody as mailbox servers are told of him."""
    kind = "group" if isinstance(one, Group) else str(one.kind)
    return {"address": one.address, "name": one.display_name, "kind": kind}
