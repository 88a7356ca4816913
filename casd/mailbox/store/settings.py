"""What the owner of a mailbox has settled, and whom it has told of his absence."""

from __future__ import annotations

import json
from typing import Any

from casd.mailbox.store.journal import Journal


class Settings:
    """Values that JSON can hold, by name; `MailboxStore.settings`."""

    def __init__(self, journal: Journal) -> None:
        self._mailbox = journal.mailbox
        self._connection = journal.connection
        self._now = journal.now

    def get(self, name: str) -> Any:
        """Return a value, None if it was never settled."""
        query = "SELECT value FROM setting WHERE mailbox = ? AND name = ?"
        found = self._connection.execute(query, (self._mailbox, name)).fetchone()
        return None if found is None else json.loads(found[0])

    def put(self, name: str, value: Any) -> None:
        """Settle a value; None takes it away."""
        if value is None:
            self._connection.execute("DELETE FROM setting WHERE mailbox = ? AND name = ?", (self._mailbox, name))
        else:
            row = (self._mailbox, name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
            self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", row)

    def tell(self, address: str) -> bool:
        """Note that somebody is told of the owner's absence; False if he was told before."""
        row = (self._mailbox, address.casefold(), self._now())
        return self._connection.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", row).rowcount > 0

    def tell_anew(self) -> None:
        """Forget who was told of the owner's absence."""
        self._connection.execute("DELETE FROM told WHERE mailbox = ?", (self._mailbox,))

    def size(self) -> int:
        """Return the bytes of all items of the mailbox."""
        query = "SELECT size FROM mailbox WHERE number = ?"
        return int(self._connection.execute(query, (self._mailbox,)).fetchone()[0])
