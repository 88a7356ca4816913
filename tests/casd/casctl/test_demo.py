from __future__ import annotations

import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from casd.casctl import provision as provisioning
from casd.casctl.provision import provision
from casd.directory.sqlite import connect
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_mailboxes import all_mailboxes, password_of
from casd.directory.sqlite_topology import read_topology
from casd.model import Copy, Endpoint
from casd.net.handover import read_keys
from tests.casd.casctl.conftest import CHEAP, Casctl, answer


def test_the_demo_is_made_once(casctl: Casctl, ini: Path) -> None:
    assert answer(casctl("demo init --json"))["made"] is True
    before = {file: file.read_bytes() for file in (ini.parent / "demo").rglob("*") if file.is_file()}
    assert answer(casctl("demo init --json"))["made"] is False
    assert before == {file: file.read_bytes() for file in (ini.parent / "demo").rglob("*") if file.is_file()}


def test_the_demo_has_its_fixed_points(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    provision(folder, ports={"front": 1, "mbx1": 2, "mbx2": 3}, hasher=CHEAP)
    connection = connect(folder / "directory.sqlite", "ro", 1)
    topology = read_topology(connection)
    assert topology.domains == {"example.org"}
    assert topology.servers["mbx2"].endpoints == {"http": Endpoint("127.0.0.1", 3)}
    assert topology.servers["mbx1"].ca == (folder / "ca.pem").read_text()
    assert topology.databases["DB01"].copies == (Copy("mbx1", 1), Copy("mbx2", 2))
    assert topology.databases["DB02"].active == "mbx2"
    held = {mailbox.address: mailbox.database for mailbox in all_mailboxes(connection)}
    assert held == {
        "alice@example.org": "DB01",
        "bob@example.org": "DB01",
        "carol@example.org": "DB02",
        "dave@example.org": "DB02",
    }
    connection.close()


def test_everyone_has_the_generated_password(tmp_path: Path) -> None:
    provision(tmp_path / "demo", hasher=CHEAP)
    connection = connect(tmp_path / "demo" / "directory.sqlite", "ro", 1)
    password = (tmp_path / "demo" / "password").read_text().strip()
    for mailbox in all_mailboxes(connection):
        stored = password_of(connection, mailbox.guid)
        assert stored is not None
        assert PasswordHasher().verify(stored.hash, password)
    connection.close()


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    provision(folder, hasher=CHEAP)
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix not in {".pem", ".xml"}:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in "keys/mbx1.key", "keys/mbx2.key", "array.secret":
        assert read_keys(folder / name)


def test_a_half_made_demo_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "demo"
    with monkeypatch.context() as broken:
        broken.setattr(provisioning, "put_database", None)
        with pytest.raises(TypeError):
            provision(folder, hasher=CHEAP)
    assert not folder.exists()
    assert provision(folder, hasher=CHEAP)
    assert [file.name for file in tmp_path.iterdir()] == ["demo"]


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "thesis.txt").touch()
    with pytest.raises(Mistake, match="is no demo"):
        provision(folder, hasher=CHEAP)


def test_showing_the_demo_tells_how_to_try_it(demo: Casctl, ini: Path) -> None:
    text = demo("demo show").output
    password = (ini.parent / "demo" / "password").read_text().strip()
    assert password in text
    assert "carol@example.org       DB02 on mbx2" in text
    record = answer(demo("demo show --json"))
    assert record["try"].startswith("curl --cacert ")
    assert record["users"]["alice@example.org"] == "DB01 on mbx1"


def test_there_is_nothing_to_show_before_the_demo_is_made(casctl: Casctl) -> None:
    result = casctl("demo show")
    assert result.exit_code == 1
    assert "casctl demo init" in result.output
