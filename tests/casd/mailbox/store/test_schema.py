from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from casd.mailbox.store import mime, schema
from casd.mailbox.store.checks import checks
from casd.mailbox.store.extract import Part
from casd.mailbox.store.query import Search
from casd.mailbox.store.retention import purge
from casd.mailbox.store.values import DeleteMode
from tests.casd.mailbox.store.test_attached import Reading
from tests.casd.mailbox.store.world import ALICE, NOON, World, mail


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as the first version of the schema had it, with alice's mailbox and two items in its inbox."""
    (tmp_path / "DB01").mkdir()
    connection = sqlite3.connect(tmp_path / "DB01" / "mailboxes.sqlite")
    connection.executescript(f"{schema.STEPS[0]}PRAGMA user_version = 1;")

    def insert(table: str, *rows: dict[str, Any]) -> None:
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))

    insert("mailbox", {"guid": ALICE, "address": "alice@example.org", "display_name": "Alice", "change": 9})
    common = {"mailbox": 1, "change": 1, "arrival": 1}
    insert("folder", {**common, "id": "f", "name": "Inbox", "folder_class": "IPF.Note", "distinguished": "inbox"})
    deletions = {"name": "Deletions", "folder_class": "IPF", "distinguished": "recoverableitemsdeletions"}
    insert("folder", {**common, **deletions, "id": "d"})
    insert("folder", {**common, "id": "o", "name": "Old", "folder_class": "IPF.Note", "parent": 2})
    times = {"edited": 1, "created": 1, "modified": 1, "received": int(NOON)}
    for number in (1, 2):
        content = mail(f"Old {number}")
        what = {"kind": "mail", "item_class": "IPM.Note", "subject": f"Old {number}", "size": len(content)}
        insert("item", {**common, **times, **what, "id": str(number), "folder": 1})
        insert("content", {"item": number, "bytes": content})
        insert("words", {"rowid": number, "box": "box1", "subject": f"Old {number}", "body": f"text {number}"})
    connection.commit()
    connection.close()
    return tmp_path


def test_an_old_database_is_searched_as_a_new_one(old: Path) -> None:
    world = World(old)
    inbox = world.folder("inbox")
    items = world.alice.items
    assert [item.subject for item in items.find([inbox], Search("old")).items] == ["Old 2", "Old 1"]
    assert [item.subject for item in items.find([inbox], Search("body:text -2")).items] == ["Old 1"]
    assert items.text("2") == "text 2"
    assert items.get("2").creator == ""
    world.run(world.alice.deliver, mail("New"))
    world.run(items.delete, "1", DeleteMode.HARD)
    assert [item.subject for item in items.find([inbox]).items] == ["New", "Old 2"]
    assert world.folder("inbox")
    assert world.alice.folders.get(inbox).total == 2
    world.database.dismount()
    connection = sqlite3.connect(old / "DB01" / "mailboxes.sqlite")
    assert [line for check in checks(connection, deep=True) for line in check.run()] == []
    assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'words'").fetchall() == []
    connection.close()


def test_attachments_that_an_old_database_holds_are_read_soon(old: Path) -> None:
    with closing(sqlite3.connect(old / "DB01" / "mailboxes.sqlite")) as connection:
        content = mime.with_part(mail("Old 1"), Part(0, "notes.txt", "text/plain", 7, "", inline=False), b"minutes")
        connection.execute("UPDATE content SET bytes = ? WHERE item = 1", (content,))
        connection.execute(
            "INSERT INTO attachment (id, item, part, name, content_type, size, content_id, inline)"
            " VALUES ('a', 1, 1, 'notes.txt', 'text/plain', 7, '', 0)"
        )
        connection.commit()
    reading = Reading(World(old))
    reading.attached.wake()
    assert reading.found("minutes") == ["1"]
    reading.world.database.dismount()


def test_what_was_deleted_before_is_forgotten_some_days_after_the_upgrade(old: Path) -> None:
    with closing(sqlite3.connect(old / "DB01" / "mailboxes.sqlite")) as connection:
        connection.execute("UPDATE item SET folder = 2 WHERE number = 2")
        connection.commit()
    world = World(old)
    assert world.run(purge, world.database, int(NOON)) == 0
    assert [world.run(purge, world.database, 1 << 40) for _ in range(3)] == [1, 1, 0]
    assert world.alice.items.get("1")
    assert [folder.id for folder in world.alice.folders.children("d")] == []
    world.database.dismount()


def test_an_upgrade_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(connection: sqlite3.Connection) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(schema, "_AFTER", dict.fromkeys(schema._AFTER, fails))
    file = old / "DB01" / "mailboxes.sqlite"
    with pytest.raises(ZeroDivisionError):
        schema.open_database(file)
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM words").fetchone() == (2,)
    connection.close()
