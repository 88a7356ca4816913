from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from casd.mailbox.store import schema
from casd.mailbox.store.values import DeleteMode, Kind
from tests.casd.mailbox.store.world import BOB, World, mail


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
