"""The distribution groups in the directory's SQLite file."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any
from unicodedata import combining, normalize
from uuid import UUID

from casd.directory.addresses import normal_address
from casd.model import Group

_COLUMNS = """
SELECT guid, address, display_name, legacy_dn, hidden, room_list,
    (SELECT json_group_array(written) FROM (SELECT written FROM member WHERE distribution_group = g.id ORDER BY normal))
FROM distribution_group g
"""

_FIND = """
SELECT id, normal, display_name FROM distribution_group WHERE NOT hidden AND (
    normal >= ? AND normal < ? OR display_name GLOB '*[^ -~]*' OR {}
) ORDER BY display_name COLLATE NOCASE, normal LIMIT 1000
"""


def by_address(connection: sqlite3.Connection, address: str) -> Group | None:
    """Return the group with this address, or None."""
    try:
        normal = normal_address(address)
        normal.encode()
    except ValueError:
        return None  # what cannot be an address is nobody's
    row = connection.execute(_COLUMNS + "WHERE normal = ?", (normal,)).fetchone()
    return _group(row) if row else None


def find(connection: sqlite3.Connection, words: str, limit: int) -> tuple[Group, ...]:
    """Return groups that are not hidden, whose names have words, or an address, that begin so; by name."""
    wanted, address = _words(words), words.strip().lower()
    if not address:
        return ()
    # SQLite knows no case and no accents but those of ASCII: names with others are looked at here.
    like = " AND ".join("display_name LIKE ?" for _ in wanted) or "0"
    names = (f"%{word}%" for word in wanted)
    rows = connection.execute(_FIND.format(like), (address, address + "\U0010ffff", *names))
    found = [number for number, normal, name in rows if normal.startswith(address) or _has(_words(name), wanted)]
    query = _COLUMNS + "WHERE id = ?"
    return tuple(_group(connection.execute(query, (number,)).fetchone()) for number in found[:limit])


def _words(text: str) -> list[str]:
    """Return the words of a name without accents, as the index of the mailboxes' names has them."""
    folded = text.casefold()
    if not folded.isascii():
        folded = "".join(each for each in normalize("NFKD", folded) if not combining(each))
    return re.findall(r"\w+", folded)


def _has(held: list[str], wanted: list[str]) -> bool:
    return bool(wanted) and all(any(word.startswith(begin) for word in held) for begin in wanted)


def room_lists(connection: sqlite3.Connection) -> tuple[Group, ...]:
    """Return the groups of rooms that clients choose from; by name."""
    query = _COLUMNS + "WHERE room_list ORDER BY display_name COLLATE NOCASE, normal"
    return tuple(map(_group, connection.execute(query)))


def all_groups(connection: sqlite3.Connection) -> Iterator[Group]:
    """Yield every group, in the order of their addresses."""
    return map(_group, connection.execute(_COLUMNS + "ORDER BY normal"))


def _group(row: tuple[Any, ...]) -> Group:
    guid, address, display_name, legacy_dn, hidden, room_list, members = row
    return Group(
        UUID(guid), address, display_name, legacy_dn, bool(hidden), bool(room_list), tuple(json.loads(members))
    )
