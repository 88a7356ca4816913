"""The change number of one mailbox, and the events of the transaction under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from casd.mailbox.store.connections import Connections
from casd.mailbox.store.values import Event, EventKind


class Journal:
    """What all parts of one mailbox write to. `events` is emptied by whoever commits.

    `creator` is the address, in lower case, of who writes, empty for the owner of the mailbox.
    """

    def __init__(
        self,
        connection: Connections,
        mailbox: int,
        guid: str,
        events: list[Event],
        now: Callable[[], float],
        creator: str = "",
    ) -> None:
        self.connection = connection
        self.mailbox = mailbox
        self.guid = guid
        self.creator = creator
        self._events = events
        self._now = now

    def by(self, creator: str) -> Journal:
        """Return the journal to which somebody else writes."""
        return Journal(self.connection, self.mailbox, self.guid, self._events, self._now, creator)

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return int(self._now())

    def position(self) -> int:
        """Return the number of the last change."""
        row = self.connection.execute("SELECT change FROM mailbox WHERE number = ?", (self.mailbox,)).fetchone()
        return int(row[0])

    def forgotten(self) -> int:
        """Return the number of a change up to which it may be forgotten what has left its folder."""
        row = self.connection.execute("SELECT forgotten FROM mailbox WHERE number = ?", (self.mailbox,)).fetchone()
        return int(row[0])

    def advance(self) -> int:
        """Return the number of a new change."""
        self.connection.execute("UPDATE mailbox SET change = change + 1 WHERE number = ?", (self.mailbox,))
        return self.position()

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Within a transaction, undo what is done meanwhile if it raises, and tell nothing of it."""
        told = len(self._events)
        try:
            with self.connection.step():
                yield
        except BaseException:
            del self._events[told:]
            raise

    def bury(self, folder: int, thing: str, arrival: int, change: int) -> None:
        """Note that an item has left a folder, or (`folder` 0) that a folder has left the tree."""
        self.connection.execute(
            "INSERT INTO tombstone VALUES (?, ?, ?, ?, ?, ?)",
            (self.mailbox, folder, thing, arrival, change, self.now()),
        )

    def tell(
        self,
        kind: EventKind,
        change: int,
        folder: str,
        parent: str,
        *,
        item: str = "",
        old_folder: str = "",
        old_item: str = "",
    ) -> None:
        """Tell watchers, once committed."""
        when = datetime.fromtimestamp(self.now(), UTC)
        self._events.append(Event(kind, self.guid, folder, parent, change, when, item, old_folder, old_item))
