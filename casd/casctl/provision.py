"""The demo organisation: its certificates, keys and directory, made from nothing in one folder."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from argon2 import PasswordHasher
from attrs import evolve

from casd.casctl.credentials import make_credentials
from casd.directory.sqlite_edit import Mistake, create, edit
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn, put_mailbox, set_password
from casd.directory.sqlite_edit_topology import add_domain, put_database, put_server, put_site
from casd.files import settle, write_file
from casd.model import Copy, Database, Endpoint, Mailbox, Server, Site

ORGANISATION = "Example"
DOMAIN = "example.org"
NAMESPACES = ("mail.example.org", "autodiscover.example.org", "autoconfig.example.org", "localhost", "127.0.0.1")
PORTS: Mapping[str, int] = MappingProxyType({"front": 8443, "mbx1": 9443, "mbx2": 9444})
USERS: Mapping[str, str] = MappingProxyType({"alice": "DB01", "bob": "DB01", "carol": "DB02", "dave": "DB02"})
ACTIVE: Mapping[str, str] = MappingProxyType({"DB01": "mbx1", "DB02": "mbx2"})
SERVERS = ("mbx1", "mbx2")

_QUESTION = b"""<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
    xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
  <soap:Header><t:RequestServerVersion Version="Exchange2016"/></soap:Header>
  <soap:Body>
    <m:GetFolder>
      <m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
      <m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds>
    </m:GetFolder>
  </soap:Body>
</soap:Envelope>
"""
"""What `casctl demo show` has curl ask: how many messages are in the inbox?"""


def provision(folder: Path, *, ports: Mapping[str, int] = PORTS, hasher: PasswordHasher | None = None) -> bool:
    """Make the demo organisation in `folder`; False when it is there already.

    `ports` says where the front end's HTTPS and both servers listen, on 127.0.0.1. It is made beside the folder
    and takes its name at the end, so a folder of this name is always whole.
    """
    if (folder / "directory.sqlite").exists():
        return False
    if folder.exists() and any(folder.iterdir()):
        raise Mistake(f"{folder} holds something that is no demo: move it away, or choose another [sqlite] file")
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # what an interrupted run left
    new.mkdir(mode=0o700, parents=True)
    tls_names = {server: (tls_name(server), "127.0.0.1") for server in SERVERS}
    make_credentials(new, ORGANISATION, NAMESPACES, tls_names, datetime.now(UTC))
    write_file(new / "password", f"{secrets.token_urlsafe(12)}\n".encode())
    write_file(new / "inbox.xml", _QUESTION, 0o644)
    _fill_directory(new, ports, hasher or PasswordHasher())
    settle(new)
    new.rename(folder)
    settle(folder.parent)
    return True


def _fill_directory(folder: Path, ports: Mapping[str, int], hasher: PasswordHasher) -> None:
    file = folder / "directory.sqlite"
    authority = (folder / "ca.pem").read_text()
    password = (folder / "password").read_text().strip()
    now = datetime.now(UTC)
    url = f"https://localhost:{ports['front']}"
    create(file, ORGANISATION)
    with edit(file) as connection:
        add_domain(connection, DOMAIN)
        put_site(connection, Site("Main", "mail.example.org", url, url))
        for name in SERVERS:
            endpoints = {"http": Endpoint("127.0.0.1", ports[name])}
            put_server(connection, Server(name, "Main", endpoints=endpoints, tls_name=tls_name(name), ca=authority))
        for name, active in ACTIVE.items():
            copies = sorted(
                (Copy(server, 1 if server == active else 2) for server in SERVERS), key=lambda c: c.preference
            )
            put_database(connection, Database(name, uuid4(), active, copies=tuple(copies)))
        for user, database in USERS.items():
            mailbox = _mailbox(user, database)
            put_mailbox(connection, mailbox)
            set_password(connection, mailbox.guid, hasher.hash(password), now)


def _mailbox(user: str, database: str) -> Mailbox:
    address = f"{user}@{DOMAIN}"
    mailbox = Mailbox(uuid4(), address, address, database, user.capitalize())
    return evolve(mailbox, legacy_dn=default_legacy_dn(ORGANISATION, mailbox))


def tls_name(server: str) -> str:
    """Return the name that a demo server shows in its certificate."""
    return f"{server}.{DOMAIN}"
