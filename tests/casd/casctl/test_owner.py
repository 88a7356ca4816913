"""For whom root writes."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from casd.casctl import owner
from casd.casctl.owner import tell_owner, work_for_owner
from tests.casd.casctl.conftest import Casctl, refused


class User:
    """Who types; `now` is whose files are written from then on."""

    def __init__(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now: list[tuple[str, int]] = []
        monkeypatch.setattr(owner.os, "geteuid", lambda: number)
        monkeypatch.setattr(owner.os, "setegid", lambda group: self.now.append(("group", group)))
        monkeypatch.setattr(owner.os, "seteuid", lambda user: self.now.append(("user", user)))


def folder(user: int, *above: Path, there: bool = True) -> Path:
    found = Mock(parents=above)
    found.exists.return_value = there
    found.stat.return_value = os.stat_result((0o40750, 0, 0, 2, user, 990, 0, 0, 0, 0))
    return found


def test_root_writes_as_the_user_whose_folder_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    root = User(0, monkeypatch)
    work_for_owner(folder(980))
    assert root.now == [("group", 990), ("user", 980)]


def test_a_folder_that_is_still_to_be_made_is_its_parent_s(monkeypatch: pytest.MonkeyPatch) -> None:
    root = User(0, monkeypatch)
    work_for_owner(folder(0, folder(0, there=False), folder(980), folder(0), there=False))
    assert root.now == [("group", 990), ("user", 980)]


@pytest.mark.parametrize(("number", "whose"), [(0, 0), (1000, 980), (1000, 1000)])
def test_others_write_as_themselves(monkeypatch: pytest.MonkeyPatch, number: int, whose: int) -> None:
    user = User(number, monkeypatch)
    work_for_owner(folder(whose))
    assert user.now == []


@pytest.mark.parametrize(("whose", "said"), [(0, "chown that user"), (980, "")])
def test_what_only_root_can_read_is_told(whose: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    tell_owner(folder(whose))
    assert said in capsys.readouterr().err


def test_who_may_not_write_is_told_what_to_do(demo: Casctl, ini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ini.write_text(ini.read_text().replace("demo/front.", "new/front."))
    monkeypatch.setattr(Path, "mkdir", Mock(side_effect=PermissionError(13, "Permission denied", str(ini.parent))))
    said = refused(demo, "cert self-signed")
    assert said == f"Error: {ini.parent}: Permission denied; run this as the user that casd runs as, or as root\n"
