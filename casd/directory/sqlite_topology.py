"""The topology as it stands in the directory's SQLite file."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from casd.model import Copy, Database, Endpoint, Partner, ProxyProtocol, Server, ServerKind, Site, Topology, Trust


def read_topology(connection: sqlite3.Connection) -> Topology:
    """Return everything but the mailboxes, as of one moment."""
    with _moment(connection):
        return Topology(
            organisation=connection.execute("SELECT name FROM organisation").fetchone()[0],
            domains=frozenset(name for (name,) in connection.execute("SELECT name FROM domain")),
            sites=_sites(connection),
            servers=_servers(connection),
            databases=_databases(connection),
            switches=_switches(connection),
            components=_components(connection),
            partners=_partners(connection),
            changed=connection.execute("SELECT number FROM change").fetchone()[0],
        )


@contextmanager
def _moment(connection: sqlite3.Connection) -> Iterator[None]:
    # Inside a transaction all SELECTs see the same snapshot, whatever is being written meanwhile.
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.rollback()


def _switches(connection: sqlite3.Connection) -> dict[str, bool]:
    rows = connection.execute("SELECT protocol, enabled FROM default_switch")
    return {protocol: bool(enabled) for protocol, enabled in rows}


def _components(connection: sqlite3.Connection) -> dict[tuple[str, str], bool]:
    rows = connection.execute("SELECT front, name, active FROM component")
    return {(front, name): bool(active) for front, name, active in rows}


def _partners(connection: sqlite3.Connection) -> dict[str, Partner]:
    rows = connection.execute("SELECT domain, autodiscover, availability, trust FROM partner ORDER BY domain")
    return {domain: Partner(domain, discovery, busy, Trust(trust)) for domain, discovery, busy, trust in rows}


def _sites(connection: sqlite3.Connection) -> dict[str, Site]:
    rows = connection.execute("SELECT name, namespace, internal_url, external_url, redirect FROM site ORDER BY name")
    return {
        name: Site(name, namespace, internal, external, bool(redirect))
        for name, namespace, internal, external, redirect in rows
    }


def _servers(connection: sqlite3.Connection) -> dict[str, Server]:
    endpoints: defaultdict[int, dict[str, Endpoint]] = defaultdict(dict)
    for server, protocol, host, port in connection.execute("SELECT server, protocol, host, port FROM endpoint"):
        endpoints[server][protocol] = Endpoint(host, port)
    rows = connection.execute(
        "SELECT r.id, r.name, s.name, major, minor, tls_name, ca, pin, proxy_protocol, kind "
        "FROM server r JOIN site s ON s.id = r.site ORDER BY r.name"
    )
    return {
        name: Server(
            name, site, (major, minor), endpoints[number], tls_name, ca, pin, ProxyProtocol(spoken), ServerKind(kind)
        )
        for number, name, site, major, minor, tls_name, ca, pin, spoken, kind in rows
    }


def _databases(connection: sqlite3.Connection) -> dict[str, Database]:
    copies: defaultdict[int, list[Copy]] = defaultdict(list)
    for database, server, preference in connection.execute(
        "SELECT c.database, r.name, c.preference FROM copy c JOIN server r ON r.id = c.server "
        "ORDER BY c.preference, r.name"
    ):
        copies[database].append(Copy(server, preference))
    rows = connection.execute(
        "SELECT d.id, d.name, d.guid, r.name, d.epoch, d.address_book "
        "FROM database d JOIN server r ON r.id = d.active ORDER BY d.name"
    )
    return {
        name: Database(name, UUID(guid), active, epoch, tuple(copies[number]), book)
        for number, name, guid, active, epoch, book in rows
    }
