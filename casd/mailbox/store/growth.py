"""How large a database is, and of what."""

from __future__ import annotations

from attrs import frozen

from casd.mailbox.store.connections import Connections


@frozen
class Growth:
    """Bytes of the file (`free` of them are used again first, `content` are items), and what is counted in it.

    The rest of the file is the index of words, nearly. To weigh that itself all its pages would have to be read: SQLite
    keeps no sum of them. `deleted` items can be recovered still; `unread` ones have attachments that are not in it yet.
    """

    size: int
    free: int
    content: int
    mailboxes: int
    items: int
    deleted: int
    unread: int


_COUNTED = (
    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
    "SELECT ifnull(sum(size), 0) FROM mailbox",
    "SELECT count(*) FROM mailbox",
    "SELECT ifnull(sum(total), 0) FROM folder",
    "SELECT count(*) FROM item WHERE deleted IS NOT NULL",
    "SELECT count(*) FROM unread_attachments",
)


def growth(connection: Connections) -> Growth:
    """Measure a database."""
    return Growth(*(int(connection.execute(query).fetchone()[0]) for query in _COUNTED))
