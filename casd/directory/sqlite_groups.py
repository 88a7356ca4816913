"""The distribution groups in the directory's SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from casd.directory.addresses import normal_address
from casd.model import Group

_COLUMNS = """
SELECT guid, address, display_name, legacy_dn, hidden, room_list,
    (SELECT json_group_array(written) FROM (SELECT written FROM member WHERE distribution_group = g.id ORDER BY normal))
FROM distribution_group g
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
