"""How large a database is, and of what."""

from __future__ import annotations

from attrs import frozen

from casd.mailbox.store.connections import Connections


@frozen
class Growth:
    """Bytes of the file (`free` of them are used again first), and what is counted in it.

    `deleted` items can be recovered still; `unread` ones have attachments that are not in the index yet.
    """

    size: int
    free: int
    mailboxes: int
    items: int
    deleted: int
    unread: int


_COUNTED = (
    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
    "SELECT count(*) FROM mailbox",
    "SELECT ifnull(sum(total), 0) FROM folder",
    "SELECT count(*) FROM item WHERE deleted IS NOT NULL",
    "SELECT count(*) FROM unread_attachments",
)


def growth(connection: Connections) -> Growth:
    """Measure a database."""
    return Growth(*(int(connection.execute(query).fetchone()[0]) for query in _COUNTED))
