from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from casd.mailbox.store import schema
from casd.mailbox.store.checks import checks
from casd.mailbox.store.values import DeleteMode, Kind
from tests.casd.mailbox.store.world import APPOINTMENT, BOB, CONTACT, NOON, World, mail


def test_what_is_settled_is_kept_for_each_mailbox(world: World) -> None:
    bob = world.open(BOB, "bob@example.org")
    world.run(world.alice.settings.put, "theme", {"dark": True, "name": "Zoë"})
    assert world.run(world.alice.settings.get, "theme") == {"dark": True, "name": "Zoë"}
    assert world.run(bob.settings.get, "theme") is None
    world.run(world.alice.settings.put, "theme", None)
    assert world.run(world.alice.settings.get, "theme") is None


def test_somebody_is_told_once_until_it_begins_anew(world: World) -> None:
    told = [world.run(world.alice.settings.tell, address) for address in ("bob@example.org", "BOB@example.org")]
    assert told == [True, False]
    world.run(world.alice.settings.tell_anew)
    assert world.run(world.alice.settings.tell, "bob@example.org")


def test_the_size_follows_what_is_put_in_changed_copied_and_taken_out(world: World) -> None:
    items, inbox = world.alice.items, world.folder("inbox")
    item = world.run(items.create, inbox, Kind.MAIL, mail("a"))
    assert world.run(world.alice.settings.size) == item.size
    longer = world.run(items.update, item.id, mail("a longer subject"))
    copy = world.run(items.copy, item.id, inbox)
    assert world.run(world.alice.settings.size) == longer.size + copy.size
    for one in (item, copy):
        world.run(items.delete, one.id, DeleteMode.HARD)
    assert world.run(world.alice.settings.size) == 0


def test_the_size_counts_what_is_attached_beside_a_content(world: World) -> None:
    items, attachments, size = world.alice.items, world.alice.attachments, world.alice.settings.size
    for home, kind, content in (("calendar", Kind.APPOINTMENT, APPOINTMENT), ("contacts", Kind.CONTACT, CONTACT)):
        item = world.run(items.create, world.folder(home), kind, content)
        first, second = (world.run(attachments.add, item.id, "a", "text/plain", b"x" * many) for many in (1000, 10))
        assert items.get(item.id).size == len(content) + 1010 == size()
        assert items.length(item.id) == len(content)
        longer = content.replace(b"Planning", b"Planning ahead").replace(b"Example;", b"Example Inc.;")
        world.run(items.update, item.id, longer)
        copy = world.run(items.copy, item.id, world.folder("deleteditems"))
        assert copy.size == items.get(item.id).size == len(longer) + 1010
        world.run(items.move, copy.id, world.folder("inbox"))
        assert size() == 2 * (len(longer) + 1010)
        assert world.alice.folders.size(world.folder("inbox")) == len(longer) + 1010
        world.run(attachments.remove, second.id)
        world.run(items.delete, copy.id, DeleteMode.HARD)
        assert size() == len(longer) + 1000
        world.run(attachments.remove, first.id)
        world.run(items.delete, item.id, DeleteMode.HARD)
        assert size() == 0


def test_a_database_of_before_counts_what_is_attached_beside(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, APPOINTMENT)
    world.run(world.alice.attachments.add, item.id, "a", "text/plain", b"x" * 1000)
    message = world.run(world.alice.deliver, mail())
    world.run(world.alice.attachments.add, message.id, "a", "text/plain", b"x" * 1000)
    message = world.alice.items.get(message.id)
    world.run(world.alice.settings.tell, "bob@example.org")
    world.database.dismount()
    file = tmp_path / "DB01" / "mailboxes.sqlite"
    with closing(sqlite3.connect(file)) as old:  # as the sixth step left it
        old.executescript(
            "UPDATE item SET size = (SELECT length(bytes) FROM content WHERE item = number);"
            "DROP INDEX told_noted; ALTER TABLE told DROP COLUMN noted; ALTER TABLE item DROP COLUMN creator;"
            "PRAGMA user_version = 6;"
        )
    with closing(schema.open_database(file)) as newer:
        assert newer.execute("SELECT size FROM mailbox").fetchone() == (len(APPOINTMENT) + 1000 + message.size,)
        assert newer.execute("SELECT noted > ? FROM told", (NOON,)).fetchone() == (1,)
        assert [line for check in checks(newer, deep=True) for line in check.run()] == []


def test_a_database_of_before_knows_its_mailboxes_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = schema.STEPS
    monkeypatch.setattr(schema, "STEPS", every[:1])
    connection = schema.open_database(tmp_path / "old.sqlite")
    connection.execute("INSERT INTO mailbox (guid, address, display_name) VALUES ('g', 'a', 'A')")
    connection.execute(
        "INSERT INTO folder (id, mailbox, name, folder_class, change, arrival) VALUES ('f', 1, 'F', '', 1, 1)"
    )
    columns = "id, mailbox, folder, kind, item_class, change, edited, arrival, created, modified, received, size"
    for number, size in enumerate((70, 30)):
        values = f"'{number}', 1, 1, 'mail', '', 1, 1, 1, 0, 0, 0, {size}"
        connection.execute(f"INSERT INTO item ({columns}) VALUES ({values})")
    connection.close()
    monkeypatch.setattr(schema, "STEPS", every)
    newer: sqlite3.Connection = schema.open_database(tmp_path / "old.sqlite")
    assert newer.execute("SELECT size FROM mailbox").fetchone() == (100,)
    newer.close()
