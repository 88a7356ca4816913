"""A mailbox server by itself: what its file may hold, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from twisted.application.service import MultiService
from twisted.python.usage import UsageError

from casd.casctl.credentials import make_credentials
from casd.mailbox.tap import Options, makeService

EXAMPLE = Path(__file__).parents[3] / "etc" / "mailbox.ini"


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    """The example, in a folder that has what it names."""
    make_credentials(tmp_path, "Example", ["localhost"], {"mbx1": ["mbx1.example.org"]}, datetime.now(UTC))
    file = tmp_path / "mailbox.ini"
    file.write_text(EXAMPLE.read_text(encoding="utf-8").replace("/etc/casd/", "").replace("/var/lib/casd/", ""))
    return file


@pytest.fixture(autouse=True)
def _any_reactor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASD_REACTOR", "default")


def options(file: Path) -> Options:
    taken = Options()
    taken.parseOptions(["--config", str(file)])
    return taken


def test_each_section_becomes_a_server(ini: Path) -> None:
    ini.write_text(ini.read_text() + ini.read_text().replace("mbx1]", "mbx2]").replace("9443", "9444"))
    taken = options(ini)
    assert list(taken["servers"]) == ["mbx1", "mbx2"]
    servers = makeService(taken)
    assert isinstance(servers, MultiService)
    assert len(servers.services) == 2


@pytest.mark.parametrize("wrong", ["[http]\n", "[mailbox:]\n", "[mailbox:mbx2]\nlisten = nowhere\n"])
def test_what_is_no_mailbox_server_refuses_the_start(ini: Path, wrong: str) -> None:
    ini.write_text(ini.read_text() + wrong)
    with pytest.raises(UsageError, match="Nothing was started"):
        options(ini)


def test_a_file_without_a_server_refuses_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.ini").write_text("# nothing\n")
    with pytest.raises(UsageError, match="there must be a section for each server"):
        options(tmp_path / "empty.ini")
