"""Files that are there whole or not at all, for whom they were there before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from casd.files import write_file


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    write_file(tmp_path / "key", b"secret")
    write_file(tmp_path / "certificate", b"public", 0o644)
    assert (mode_of(tmp_path / "key"), mode_of(tmp_path / "certificate")) == (0o600, 0o644)


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o600, 0o600), (0o644, 0o640)])
def test_a_group_that_could_read_a_file_still_can_and_nobody_else(tmp_path: Path, before: int, after: int) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"secret")
    file.chmod(before)
    write_file(file, b"another")
    assert (file.read_bytes(), mode_of(file)) == (b"another", after)


def test_who_owned_a_file_still_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"secret")
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _, *owner: given.append(owner))
    write_file(file, b"another")
    assert given == [(file.stat().st_uid, file.stat().st_gid)]


def test_what_cannot_be_given_away_stays_with_who_wrote_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    file = tmp_path / "key"
    file.write_bytes(b"secret")
    file.chmod(0o640)
    monkeypatch.setattr(os, "fchown", refuse)
    write_file(file, b"another")
    assert (file.read_bytes(), mode_of(file)) == (b"another", 0o600)


@pytest.mark.negative
def test_a_link_that_somebody_laid_out_leads_nowhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"precious")
    (tmp_path / ".key.new").symlink_to(elsewhere)
    write_file(tmp_path / "key", b"secret")
    assert (elsewhere.read_bytes(), (tmp_path / "key").read_bytes()) == (b"precious", b"secret")
