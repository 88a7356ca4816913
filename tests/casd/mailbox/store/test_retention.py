from __future__ import annotations

import pytest

from casd.mailbox.store import retention
from casd.mailbox.store.errors import BadState
from casd.mailbox.store.retention import forget, purge
from casd.mailbox.store.values import DeleteMode, EventKind
from tests.casd.mailbox.store.world import NOON, World, mail

LATER = int(NOON) + 1


def test_what_was_deleted_is_forgotten_after_its_time(world: World) -> None:
    items = [world.run(world.alice.deliver, mail(f"{number}")) for number in range(3)]
    world.run(world.alice.items.delete, items[0].id, DeleteMode.SOFT)
    world.run(world.alice.items.delete, items[1].id, DeleteMode.DELETED_ITEMS)
    world.told()
    assert world.run(purge, world.database, int(NOON)) == 0
    assert world.run(purge, world.database, LATER) == 1
    assert world.run(purge, world.database, LATER) == 0
    (event,) = world.told()
    assert (event.kind, event.item) == (EventKind.DELETED, items[0].id)
    assert world.alice.items.get(items[1].id)


def test_what_was_recovered_stays(world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    world.run(world.alice.items.delete, item.id, DeleteMode.SOFT)
    copy = world.run(world.alice.items.copy, item.id, world.folder("inbox"))
    world.run(world.alice.items.move, item.id, world.folder("inbox"))
    assert world.run(purge, world.database, LATER) == 0
    assert world.alice.items.get(copy.id)


def test_a_deleted_folder_is_forgotten_with_what_is_in_it(world: World) -> None:
    def make() -> tuple[str, str]:
        folder = world.alice.folders.create(world.folder("inbox"), "Old").id
        item = world.alice.deliver(mail("inside"))
        world.alice.items.move(item.id, folder)
        world.alice.folders.delete(folder, DeleteMode.SOFT)
        kept = world.alice.folders.create(world.folder("inbox"), "Kept").id
        world.alice.folders.delete(kept, DeleteMode.SOFT)
        world.alice.folders.move(kept, world.folder("inbox"))
        return folder, kept

    folder, kept = world.run(make)
    assert world.run(purge, world.database, LATER) == 1
    assert world.run(purge, world.database, LATER) == 0
    left = [each.id for each in world.alice.folders.children(world.folder("root"), deep=True)]
    assert folder not in left
    assert kept in left


def test_much_is_forgotten_bit_by_bit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        item = world.run(world.alice.deliver, mail())
        world.run(world.alice.items.delete, item.id, DeleteMode.SOFT)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    assert [world.run(purge, world.database, LATER) for _ in range(3)] == [2, 1, 0]


def notes(world: World) -> list[int]:
    """Return how many notes there are of what was deleted, of what was imported, and of who was told."""
    count = (f"SELECT count(*) FROM {table}" for table in ("tombstone", "imported", "told"))
    return [int(world.database.connections.execute(query).fetchone()[0]) for query in count]


@pytest.mark.negative
def test_who_knows_less_than_what_is_forgotten_begins_anew(world: World) -> None:
    inbox, changes = world.folder("inbox"), world.alice.items.changes
    item, other = (world.run(world.alice.deliver, mail(subject)) for subject in "ab")
    before = changes(inbox).state
    world.run(world.alice.items.delete, item.id, DeleteMode.HARD)
    after = changes(inbox).state
    world.run(world.alice.imports.note, b"digest")
    world.run(world.alice.settings.tell, "bob@example.org")
    assert world.run(forget, world.database, int(NOON)) == 0
    assert [change.id for change in changes(inbox, before).changes] == [item.id]
    assert [world.run(forget, world.database, LATER) for _ in range(2)] == [3, 0]
    assert notes(world) == [0, 0, 0]
    for known in (changes, lambda _, state: world.alice.folders.changes(state)):
        with pytest.raises(BadState):
            known(inbox, before)
    assert changes(inbox, after).changes == ()
    assert [change.id for change in changes(inbox).changes] == [other.id]


def test_who_learns_all_for_the_first_time_learns_it_to_the_end(world: World) -> None:
    inbox, changes = world.folder("inbox"), world.alice.items.changes
    items = [world.run(world.alice.deliver, mail(f"{number}")).id for number in range(4)]
    world.run(world.alice.items.delete, items.pop(), DeleteMode.HARD)
    batch = changes(inbox, limit=1)
    learnt = [change.id for change in batch.changes]
    world.run(forget, world.database, LATER)
    while batch.more:
        batch = changes(inbox, batch.state, 1)
        learnt += [change.id for change in batch.changes]
    assert learnt == items
    batch = changes(inbox, limit=1)
    world.run(world.alice.items.delete, items[0], DeleteMode.HARD)
    world.run(forget, world.database, LATER)
    with pytest.raises(BadState):
        changes(inbox, batch.state, 1)


def test_many_notes_are_forgotten_bit_by_bit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        item = world.run(world.alice.deliver, mail())
        world.run(world.alice.items.delete, item.id, DeleteMode.HARD)
    monkeypatch.setattr(retention, "NOTES_AT_ONCE", 2)
    assert [world.run(forget, world.database, LATER) for _ in range(3)] == [2, 1, 0]


def test_who_was_told_of_an_absence_long_ago_is_told_again(world: World) -> None:
    tell = world.alice.settings.tell
    for number in range(3):
        world.run(tell, f"{number}@example.org")
    assert world.run(forget, world.database, int(NOON)) == 0
    assert not world.run(tell, "1@example.org")
    assert world.run(forget, world.database, LATER) == 3
    assert world.run(tell, "1@example.org")
