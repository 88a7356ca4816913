"""The rows of items, each change with its number, its tombstone and its words."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from casd.mailbox.store import parts, rows
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.index import Index
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.values import EventKind, Folder, Item, Kind


class Entries:
    """What the public faces of a mailbox write its items with."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._connection = journal.connection
        self._index = Index(journal.connection, journal.mailbox)

    def text(self, item: str) -> str:
        """Return the text of an item's body as it was indexed, or raise `NotFound`."""
        return self._index.text(self.get(item).number)

    def get(self, item: str) -> Item:
        """Return the item with this id, or raise `NotFound`."""
        found = self._connection.execute(
            f"{rows.SELECT_ITEM} WHERE item.id = ? AND item.mailbox = ?", (item, self._journal.mailbox)
        ).fetchone()
        if found is None:
            raise NotFound(f"no item {item}")
        return rows.item(found)

    def create(self, home: Folder, kind: Kind, content: bytes, fields: Mapping[str, Any]) -> Item:
        """Put a new item into a folder. Raises `BadContent`."""
        known, now = KINDS[kind], self._journal.now()
        extract = known.read(content)
        chosen = {"item_class": known.item_class, **extract.columns, **extract.defaults, **fields}
        chosen["properties"] = rows.merged({}, fields.get("properties", {}))
        times = {"created": now, "modified": now, "received": now}
        item = self._insert(home, {**times, **rows.columns(chosen), "kind": kind, "size": len(content)})
        parts.keep(self._connection, item.number, content)
        parts.index(self._connection, item.number, extract.parts)
        self._index.add(item, extract)
        return item

    def copy(self, old: Item, home: Folder) -> Item:
        """Put a copy with an id of its own into a folder."""
        cursor = self._connection.execute("SELECT * FROM item WHERE number = ?", (old.number,))
        names = [column[0] for column in cursor.description]
        values = dict(zip(names, cursor.fetchone(), strict=True))
        del values["number"], values["place"], values["deleted"]
        new = self._insert(home, values)
        parts.copy(self._connection, old.number, new.number)
        self._index.copy(old, new)
        return new

    def change(self, old: Item, values: Mapping[str, Any]) -> Item:
        """Set attributes of an item, give it a new change number, and tell watchers."""
        change = self._journal.advance()
        stamps = {"change": change, "modified": self._journal.now()}
        if set(values) != {"read"}:
            stamps["edited"] = change
        rows.update(self._connection, "item", old.number, {**rows.columns(values), **stamps})
        new = self._told(old)
        if new.received != old.received:
            self._index.move(new)
        return new

    def rewrite(self, old: Item, content: bytes, values: Mapping[str, Any]) -> Item:
        """Replace the content of an item, set attributes, and tell watchers. Raises `BadContent`."""
        known = KINDS[old.kind]
        extract = known.read(content)
        parts.keep(self._connection, old.number, content)
        if known.mime:
            parts.index(self._connection, old.number, extract.parts)
        size = len(content) + parts.beside(self._connection, old.number)
        new = self.change(old, {**extract.columns, **values, "size": size})
        self._index.replace(new, extract)
        return new

    def move(self, old: Item, home: Folder) -> Item:
        """Put an item into another folder."""
        change = self._journal.advance()
        self._bury(old, change)
        stamps = {"change": change, "edited": change, "arrival": change}
        place = {"folder": home.number, "deleted": self._journal.now() if home.keeps_deleted else None}
        rows.update(self._connection, "item", old.number, {**place, **stamps})
        return self.get(old.id)

    def forget(self, old: Item) -> int:
        """Delete an item for good, and return the change's number."""
        change = self._journal.advance()
        self._bury(old, change)
        self._index.forget("number = ?", old.number)
        self._connection.execute("DELETE FROM item WHERE number = ?", (old.number,))
        return change

    def _insert(self, home: Folder, values: Mapping[str, Any]) -> Item:
        change = self._journal.advance()
        stamps = {"change": change, "edited": change, "arrival": change}
        name = token_hex(16)
        place = {"mailbox": self._journal.mailbox, "folder": home.number, "creator": self._journal.creator}
        rows.insert(self._connection, "item", {**values, **stamps, **place, "id": name})
        return self.get(name)

    def _bury(self, old: Item, change: int) -> None:
        row = self._connection.execute("SELECT folder FROM item WHERE number = ?", (old.number,)).fetchone()
        self._journal.bury(row[0], old.id, old.arrival, change)

    def _told(self, old: Item) -> Item:
        new = self.get(old.id)
        parent = self._connection.execute(
            "SELECT ifnull(parent.id, '') FROM folder LEFT JOIN folder AS parent ON parent.number = folder.parent"
            " WHERE folder.id = ?",
            (new.folder,),
        ).fetchone()[0]
        self._journal.tell(EventKind.MODIFIED, new.change, new.folder, parent, item=new.id)
        return new
