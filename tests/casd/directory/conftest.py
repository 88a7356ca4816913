"""A directory file with one site, two servers, two databases."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

import pytest

from casd.directory import sqlite_edit_topology as topology
from casd.directory.sqlite_edit import create, edit
from casd.model import Copy, Database, Endpoint, Server, Site

DB01 = Database("DB01", UUID(int=101), "mbx1", 1, (Copy("mbx1", 1), Copy("mbx2", 2)))
DB02 = Database("DB02", UUID(int=102), "mbx2", 1, (Copy("mbx2"),))


@pytest.fixture
def file(tmp_path: Path, estate: Path) -> Path:
    return Path(shutil.copy(estate, tmp_path))


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = tmp_path_factory.mktemp("estate") / "directory.sqlite"
    create(name, "Example")
    with edit(name) as connection:
        topology.add_domain(connection, "Example.org")
        topology.put_site(connection, Site("Main", "mail.example.org", "https://mail.example.org"))
        for server, port in ("mbx1", 9443), ("mbx2", 9444):
            topology.put_server(connection, Server(server, "Main", endpoints={"http": Endpoint("127.0.0.1", port)}))
        topology.put_database(connection, DB01)
        topology.put_database(connection, DB02)
    return name
