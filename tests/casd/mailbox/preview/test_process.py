"""Processes end as a whole, and what they leave is read with distrust."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from casd.mailbox.preview.process import Ended, Processes, left_behind

PATH = {"PATH": os.defpath}


def test_a_process_says_how_it_ended(tmp_path: Path) -> None:
    assert Processes().run(["sh", "-c", "echo last words >&2; exit 3"], PATH, tmp_path, 10) == Ended(3, "last words")


def test_a_process_is_given_no_more_time_than_it_has(tmp_path: Path) -> None:
    assert Processes().run(["sleep", "60"], PATH, tmp_path, 0) == Ended(None)


def test_nothing_begins_after_the_end(tmp_path: Path) -> None:
    processes = Processes()
    processes.end()
    assert processes.run(["touch", "begun"], PATH, tmp_path, 10) == Ended(None)
    assert not (tmp_path / "begun").exists()


def test_a_plain_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"123456")
    assert left_behind(tmp_path / "plain", 4) == b"1234"


@pytest.mark.negative
@pytest.mark.parametrize("kind", ["symlink", "hard link", "pipe", "folder", "nothing"])
def test_nothing_but_a_plain_file_is_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "secret").write_bytes(b"the key")
    found = tmp_path / "page"
    if kind == "symlink":
        found.symlink_to(tmp_path / "secret")
    elif kind == "hard link":
        found.hardlink_to(tmp_path / "secret")
    elif kind == "pipe":
        os.mkfifo(found)
    elif kind == "folder":
        found.mkdir()
    with pytest.raises(OSError, match=r"."):
        left_behind(found, 100)
