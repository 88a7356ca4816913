"""Changes of the distribution groups in the directory's SQLite file, inside `sqlite_edit.edit`."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from casd.directory.addresses import check_address
from casd.directory.sqlite_edit import Mistake
from casd.model import Group

_PUT = """
INSERT INTO distribution_group (guid, normal, address, display_name, legacy_dn, hidden, room_list)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (guid) DO UPDATE SET normal = excluded.normal, address = excluded.address,
    display_name = excluded.display_name, legacy_dn = excluded.legacy_dn, hidden = excluded.hidden,
    room_list = excluded.room_list
RETURNING id
"""


def put_group(connection: sqlite3.Connection, group: Group) -> None:
    """Add a group or replace the one with its GUID."""
    try:
        normal = check_address(group.address)
        members = {check_address(member): member for member in group.members}
    except ValueError as error:
        raise Mistake(str(error)) from None
    for text in (group.display_name, group.legacy_dn):
        if not text.isprintable():
            raise Mistake(f"{text!r} holds a character that cannot be printed")
    _check_free(connection, group, normal)
    values = (str(group.guid), normal, group.address, group.display_name, group.legacy_dn, group.hidden)
    (number,) = connection.execute(_PUT, (*values, group.room_list)).fetchone()
    connection.execute("DELETE FROM member WHERE distribution_group = ?", (number,))
    connection.executemany("INSERT INTO member VALUES (?, ?, ?)", [(number, *each) for each in members.items()])


def remove_group(connection: sqlite3.Connection, guid: UUID) -> None:
    """Remove a group; its members stay."""
    connection.execute("DELETE FROM distribution_group WHERE guid = ?", (str(guid),))


def _check_free(connection: sqlite3.Connection, group: Group, normal: str) -> None:
    domain = normal.rpartition("@")[2]
    if connection.execute("SELECT 1 FROM domain WHERE name = ?", (domain,)).fetchone() is None:
        raise Mistake(f"{domain} is not an accepted domain: casctl domain add {domain}, or correct {group.address}")
    if connection.execute("SELECT 1 FROM address WHERE normal = ?", (normal,)).fetchone():
        raise Mistake(f"{group.address} belongs to a mailbox: remove it there first")
    held = connection.execute("SELECT guid FROM distribution_group WHERE normal = ?", (normal,)).fetchone()
    if held and held[0] != str(group.guid):
        raise Mistake(f"{group.address} belongs to another group: remove that first")
