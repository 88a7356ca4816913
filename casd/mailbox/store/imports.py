"""What was imported into a mailbox, by digests: an import that is repeated brings nothing twice."""

from __future__ import annotations

from collections.abc import Iterable

from casd.mailbox.store.journal import Journal


class Imports:
    """`MailboxStore.imports`. A digest says all that matters of a thing, and of where it belongs."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def known(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return which of them were imported."""
        query = "SELECT 1 FROM imported WHERE mailbox = ? AND digest = ?"
        execute, mailbox = self._journal.connection.execute, self._journal.mailbox
        return {digest for digest in digests if execute(query, (mailbox, digest)).fetchone()}

    def note(self, digest: bytes) -> None:
        """Remember one, in the transaction that brings the thing."""
        journal = self._journal
        journal.connection.execute("INSERT INTO imported VALUES (?, ?, ?)", (journal.mailbox, digest, journal.now()))
