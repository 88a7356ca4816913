"""The folder of a test's organisation: a demo on free ports, more users, the configuration files that serve them."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from argon2 import PasswordHasher
from attrs import evolve

from casd.casctl.provision import ACTIVE, NAMESPACES, ORGANISATION, SERVERS, provision
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn, put_mailbox, set_password
from casd.model import Mailbox

Sections = dict[str, dict[str, str]]
"""A configuration file: section to key to value."""

Settings = Mapping[str, Mapping[str, str]]
"""More of a configuration file."""

USUAL: Settings = {}

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Passwords of tests protect nothing, and are hashed in no time."""


def free_ports(*names: str) -> dict[str, int]:
    """Return a port of 127.0.0.1 for each name, that nobody listened on a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, sockets, strict=True)}


def make_demo(folder: Path, ports: Mapping[str, int]) -> Path:
    """Provision the demo organisation below a folder; `ports` as `provision` takes them."""
    provision(folder / "demo", ports=ports, hasher=CHEAP)
    return folder / "demo"


def add_user(directory: Path, address: str, database: str, password: str) -> Mailbox:
    """Add a user with a mailbox to a directory's file."""
    mailbox = Mailbox(uuid4(), address, address, database, address.partition("@")[0].capitalize())
    mailbox = evolve(mailbox, legacy_dn=default_legacy_dn(ORGANISATION, mailbox))
    with edit(directory) as connection:
        put_mailbox(connection, mailbox)
        set_password(connection, mailbox.guid, CHEAP.hash(password), datetime.now(UTC))
    return mailbox


def front(name: str, ports: Mapping[str, int]) -> Sections:
    """Return the configuration of a front end that listens on `ports`: front, plain, admin."""
    return {
        "cas": {"name": name},
        "accesslog": {"file": f"{name}.log", "style": "json"},
        "cache": {"fresh": "0 s"},
        "sqlite": {"file": "demo/directory.sqlite"},
        "forms": {"secret": "demo/array.secret"},
        "pool": {
            "certificate": "demo/client.pem",
            "private key": "demo/client.key",
            "keys": "demo/keys",
            "quarantine": "1 ms",  # a server that a test has healed is to answer the next request
        },
        "http": {
            "listen": f"127.0.0.1:{ports['front']}",
            "plain": f"127.0.0.1:{ports['plain']}",
            "namespaces": " ".join(NAMESPACES),
            "certificate": "demo/front.pem",
            "private key": "demo/front.key",
        },
        "mapihttp": {},
        "rpchttp": {},
        "admin": {"listen": f"127.0.0.1:{ports['admin']}"},
    }


def mailbox_servers(ports: Mapping[str, int]) -> Sections:
    """Return the sections of the demo's mailbox servers on `ports`: mbx1, mbx2, front (where they submit)."""
    return {f"mailbox:{server}": _mailbox_server(server, ports) for server in SERVERS}


def _mailbox_server(server: str, ports: Mapping[str, int]) -> dict[str, str]:
    return {
        "listen": f"127.0.0.1:{ports[server]}",
        "certificate": f"demo/{server}.pem",
        "private key": f"demo/{server}.key",
        "client ca": "demo/ca.pem",
        "keys": f"demo/keys/{server}.key",
        "databases": "demo/databases",
        "mount": " ".join(database for database, active in ACTIVE.items() if active == server),
        "front": f"https://localhost:{ports['front']}",
        "front ca": "demo/ca.pem",
    }


def with_settings(sections: Sections, settings: Settings) -> Sections:
    """Return a configuration with more settings; those of `mailbox` are for each mailbox server."""
    found = {name: dict(entries) for name, entries in sections.items()}
    for name, entries in settings.items():
        for section in [each for each in sections if each.partition(":")[0] == name] or [name]:
            found.setdefault(section, {}).update(entries)
    return found


def write_ini(file: Path, sections: Sections) -> Path:
    """Write a configuration file."""
    lines: list[str] = []
    for section, entries in sections.items():
        lines += ["", f"[{section}]", *(f"{key} = {value}" for key, value in entries.items())]
    file.write_text("\n".join(lines) + "\n")
    return file
