"""A folder with a configuration, and a way to type commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result

from casd.casctl import mailbox, provision
from casd.casctl.main import main

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

INI = """
[cas]
name = front1
[sqlite]
file = demo/directory.sqlite
[forms]
secret = demo/array.secret
[pool]
certificate = demo/client.pem
private key = demo/client.key
keys = demo/keys
[http]
namespaces = mail.example.org localhost
certificate = demo/front.pem
private key = demo/front.key
listen = 127.0.0.1:8443
[admin]
listen = 127.0.0.1:8444
"""

PIN = "ab" * 32

Casctl = Callable[..., Result]


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "PasswordHasher", lambda: CHEAP)
    monkeypatch.setattr(provision, "PasswordHasher", lambda: CHEAP)


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    file = tmp_path / "cas.ini"
    file.write_text(INI)
    return file


@pytest.fixture
def casctl(ini: Path) -> Casctl:
    def run(line: str, **kwargs: Any) -> Result:
        return CliRunner().invoke(main, ["--config", str(ini), *line.split()], **kwargs)

    return run


@pytest.fixture(scope="session")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provisioned") / "demo"
    provision.provision(folder, hasher=CHEAP)
    return folder


@pytest.fixture
def demo(casctl: Casctl, ini: Path, provisioned: Path) -> Casctl:
    """Type commands to the demo organisation."""
    shutil.copytree(provisioned, ini.parent / "demo")
    return casctl


@pytest.fixture
def estate(casctl: Casctl) -> Casctl:
    """Type commands to an organisation with one server and one database."""
    for line in (
        "organisation init Example",
        "domain add Example.org",
        "site add Main --namespace mail.example.org",
        f"server add mbx1 --site main --endpoint 127.0.0.1:9443 --endpoint imap4=127.0.0.1:9993 --pin {PIN}",
        "database add DB01 --copy mbx1",
        "mailbox add alice@example.org --database DB01 --name Alice --switch imap4=off",
    ):
        result = casctl(line)
        assert result.exit_code == 0, result.output
    return casctl


def answer(result: Result) -> Any:
    """Return what a command with --json printed."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(casctl: Casctl, line: str) -> str:
    result = casctl(line)
    assert result.exit_code == 1, result.output
    return result.output
