"""Offline address books at the terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from casd.oab_book import EVERYBODY
from casd.oab_build import _alone
from tests.casd.casctl.conftest import Casctl

SECTIONS = """
[oab]
[oab:Bobs]
addresses = bob@*
title = Bob's
[oab:All]
"""


@pytest.fixture
def books(demo: Casctl, ini: Path) -> Casctl:
    ini.write_text(ini.read_text() + SECTIONS)
    return demo


@pytest.fixture
def folder(ini: Path) -> Path:
    return ini.parent / "oab"


def test_books_are_made_when_somebody_asks(books: Casctl, folder: Path) -> None:
    made = books("oab build")
    assert (made.exit_code, made.output) == (0, "generation 1 is new, made 10 files\n")
    assert len(list(folder.glob("*.lzx"))) == 8
    assert books("oab build").output == "generation 1 is unchanged, made 0 files\n"


def test_what_clients_are_told_of_is_listed(books: Casctl) -> None:
    assert [each["generation"] for each in json.loads(books("oab list --json").output)] == [None, None]
    books("oab build")
    bobs, everybody = json.loads(books("oab list --json").output)
    assert (bobs["book"], bobs["title"], bobs["generation"], bobs["entries"]) == ("Bobs", "Bob's", 1, 1)
    assert everybody["entries"] > 1
    assert everybody["bytes"] > bobs["bytes"] > 0


def test_whose_book_is_which_is_shown(books: Casctl) -> None:
    bob = json.loads(books("oab show bob@example.org --json").output)
    assert (bob["book"], bob["why"]) == ("Bobs", "it meets its conditions")
    assert bob["path"].startswith("/OAB/")
    assert bob["path"].endswith("/oab.xml")
    books("database set DB01 --address-book all")
    bob = json.loads(books("oab show bob@example.org --json").output)
    assert (bob["book"], bob["why"]) == ("All", "its database's")
    books("mailbox set bob@example.org --address-book all")
    bob = json.loads(books("oab show bob@example.org --json").output)
    assert (bob["book"], bob["why"]) == ("All", "its own")


def test_who_gets_none_is_told_what_to_do(demo: Casctl, ini: Path) -> None:
    ini.write_text(ini.read_text() + "[oab]\n[oab:Bobs]\naddresses = bob@*\n")
    assert "add one without conditions" in demo("oab show alice@example.org").output
    assert "there is no mailbox" in demo("oab show nobody@example.org").output


def test_what_was_altered_is_found_and_removed(books: Casctl, folder: Path) -> None:
    books("oab build")
    assert books("oab verify").output == "verified 10 files: all as it should be\n"
    altered = next(folder.glob("*-data-1.lzx"))
    time = altered.stat().st_mtime
    altered.write_bytes(altered.read_bytes()[:-1] + b"!")
    os.utime(altered, (time, time))
    found = books("oab verify")
    assert found.exit_code == 1
    assert f"{altered.name} was not as it should be" in found.output
    assert not altered.exists()
    books("oab build")
    assert books("oab verify").exit_code == 0


def test_while_casd_is_at_it_nobody_else_is(books: Casctl, folder: Path) -> None:
    folder.mkdir()
    with _alone(folder):
        refused = books("oab build")
    assert refused.exit_code == 3
    assert "at this moment" in refused.output


def test_another_casd_s_generation_is_left_alone(books: Casctl, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.oab_build.FORMAT", 99)
    books("oab build")
    monkeypatch.undo()
    for file in folder.iterdir():
        file.unlink()
    refused = books("oab build")
    assert refused.exit_code == 0  # it records one of its own, as it is asked to
    assert "generation 2 is new" in refused.output


def test_where_the_directory_is_a_copy_nobody_records(books: Casctl, ini: Path) -> None:
    ini.write_text(ini.read_text().replace("[oab]\n", "[oab]\nrecord = no\n"))
    assert "where the directory comes from" in books("oab build").output


def test_without_the_section_none_are_made(demo: Casctl) -> None:
    for line in ("build", "list", "verify", "show alice@example.org"):
        refused = demo(f"oab {line}")
        assert refused.exit_code == 1
        assert "has no section [oab]" in refused.output


def test_without_any_named_there_is_one_with_everybody(demo: Casctl, ini: Path) -> None:
    ini.write_text(ini.read_text() + "[oab]\n")
    (only,) = json.loads(demo("oab list --json").output)
    assert only["guid"] == str(EVERYBODY.guid)
