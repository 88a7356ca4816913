"""How the values of a mailbox stand in the rows of its database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import fields

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.values import Attachment, Folder, Item, Kind

TIMES = frozenset({"created", "modified", "received", "sent", "start", "end"})
FLAGS = frozenset({"all_day", "recurring", "read", "draft", "has_attachments"})
ITEM_FIELDS = tuple(field.name for field in fields(Item))

SELECT_ITEM = (
    "SELECT "  # noqa: S608 - our own names
    + ", ".join("folder.id" if name == "folder" else f'item."{name}"' for name in ITEM_FIELDS)
    + " FROM item JOIN folder ON folder.number = item.folder"
)
SELECT_FOLDER = (
    "SELECT folder.id, folder.number, ifnull(parent.id, ''), folder.name, folder.folder_class, folder.distinguished,"
    " folder.change, folder.total, folder.unread,"
    " (SELECT count(*) FROM folder AS child WHERE child.parent = folder.number), folder.properties"
    " FROM folder LEFT JOIN folder AS parent ON parent.number = folder.parent"
)
SELECT_ATTACHMENT = (
    "SELECT attachment.id, item.id, attachment.name, attachment.content_type, attachment.size, attachment.content_id,"
    " attachment.inline FROM attachment JOIN item ON item.number = attachment.item"
)


def moment(seconds: int) -> datetime:
    """Return a time of the database as a value."""
    return datetime.fromtimestamp(seconds, UTC)


def seconds(moment: datetime) -> int:
    """Return an aware time as it stands in the database."""
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return int(moment.timestamp())


_READ: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(TIMES, moment),
    **dict.fromkeys(FLAGS, bool),
    "kind": Kind,
    "categories": lambda text: tuple(json.loads(text)),
    "properties": json.loads,
}
_READERS = tuple((index, _READ[name]) for index, name in enumerate(ITEM_FIELDS) if name in _READ)


def item(row: Iterable[Any]) -> Item:
    """Return the value of a row of `SELECT_ITEM`."""
    values = list(row)
    for index, read in _READERS:
        if values[index] is not None:
            values[index] = read(values[index])
    return Item(**dict(zip(ITEM_FIELDS, values, strict=True)))


def folder(row: tuple[Any, ...]) -> Folder:
    """Return the value of a row of `SELECT_FOLDER`."""
    values = (*row[:-1], json.loads(row[-1]))
    return Folder(*values)


def attachment(row: tuple[Any, ...]) -> Attachment:
    """Return the value of a row of `SELECT_ATTACHMENT`."""
    values = (*row[:-1], bool(row[-1]))
    return Attachment(*values)


def columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes of an item as they stand in the database."""
    return {name: _written(value) for name, value in values.items()}


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return seconds(value)
    if isinstance(value, Mapping | tuple | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return int(value) if isinstance(value, bool) else value


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with others put over them; None removes a key."""
    both = {**old, **new}
    return {name: value for name, value in both.items() if value is not None}


def insert(connection: Connections, table: str, values: Mapping[str, Any]) -> int:
    """Insert one row and return its number."""
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
    return int(cursor.lastrowid or 0)


def update(connection: Connections, table: str, number: int, values: Mapping[str, Any]) -> None:
    """Set columns of the row with this number."""
    names = ", ".join(f'"{name}" = ?' for name in values)
    connection.execute(f"UPDATE {table} SET {names} WHERE number = ?", (*values.values(), number))  # noqa: S608
