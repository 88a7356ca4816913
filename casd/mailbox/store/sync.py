"""What has changed since a client last asked: in one folder, or in the tree of folders."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import frozen

from casd.mailbox.store.errors import BadState
from casd.mailbox.store.journal import Journal
from casd.mailbox.store.values import Change, ChangeKind, Changes

_ITEMS = """
    SELECT change, id, arrival, edited, FALSE AS gone FROM item WHERE folder = :folder AND change > :position
    UNION ALL
    SELECT change, id, arrival, change, TRUE FROM tombstone
    WHERE mailbox = :mailbox AND folder = :folder AND change > :position AND arrival <= :position
    AND id NOT IN (SELECT id FROM item WHERE folder = :folder)
    ORDER BY change LIMIT :limit
"""
_FOLDERS = """
    SELECT change, id, arrival, change, FALSE AS gone FROM folder WHERE mailbox = :mailbox AND change > :position
    UNION ALL
    SELECT change, id, arrival, change, TRUE FROM tombstone
    WHERE mailbox = :mailbox AND folder = 0 AND change > :position AND arrival <= :position
    ORDER BY change LIMIT :limit
"""


_DIGITS = 19
"""Of a change number, which is SQLite's."""


@frozen
class _State:
    """How far a client is: it knows all up to `position`; it began this round of batches at `base`.

    The first round (`base` 0) began when the last change was `began`: of what was gone by then it learns nothing.
    """

    base: int = 0
    position: int = 0
    began: int = 0

    @classmethod
    def parse(cls, text: str) -> _State:
        if not text:
            return cls()
        version, _, numbers = text.partition(":")
        parts = numbers.split(":")
        digits = all(part.isdecimal() and len(part) <= _DIGITS for part in parts)
        if version != "1" or len(parts) not in {2, 3} or not digits:
            raise BadState(f"{text!r} is not a synchronisation state")
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return f"1:{self.base}:{self.position}{f':{self.began}' if self.began else ''}"


def changes(journal: Journal, folder: int | None, state: str, limit: int) -> Changes:
    """Return the next batch for a folder's items, or for the tree of folders (None). Raises `BadState`."""
    known, now = _State.parse(state), journal.position()
    if known.position > now:
        raise BadState("the state is younger than the mailbox")
    if state and max(known.position, known.began) < journal.forgotten():
        raise BadState("it is forgotten what has been deleted since this state: synchronise anew")
    began = known.began if state else now
    parameters = {"folder": folder, "mailbox": journal.mailbox, "position": known.position, "limit": limit + 1}
    rows = journal.connection.execute(_FOLDERS if folder is None else _ITEMS, parameters)
    batch = tuple(islice(_read(rows, known.base), limit))
    more = rows.fetchone() is not None
    after = _State(known.base, batch[-1].change, began) if more else _State(now, now)
    return Changes(batch, str(after), more)


def _read(rows: Iterator[Any], base: int) -> Iterator[Change]:
    for change, thing, arrival, edited, gone in rows:
        yield Change(_kind(arrival, edited, base, gone=bool(gone)), thing, change)


def _kind(arrival: int, edited: int, base: int, *, gone: bool) -> ChangeKind:
    if gone:
        return ChangeKind.DELETED
    if arrival > base:
        return ChangeKind.CREATED
    return ChangeKind.MODIFIED if edited > base else ChangeKind.READ
