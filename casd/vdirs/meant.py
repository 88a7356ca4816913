"""/casd/meant: by which of some addresses somebody is meant, for mailbox servers that hear from him by another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from casd.access import ClientAccess
from casd.directory.cache import CachedDirectory
from casd.directory.members import TooMany, members
from casd.model import DirectoryDown, Group, Mailbox
from casd.net.exchange import Exchange
from casd.vdirs.vdir import later
from protocols.http1 import Response

PATH = "/casd/meant"
_LARGEST = 256 * 1024
_ADDRESSES = 500
"""Addresses of one question: a mailbox server asks of no more."""

_GROUPS = 10
"""Groups among them that are looked into; each may have thousands of members."""

_TURN = 100
"""Addresses between which others have their turn."""


async def answer(exchange: Exchange, access: ClientAccess) -> Response:
    """Answer with the first address that is another one of somebody's, else with the first group he belongs to."""
    try:
        asked = json.loads(await exchange.read(_LARGEST))
        who, addresses = str(asked["who"]), [str(one) for one in list(asked["addresses"])[:_ADDRESSES]]
    except (ValueError, KeyError, TypeError):
        return Response(400)
    try:
        mailbox = await access.directory.by_address(who)
        found = None if mailbox is None else await _meant(access.directory, mailbox, addresses)
    except DirectoryDown:
        return later(b"DirectoryDown")
    return Response(200, ((b"Content-Type", b"application/json"),), json.dumps({"meant": found}).encode())


async def _meant(directory: CachedDirectory, who: Mailbox, addresses: Sequence[str]) -> dict[str, Any] | None:
    groups: list[tuple[str, Group]] = []
    for number, address in enumerate(addresses, 1):
        if not number % _TURN:
            await directory.pause()
        if (mailbox := await directory.by_address(address)) is not None:
            if mailbox.guid == who.guid:
                return _found(address, who, group=False)
        elif len(groups) < _GROUPS and (group := await directory.group(address)) is not None:
            groups.append((address, group))
    for address, group in groups:
        if await _belongs(directory, who, group):
            return _found(address, who, group=True)
    return None


async def _belongs(directory: CachedDirectory, who: Mailbox, group: Group) -> bool:
    try:
        return any(one.guid == who.guid for one in (await members(directory, group)).mailboxes)
    except TooMany:  # nothing is delivered to such a group either
        return False


def _found(address: str, who: Mailbox, *, group: bool) -> dict[str, Any]:
    return {"address": address, "name": who.display_name, "group": group}
