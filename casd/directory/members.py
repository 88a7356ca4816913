"""Who belongs to a group, groups in groups included."""

from __future__ import annotations

from attrs import frozen

from casd.directory.cache import CachedDirectory
from casd.model import Group, Mailbox

MOST = 10_000
"""Members of a group that are looked up, nested ones included."""

TURN = 200
"""Look-ups between which others have their turn: some ten milliseconds."""


class TooMany(Exception):
    """A group has more members than are looked up."""


@frozen
class Members:
    """Everybody in a group, each once: mailboxes of ours, and addresses that are not of our directory."""

    mailboxes: tuple[Mailbox, ...]
    others: tuple[str, ...]


async def members(directory: CachedDirectory, group: Group, most: int = MOST) -> Members:
    """Return everybody in a group and the groups in it; a group is entered once. Raises `TooMany`, `DirectoryDown`."""
    mailboxes: dict[object, Mailbox] = {}
    others: dict[str, str] = {}
    entered, waiting, seen = {group.guid}, list(reversed(group.members)), 0
    while waiting:
        address, seen = waiting.pop(), seen + 1
        if seen > most:
            raise TooMany
        if not seen % TURN:
            await directory.pause()
        if (mailbox := await directory.by_address(address)) is not None:
            mailboxes.setdefault(mailbox.guid, mailbox)
        elif (inner := await directory.group(address)) is None:
            others.setdefault(address.casefold(), address)
        elif inner.guid not in entered:
            entered.add(inner.guid)
            waiting += reversed(inner.members)
    return Members(tuple(mailboxes.values()), tuple(others.values()))


async def direct(directory: CachedDirectory, group: Group) -> list[tuple[str, Mailbox | Group | None]]:
    """Return the members of a group as they were put into it, each with whom the directory knows by that address.

    Raises `TooMany`, `DirectoryDown`.
    """
    if len(group.members) > MOST:
        raise TooMany
    found = []
    for number, address in enumerate(group.members, 1):
        if not number % TURN:
            await directory.pause()
        found.append((address, await directory.by_address(address) or await directory.group(address)))
    return found
