"""Certificates for the tests of TLS and of transports."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from casd.casctl.authority import CLIENT, SERVER, Authority


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority, a server's, another server's and a client's certificate."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder, "Example", datetime.now(UTC))
    authority.issue("server", ["mbx1.example.org", "127.0.0.1"], SERVER)
    authority.issue("other", ["mbx2.example.org"], SERVER)
    authority.issue("client", ["fe1.example.org"], CLIENT)
    stranger = tmp_path_factory.mktemp("stranger")
    Authority(stranger, "Stranger", datetime.now(UTC)).issue("server", ["mbx1.example.org"], SERVER)
    for name in ("ca.pem", "server.pem", "server.key"):
        (folder / f"stranger-{name}").write_bytes((stranger / name).read_bytes())
    return folder
