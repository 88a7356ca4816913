"""The content of items, and the attachments that stand in it or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

from attrs import asdict
from attrs.filters import exclude

from casd.mailbox.store import rows
from casd.mailbox.store.connections import Connections
from casd.mailbox.store.extract import Part


def content(connection: Connections, item: int) -> bytes:
    """Return the content of the item with this number."""
    return bytes(connection.execute("SELECT bytes FROM content WHERE item = ?", (item,)).fetchone()[0])


def length(connection: Connections, item: int) -> int:
    """Return how many bytes the content of an item has."""
    return int(connection.execute("SELECT length(bytes) FROM content WHERE item = ?", (item,)).fetchone()[0])


def beside(connection: Connections, item: int) -> int:
    """Return how many bytes are attached beside the content of an item."""
    query = "SELECT ifnull(sum(size), 0) FROM attachment WHERE item = ? AND part IS NULL"
    return int(connection.execute(query, (item,)).fetchone()[0])


def keep(connection: Connections, item: int, new: bytes) -> None:
    """Store the content of an item in place of what it had."""
    connection.execute("INSERT OR REPLACE INTO content VALUES (?, ?)", (item, new))


def index(connection: Connections, item: int, parts: Sequence[Part]) -> None:
    """List the attachments in the MIME content of an item; one that was there before keeps its id."""
    old: dict[tuple[object, ...], list[str]] = {}
    listed = "SELECT name, content_type, size, content_id, id FROM attachment WHERE item = ? ORDER BY part DESC"
    for *signature, attachment in connection.execute(listed, (item,)):
        old.setdefault(tuple(signature), []).append(attachment)
    connection.execute("DELETE FROM attachment WHERE item = ?", (item,))
    for part in parts:
        known = old.get((part.name, part.content_type, part.size, part.content_id))
        place = {"id": known.pop() if known else token_hex(16), "item": item, "part": part.index}
        rows.insert(connection, "attachment", {**place, **_columns(part)})


def attach(connection: Connections, item: int, part: Part, data: bytes) -> str:
    """Put an attachment beside a content that cannot hold it, and return its id."""
    place = {"id": token_hex(16), "item": item, "bytes": data}
    rows.insert(connection, "attachment", {**place, **_columns(part)})
    return str(place["id"])


def _columns(part: Part) -> dict[str, object]:
    return rows.columns(asdict(part, filter=exclude("index")))


def copy(connection: Connections, old: int, new: int) -> None:
    """Copy content and attachments (with ids of their own) from one item to another."""
    connection.execute("INSERT INTO content SELECT ?, bytes FROM content WHERE item = ?", (new, old))
    connection.execute(
        "INSERT INTO attachment (id, item, part, name, content_type, size, content_id, inline, bytes)"
        " SELECT lower(hex(randomblob(16))), ?, part, name, content_type, size, content_id, inline, bytes"
        " FROM attachment WHERE item = ? ORDER BY number",
        (new, old),
    )
