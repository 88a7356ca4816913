from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from casd.casctl import database_upkeep
from casd.mailbox.store import replacing
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import BadState
from casd.mailbox.store.query import Search
from casd.mailbox.store.values import DeleteMode, Kind
from casd.testing import layout
from tests.casd.casctl.conftest import Casctl, answer
from tests.casd.mailbox.store.world import APPOINTMENT, World, mail, result


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """alice's mailbox in DB01, mounted, with thirty mails, one of them deleted, and a plan beside an appointment."""
    world = World(tmp_path / "databases")
    items = [world.run(world.alice.deliver, mail(f"Mail {number}", "apples " * 500)) for number in range(30)]
    meeting = world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, APPOINTMENT)
    world.run(world.alice.attachments.add, meeting.id, "plan.txt", "text/plain", b"plan")
    world.run(world.alice.items.delete, items[0].id, DeleteMode.HARD)
    yield world
    world.database.dismount()


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    return tmp_path / "databases" / "DB01"


def spoil(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "mailboxes.sqlite")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_sound_database_is_verified_while_it_is_in_use(casctl: Casctl, folder: Path) -> None:
    assert answer(casctl(f"database verify {folder} --json"))["problems"] == 0
    assert "is sound" in casctl(f"database verify --deep {folder}").output


@pytest.mark.parametrize(
    ("spoilt", "told", "advice"),
    [
        ("UPDATE folder SET total = 7 WHERE distinguished = 'inbox'", "a folder knows how many", "repair"),
        ("DELETE FROM content WHERE item = 3", "an item has content", "repair"),
        ("UPDATE item SET size = size - 4 WHERE kind = 'appointment'", "an item has its size", "repair"),
        ("UPDATE mailbox SET size = 7", "a mailbox knows how large it is", "repair"),
        ("DELETE FROM words_1 WHERE subject MATCH '7'", "the index lacks item", "reindex"),
        ("INSERT INTO words_1 (rowid, body) VALUES (1, 'x')", "has a row 1 of no item", "reindex"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(
    casctl: Casctl, folder: Path, spoilt: str, told: str, advice: str
) -> None:
    spoil(folder, spoilt)
    found = casctl(f"database verify {folder}")
    assert found.exit_code == 1
    assert told in found.output
    assert advice in found.output


@pytest.mark.parametrize(("version", "advice"), [(6, "restarted"), (99, "upgrade")])
def test_a_database_of_another_casd_is_not_called_unsound(
    casctl: Casctl, folder: Path, version: int, advice: str
) -> None:
    spoil(folder, f"PRAGMA user_version = {version}")
    found = casctl(f"database verify {folder}")
    assert found.exit_code == 1
    assert advice in found.output
    assert "not sound" not in found.output


def test_a_word_index_that_contradicts_itself_is_found_by_a_deep_look(casctl: Casctl, folder: Path) -> None:
    spoil(folder, "DELETE FROM words_1_data WHERE id > 10")
    assert casctl(f"database verify {folder}").exit_code == 0
    assert "does not agree" in casctl(f"database verify --deep {folder}").output


def test_a_file_that_is_no_database_is_told(casctl: Casctl, tmp_path: Path) -> None:
    (tmp_path / "mailboxes.sqlite").write_bytes(b"x" * 4096)
    assert "not a database" in casctl(f"database verify {tmp_path}").output
    assert casctl(f"database backup {tmp_path} {tmp_path}/copy").exit_code == 3


def test_a_database_that_is_not_here_is_named_with_where_it_was_looked_for(casctl: Casctl, ini: Path) -> None:
    assert "no section [mailbox:NAME]" in casctl("database verify DB01").output


def test_a_database_is_found_by_its_name_where_the_configuration_has_its_server(
    demo: Casctl, ini: Path, folder: Path
) -> None:
    section = layout.mailbox_servers({"mbx1": 9443, "mbx2": 9444, "front": 8443})["mailbox:mbx1"]
    lines = [f"{name} = {value}" for name, value in section.items() if name != "databases"]
    with ini.open("a") as file:
        file.write("\n".join(["[mailbox:mbx1]", f"databases = {folder.parent}", *lines, ""]))
    assert answer(demo("database verify DB01 --json"))["file"] == str(folder / "mailboxes.sqlite")
    assert f"no database DB02 in {folder.parent}" in demo("database verify DB02").output


def test_a_backup_is_a_whole_database_in_one_file(casctl: Casctl, world: World, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    assert casctl(f"database backup --verify {folder} {copy}").exit_code == 0
    assert "exists" in casctl(f"database backup {folder} {copy}").output
    assert "there is no folder" in casctl(f"database backup {folder} {copy}.d/copy").output
    assert not list(tmp_path.glob("copy.sqlite?*"))
    result(world.database.dismount())
    (folder / "mailboxes.sqlite").write_bytes(copy.read_bytes())
    again = World(tmp_path / "databases")
    assert again.alice.items.find([again.folder("inbox")], Search("apples")).total == 29
    again.database.dismount()


def test_a_mounted_database_is_not_repaired(casctl: Casctl, folder: Path) -> None:
    found = casctl(f"database repair {folder}")
    assert found.exit_code == 1
    assert "casctl database dismount" in found.output


def test_root_repairs_as_the_user_who_runs_the_server(
    casctl: Casctl, world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result(world.database.dismount())
    whose: list[Path] = []
    monkeypatch.setattr(database_upkeep, "work_for_owner", whose.append)
    assert casctl(f"database repair {folder}").exit_code == 0
    assert whose == [folder]


def test_a_repair_mends_what_contradicts_itself(casctl: Casctl, world: World, folder: Path, tmp_path: Path) -> None:
    inbox = world.folder("inbox")
    world.run(world.alice.settings.put, "oof", {"state": "Enabled"})
    world.run(world.alice.settings.tell, "bob@example.org")
    result(world.database.dismount(forget=False))
    spoil(
        folder,
        "PRAGMA foreign_keys = OFF",
        "UPDATE folder SET total = 7 WHERE distinguished = 'inbox'",
        "UPDATE item SET folder = 999 WHERE number = 5",
        "DELETE FROM content WHERE item = 3",
        "UPDATE item SET size = 7 WHERE kind = 'appointment'",
        "DELETE FROM words_1",
    )
    assert casctl(f"database repair {folder}").exit_code == 0
    assert casctl(f"database verify --deep {folder}").exit_code == 0
    assert (folder / "lock").read_text() == "mbx1\n"
    again = World(tmp_path / "databases")
    assert again.folder("inbox") == inbox
    assert again.alice.items.find([inbox], Search("apples")).total == 28
    assert again.run(again.alice.deliver, mail()).number == 32
    assert again.alice.settings.get("oof") == {"state": "Enabled"}
    assert not again.run(again.alice.settings.tell, "bob@example.org")
    again.database.dismount()


class Died(BaseException):
    """The process has ended."""


@pytest.mark.parametrize("step", range(8))
def test_a_repair_that_is_interrupted_anywhere_leaves_a_database_that_mounts(
    casctl: Casctl, world: World, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    log = (folder / "mailboxes.sqlite-wal").read_bytes()
    result(world.database.dismount())
    (folder / "mailboxes.sqlite-wal").write_bytes(log)  # as a server leaves it that was killed
    left = [step]
    with monkeypatch.context() as patch:
        for owner, name in ((os, "link"), (Path, "rename"), (replacing, "settle")):
            patch.setattr(owner, name, _dies_at(left, getattr(owner, name)))
        with pytest.raises(Died):
            casctl(f"database repair {folder}", catch_exceptions=False)
    assert MailboxDatabase.exists(folder)
    again = World(tmp_path / "databases")
    assert again.alice.items.find([again.folder("inbox")], Search("apples")).total == 29
    result(again.database.dismount())
    assert casctl(f"database repair {folder}").exit_code == 0
    assert casctl(f"database verify --deep {folder}").exit_code == 0
    assert not list(folder.glob("*.ready"))


def _dies_at(left: list[int], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is done, until after some steps the process ends in its stead."""

    def run(*args: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Died
        return function(*args)

    return run


def test_a_repair_that_is_repeated_takes_nothing_from_the_one_before(
    casctl: Casctl, world: World, folder: Path
) -> None:
    result(world.database.dismount())
    (folder / "mailboxes.sqlite.new").write_bytes(b"half")
    (folder / "mailboxes.sqlite.new-wal").write_bytes(b"stale")
    assert answer(casctl(f"database repair {folder} --json"))["lost"] == 0
    assert not list(folder.glob("*.new*"))


def test_clients_synchronise_anew_after_a_repair(casctl: Casctl, world: World, folder: Path, tmp_path: Path) -> None:
    inbox = world.folder("inbox")
    state = world.alice.items.changes(inbox).state
    result(world.database.dismount())
    spoil(folder, "DELETE FROM content WHERE item = 3")
    assert casctl(f"database repair {folder}").exit_code == 0
    again = World(tmp_path / "databases")
    with pytest.raises(BadState):
        again.alice.items.changes(inbox, state)
    found = again.alice.items.changes(inbox)
    assert (len(found.changes), again.alice.items.changes(inbox, found.state).changes) == (28, ())
    again.database.dismount()


def test_a_repair_saves_what_can_be_read(casctl: Casctl, world: World, folder: Path, tmp_path: Path) -> None:
    result(world.database.dismount())
    file = folder / "mailboxes.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        root, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'content'"
        ).fetchone()
        places = {row[0] for row in connection.execute("SELECT rootpage FROM sqlite_schema")}
    whole = bytearray(file.read_bytes())
    page = next(number for number in range(root + 1, len(whole) // size) if number not in places)
    whole[page * size : (page + 2) * size] = b"\xff" * (2 * size)
    file.write_bytes(whole)
    assert casctl(f"database verify {folder}").exit_code == 1
    found = answer(casctl(f"database repair {folder} --json"))
    assert 15 < found["items"] <= 30
    assert Path(found["old"]).exists()
    assert casctl(f"database verify --deep {folder}").exit_code == 0
