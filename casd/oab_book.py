"""`[oab:NAME]`: one offline address book, whom it lists, hence whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from uuid import UUID, uuid5

from attrs import frozen

from casd.config import key, optional, text, words
from casd.model import AddressBook, Generation, Mailbox, Topology

_NAMES = UUID("6c41b0a4-2b0e-5d53-9f55-9b8f1f0e6a37")
"""The namespace in which a book's name makes its GUID: the same on every front end."""


def _guid(value: str, _folder: Path) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a GUID such as 6c41b0a4-2b0e-5d53-9f55-9b8f1f0e6a37") from None


@frozen
class Settings:
    """Section `[oab:NAME]`; an entry is listed that meets every condition given, any entry if none is."""

    title: str = key(text, "Global Address List", "its name, as clients show it")
    guid: UUID | None = key(optional(_guid), "", "its GUID, if it has one already; empty: one is made of NAME")
    domains: tuple[str, ...] = key(words, "", "it lists addresses of these domains; empty: of any")
    sites: tuple[str, ...] = key(words, "", "it lists mailboxes of these sites, and all groups; empty: of any")
    addresses: tuple[str, ...] = key(words, "", "it lists addresses like one of these (* is any text); empty: any")


def book_named(name: str, settings: Settings) -> AddressBook:
    """Return the book of a section."""
    return AddressBook(
        name,
        settings.guid or uuid5(_NAMES, name.lower()),
        settings.title,
        _lower(settings.domains),
        _lower(settings.sites),
        _lower(settings.addresses),
    )


EVERYBODY = AddressBook("default", uuid5(_NAMES, "default"), "Global Address List")
"""The only book where the configuration names none."""


def is_listed(book: AddressBook, address: str, site: str) -> bool:
    """Say whether a book lists an address; a group stands in no site, and is listed at any."""
    normal = address.lower()
    return (
        (not book.domains or normal.rpartition("@")[2] in book.domains)
        and (not book.sites or not site or site.lower() in book.sites)
        and (not book.addresses or any(fnmatchcase(normal, pattern) for pattern in book.addresses))
    )


def book_of(books: Iterable[AddressBook], mailbox: Mailbox, topology: Topology) -> AddressBook | None:
    """Return the book that a mailbox gets (reference 6.1): its own, its database's, or whose conditions it meets first.

    So a tenant's book, or a site's, is for those who stand in it, also when they are hidden, and a book without
    conditions is for everybody else. A book that is named and not there any more counts as none.
    """
    known = {book.name.lower(): book for book in books}
    database = topology.databases.get(mailbox.database)
    for name in (mailbox.address_book, database.address_book if database else ""):
        if name.lower() in known:
            return known[name.lower()]
    site = site_of(mailbox, topology)
    return next((book for book in known.values() if is_listed(book, mailbox.address, site)), None)


def path_of(book: AddressBook) -> str:
    """Return the path of a book's folder, as Autodiscover's OABUrl ends: clients append `oab.xml`."""
    return f"/OAB/{book.guid}/"


def site_of(mailbox: Mailbox, topology: Topology) -> str:
    """Return the site of the server with a mailbox's active copy; empty where that is not known."""
    database = topology.databases.get(mailbox.database)
    server = topology.servers.get(database.active) if database else None
    return server.site if server else ""


_SETTLE = 600
"""Seconds between generations of books that are others: front ends with different files would take turns."""


def is_due(last: Generation, books: Sequence[AddressBook], now: float, interval: float) -> bool:
    """Say whether it is time for another generation of these books; also after a clock that was far ahead."""
    if last.books != tuple(books):
        return abs(now - last.taken) >= _SETTLE
    return abs(now - last.checked) >= interval


def _lower(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(value.lower() for value in values)
