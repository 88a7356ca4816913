"""Changes of everything in the directory's SQLite file but its mailboxes.

`put_...` adds a value or replaces the one of the same name; `remove_...` takes it away. Each works inside
`sqlite_edit.edit` and raises `Mistake` for what would leave a reference to nothing.
"""

from __future__ import annotations

import re
import sqlite3
from urllib.parse import urlsplit

from casd.directory.addresses import check_address, check_domain
from casd.directory.sqlite_edit import Mistake
from casd.model import Database, Partner, Server, Site

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def set_organisation(connection: sqlite3.Connection, name: str) -> None:
    """Name the organisation; its name stands in documents and directory names."""
    if not name.isprintable():
        raise Mistake(f"{name!r} holds a character that cannot be printed")
    connection.execute("UPDATE organisation SET name = ?", (name,))


def set_default(connection: sqlite3.Connection, protocol: str, enabled: bool | None) -> None:
    """Switch a protocol on or off for mailboxes that do not say; None is casd's own default, on."""
    connection.execute("DELETE FROM default_switch WHERE protocol = ?", (protocol,))
    if enabled is not None:
        connection.execute("INSERT INTO default_switch VALUES (?, ?)", (protocol, enabled))


def add_domain(connection: sqlite3.Connection, domain: str) -> str:
    """Accept mail addresses in a domain; return its normal form."""
    normal = _domain(domain)
    connection.execute("INSERT INTO domain VALUES (?) ON CONFLICT DO NOTHING", (normal,))
    return normal


def remove_domain(connection: sqlite3.Connection, domain: str) -> None:
    """Accept a domain no longer."""
    normal = _domain(domain)
    (used,) = connection.execute(
        "SELECT count(*) FROM address WHERE role <> 'login' AND normal LIKE ?", (f"%@{normal}",)
    ).fetchone()
    if used:
        raise Mistake(f"there are addresses in {normal} ({used}): remove them first")
    if not connection.execute("DELETE FROM domain WHERE name = ?", (normal,)).rowcount:
        raise _unknown(connection, "domain", normal)


def put_site(connection: sqlite3.Connection, site: Site) -> None:
    """Add or replace a site."""
    check_name(site.name)
    if site.namespace:
        _domain(site.namespace)
    internal, external = _front_url(site.internal_url), _front_url(site.external_url)
    connection.execute(
        "INSERT INTO site (name, namespace, internal_url, external_url, redirect) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET namespace = excluded.namespace, internal_url = excluded.internal_url, "
        "external_url = excluded.external_url, redirect = excluded.redirect",
        (site.name, site.namespace, internal, external, site.redirect),
    )


def remove_site(connection: sqlite3.Connection, name: str) -> None:
    """Remove a site that holds no server."""
    number = _number(connection, "site", name)
    _refuse_if(connection, "SELECT name FROM server WHERE site = ?", number, f"{name} holds the server")
    connection.execute("DELETE FROM site WHERE id = ?", (number,))


def put_server(connection: sqlite3.Connection, server: Server) -> None:
    """Add or replace a server with its endpoints."""
    check_name(server.name)
    site = _number(connection, "site", server.site)
    (number,) = connection.execute(
        "INSERT INTO server (name, site, major, minor, tls_name, ca, pin, proxy_protocol, kind) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET site = excluded.site, major = excluded.major, minor = excluded.minor, "
        "tls_name = excluded.tls_name, ca = excluded.ca, pin = excluded.pin, "
        "proxy_protocol = excluded.proxy_protocol, kind = excluded.kind RETURNING id",
        (
            *(server.name, site, *server.version, server.tls_name, server.ca, server.pin),
            *(server.proxy_protocol.value, server.kind.value),
        ),
    ).fetchone()
    connection.execute("DELETE FROM endpoint WHERE server = ?", (number,))
    connection.executemany(
        "INSERT INTO endpoint VALUES (?, ?, ?, ?)",
        [(number, protocol, endpoint.host, endpoint.port) for protocol, endpoint in server.endpoints.items()],
    )


def remove_server(connection: sqlite3.Connection, name: str) -> None:
    """Remove a server that holds no copy of a database."""
    number = _number(connection, "server", name)
    copies = "SELECT name FROM copy JOIN database d ON d.id = copy.database WHERE server = ?"
    _refuse_if(connection, copies, number, f"{name} holds a copy of the database")
    connection.execute("DELETE FROM server WHERE id = ?", (number,))


def put_database(connection: sqlite3.Connection, database: Database) -> None:
    """Add or replace a database with its copies; its epoch grows when another copy becomes the active one."""
    check_name(database.name)
    copies = [(_number(connection, "server", copy.server), copy.preference) for copy in database.copies]
    active = _number(connection, "server", database.active)
    if active not in dict(copies):
        raise Mistake(f"{database.name} has no copy on {database.active}: give it one with --copy {database.active}")
    _refuse_guid(connection, database)
    (number,) = connection.execute(
        "INSERT INTO database (name, guid, active, epoch, address_book) VALUES (?, ?, ?, 1, ?) "
        "ON CONFLICT (name) DO UPDATE SET epoch = epoch + (active <> excluded.active), active = excluded.active, "
        "address_book = excluded.address_book RETURNING id",
        (database.name, str(database.guid), active, database.address_book),
    ).fetchone()
    connection.execute("DELETE FROM copy WHERE database = ?", (number,))
    connection.executemany("INSERT INTO copy VALUES (?, ?, ?)", [(number, *copy) for copy in copies])


def remove_database(connection: sqlite3.Connection, name: str) -> None:
    """Remove a database that holds no mailbox."""
    number = _number(connection, "database", name)
    addresses = "SELECT written FROM mailbox m JOIN address ON mailbox = m.id AND role = 'primary' WHERE database = ?"
    _refuse_if(connection, addresses, number, f"{name} holds the mailbox")
    connection.execute("DELETE FROM database WHERE id = ?", (number,))


def put_partner(connection: sqlite3.Connection, partner: Partner) -> None:
    """Add or replace another organisation."""
    normal = _domain(partner.domain)
    if connection.execute("SELECT 1 FROM domain WHERE name = ?", (normal,)).fetchone():
        raise Mistake(f"{normal} is an accepted domain: its mailboxes are here")
    _check_autodiscover(partner.autodiscover, normal)
    connection.execute(
        "INSERT INTO partner VALUES (?, ?, ?, ?) ON CONFLICT (domain) DO UPDATE SET "
        "autodiscover = excluded.autodiscover, availability = excluded.availability, trust = excluded.trust",
        (normal, partner.autodiscover, partner.availability, partner.trust.value),
    )


def _check_autodiscover(there: str, domain: str) -> None:
    """Refuse what clients could not be sent to, or would be sent to for ever."""
    if there.rpartition("@")[2].lower() == domain:
        raise Mistake(f"{there} would send the clients of {domain} in a circle: name its URL, or another domain")
    parts = urlsplit(there)
    if there and not (parts.scheme == "https" and parts.hostname and there.isascii() and there.isprintable()):
        try:
            check_address(there)
        except ValueError:
            raise Mistake(
                f"{there!r} is neither a URL that begins with https:// nor an address such as user@there.example"
            ) from None


def remove_partner(connection: sqlite3.Connection, domain: str) -> None:
    """Know another organisation no longer."""
    normal = _domain(domain)
    if not connection.execute("DELETE FROM partner WHERE domain = ?", (normal,)).rowcount:
        raise _unknown(connection, "partner", normal, "domain")


def put_component(connection: sqlite3.Connection, front: str, name: str, active: bool) -> None:
    """Say whether a front end's component takes requests."""
    connection.execute(
        "INSERT INTO component VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET active = excluded.active",
        (front, name, active),
    )


def _domain(domain: str) -> str:
    try:
        return check_domain(domain)
    except ValueError as error:
        raise Mistake(str(error)) from None


def _front_url(url: str) -> str:
    """Return a site's URL, to which clients' paths are appended; refuse what would lead nowhere then."""
    parts = urlsplit(url)
    whole = parts.scheme == "https" and parts.hostname and not (parts.path.strip("/") or parts.query or parts.fragment)
    if url and not (whole and url.isascii() and url.isprintable() and " " not in url):
        raise Mistake(f"{url!r} is not a URL such as https://mail.example.org, without a path")
    return url.rstrip("/")


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a site, a server or a database."""
    if not _NAME.fullmatch(name):
        raise Mistake(f"{name!r} is no name: use up to 63 letters, digits, dots, hyphens and underscores")


def _number(connection: sqlite3.Connection, table: str, name: str) -> int:
    row = connection.execute(f"SELECT id FROM {table} WHERE name = ?", (name,)).fetchone()  # noqa: S608 (a word of ours)
    if row is None:
        raise _unknown(connection, table, name)
    return int(row[0])


def _refuse_guid(connection: sqlite3.Connection, database: Database) -> None:
    row = connection.execute("SELECT name FROM database WHERE guid = ?", (str(database.guid),)).fetchone()
    if row and row[0].lower() != database.name.lower():
        raise Mistake(f"the GUID {database.guid} is taken by the database {row[0]}")


def _unknown(connection: sqlite3.Connection, table: str, name: str, column: str = "name") -> Mistake:
    names = f"SELECT {column} FROM {table} ORDER BY {column} LIMIT 20"  # noqa: S608 (words of ours)
    known = [known for (known,) in connection.execute(names)]
    return Mistake(f"there is no {table} {name}; known are: {', '.join(known) or f'none, add one: casctl {table} add'}")


def _refuse_if(connection: sqlite3.Connection, query: str, number: int, what: str) -> None:
    row = connection.execute(query + " LIMIT 1", (number,)).fetchone()
    if row:
        raise Mistake(f"{what} {row[0]}, and perhaps others: remove or move them first")
