from __future__ import annotations

import pytest

from casd.mailbox.store.errors import FolderExists, NotAllowed, NotFound
from casd.mailbox.store.values import ChangeKind, DeleteMode, EventKind, Kind
from tests.casd.mailbox.store.world import BOB, World, mail


def test_a_new_mailbox_has_its_default_folders(world: World) -> None:
    folders = world.alice.folders
    top = folders.distinguished("MsgFolderRoot")
    names = [folder.distinguished for folder in folders.children(top.id)]
    assert names == [
        "calendar", "contacts", "deleteditems", "drafts", "inbox", "journal", "junkemail", "notes", "outbox",
        "sentitems", "tasks",
    ]  # fmt: skip
    assert folders.get(top.parent).distinguished == "root"
    assert folders.get(top.parent).parent == ""
    assert top.children == 11


def test_folders_below_folders_come_parents_first(world: World) -> None:
    folders = world.alice.folders
    outer = world.run(folders.create, world.folder("inbox"), "Outer")
    inner = world.run(folders.create, outer.id, "Inner", "IPF.Appointment", {"key": [1]})
    assert [folder.id for folder in folders.children(world.folder("inbox"), deep=True)] == [outer.id, inner.id]
    assert inner.properties == {"key": [1]}
    assert inner.folder_class == "IPF.Appointment"


def test_two_folders_of_one_name_are_refused_whatever_their_case(world: World) -> None:
    folders, inbox = world.alice.folders, world.folder("inbox")
    world.run(folders.create, inbox, "Größe")
    other = world.run(folders.create, inbox, "Other")
    with pytest.raises(FolderExists):
        world.run(folders.create, inbox, "GRÖSSE")
    with pytest.raises(FolderExists):
        world.run(folders.update, other.id, name="größe")
    with pytest.raises(NotAllowed):
        world.run(folders.create, inbox, "")


def test_a_folder_may_change_the_case_of_its_own_name(world: World) -> None:
    made = world.run(world.alice.folders.create, world.folder("inbox"), "projects")
    renamed = world.run(world.alice.folders.update, made.id, name="Projects", properties={"a": 1})
    assert (renamed.name, renamed.properties) == ("Projects", {"a": 1})
    assert renamed.change_key != made.change_key
    assert world.run(world.alice.folders.update, made.id, properties={"a": None}).properties == {}
    assert world.run(world.alice.folders.update, made.id, folder_class="IPF.Task").folder_class == "IPF.Task"


def test_nothing_to_change_changes_nothing(world: World) -> None:
    made = world.run(world.alice.folders.create, world.folder("inbox"), "Same")
    assert world.run(world.alice.folders.update, made.id, name="Same").change_key == made.change_key


def test_default_folders_stay_where_they_are(world: World) -> None:
    folders, inbox = world.alice.folders, world.folder("inbox")
    with pytest.raises(NotAllowed):
        world.run(folders.update, inbox, name="Mine")
    with pytest.raises(NotAllowed):
        world.run(folders.move, inbox, world.folder("drafts"))
    with pytest.raises(NotAllowed):
        world.run(folders.delete, inbox, DeleteMode.HARD)


def test_a_folder_is_not_put_below_itself(world: World) -> None:
    outer = world.run(world.alice.folders.create, world.folder("inbox"), "Outer")
    inner = world.run(world.alice.folders.create, outer.id, "Inner")
    for target in (outer.id, inner.id):
        with pytest.raises(NotAllowed):
            world.run(world.alice.folders.move, outer.id, target)


def test_a_moved_folder_takes_all_that_is_in_it_along(world: World) -> None:
    made = world.run(world.alice.folders.create, world.folder("inbox"), "Box")
    item = world.run(world.alice.items.create, made.id, Kind.MAIL, mail())
    world.told()
    moved = world.run(world.alice.folders.move, made.id, world.folder("drafts"))
    assert (moved.id, moved.parent, moved.total) == (made.id, world.folder("drafts"), 1)
    assert world.alice.items.get(item.id).folder == made.id
    (event,) = world.told()
    assert (event.kind, event.folder, event.old_folder) == (EventKind.MOVED, made.id, world.folder("inbox"))


def test_a_deleted_folder_goes_to_deleted_items_then_away(world: World) -> None:
    folders = world.alice.folders
    for expected in ("Box", "Box (2)"):
        made = world.run(folders.create, world.folder("inbox"), "Box")
        world.run(folders.delete, made.id, DeleteMode.DELETED_ITEMS)
        assert folders.get(made.id).parent == world.folder("deleteditems")
        assert folders.get(made.id).name == expected
    world.run(folders.delete, made.id, DeleteMode.DELETED_ITEMS)
    assert folders.get(made.id).parent == world.folder("recoverableitemsdeletions")
    world.run(folders.delete, made.id, DeleteMode.SOFT)
    with pytest.raises(NotFound):
        folders.get(made.id)


def test_a_folder_deleted_for_good_takes_its_items_along(world: World) -> None:
    outer = world.run(world.alice.folders.create, world.folder("inbox"), "Outer")
    inner = world.run(world.alice.folders.create, outer.id, "Inner")
    item = world.run(world.alice.items.create, inner.id, Kind.MAIL, mail())
    world.told()
    world.run(world.alice.folders.delete, outer.id, DeleteMode.HARD)
    with pytest.raises(NotFound):
        world.alice.items.get(item.id)
    assert [(event.kind, event.folder) for event in world.told()] == [
        (EventKind.DELETED, outer.id),
        (EventKind.DELETED, inner.id),
    ]


def test_counts_follow_what_happens(world: World) -> None:
    inbox, items = world.folder("inbox"), world.alice.items

    def counts(name: str) -> tuple[int, int]:
        folder = world.alice.folders.distinguished(name)
        return folder.total, folder.unread

    first = world.run(items.create, inbox, Kind.MAIL, mail())
    world.run(items.create, inbox, Kind.MAIL, mail(), read=True)
    assert counts("inbox") == (2, 1)
    world.run(items.update, first.id, read=True)
    assert counts("inbox") == (2, 0)
    world.run(items.update, first.id, read=False)
    world.run(items.move, first.id, world.folder("drafts"))
    assert (counts("inbox"), counts("drafts")) == ((1, 0), (1, 1))
    world.run(items.delete, first.id, DeleteMode.HARD)
    assert counts("drafts") == (0, 0)


def test_one_mailbox_does_not_see_another(world: World) -> None:
    bob = world.open(BOB, "bob@example.org")
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail())
    with pytest.raises(NotFound):
        bob.folders.get(world.folder("inbox"))
    with pytest.raises(NotFound):
        bob.items.get(item.id)
    with pytest.raises(NotFound):
        world.alice.folders.distinguished("")


def test_the_tree_synchronises(world: World) -> None:
    folders = world.alice.folders
    first = folders.changes()
    assert {change.kind for change in first.changes} == {ChangeKind.CREATED}
    assert len(first.changes) == 18
    made = world.run(folders.create, world.folder("inbox"), "Box")
    doomed = world.run(folders.create, world.folder("inbox"), "Doomed")
    second = folders.changes(first.state)
    assert [(change.kind, change.id) for change in second.changes] == [
        (ChangeKind.CREATED, made.id),
        (ChangeKind.CREATED, doomed.id),
    ]
    world.run(folders.update, made.id, name="Chest")
    world.run(folders.delete, doomed.id, DeleteMode.HARD)
    third = folders.changes(second.state)
    assert [(change.kind, change.id) for change in third.changes] == [
        (ChangeKind.MODIFIED, made.id),
        (ChangeKind.DELETED, doomed.id),
    ]
    assert folders.changes(third.state).changes == ()
