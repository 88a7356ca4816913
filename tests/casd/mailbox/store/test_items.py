from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casd.mailbox.store.errors import BadContent, Conflict, NotAllowed, NotFound
from casd.mailbox.store.query import Page, Search
from casd.mailbox.store.values import DeleteMode, EventKind, Flag, Kind
from tests.casd.mailbox.store.world import ALICE, APPOINTMENT, CONTACT, NOON, TASK, World, mail


def test_a_mail_is_kept_byte_for_byte_with_its_columns(world: World) -> None:
    content = mail("Grüße", "Text here", Date="Mon, 01 Jan 2024 10:00:00 +0100", Message_ID="<1@x>", Cc="c@x, d@x")
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, content, read=True)
    assert world.alice.items.content(item.id) == content
    assert world.alice.items.get(item.id) == item
    assert (item.subject, item.sender, item.to, item.cc) == (
        "Grüße", "Bob <bob@example.org>", "alice@example.org", "c@x; d@x",
    )  # fmt: skip
    assert item.sent == datetime(2024, 1, 1, 9, tzinfo=UTC)
    assert item.received == item.created == datetime.fromtimestamp(NOON, UTC)
    assert (item.size, item.preview, item.read, item.item_class) == (len(content), "Text here", True, "IPM.Note")
    assert world.alice.items.text(item.id).strip() == "Text here"


@pytest.mark.parametrize(
    ("kind", "content", "item_class", "subject"),
    [
        (Kind.APPOINTMENT, APPOINTMENT, "IPM.Appointment", "Planning"),
        (Kind.CONTACT, CONTACT, "IPM.Contact", "Dave Müller"),
        (Kind.TASK, TASK, "IPM.Task", "Write report"),
        (Kind.NOTE, mail("Remember"), "IPM.StickyNote", "Remember"),
    ],
)
def test_every_kind_is_kept_byte_for_byte(
    world: World, kind: Kind, content: bytes, item_class: str, subject: str
) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), kind, content)
    assert (item.kind, item.item_class, item.subject) == (kind, item_class, subject)
    assert world.alice.items.content(item.id) == content


def test_bad_content_leaves_nothing_behind(world: World) -> None:
    before = world.alice.folders.changes().state
    with pytest.raises(BadContent):
        world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, b"hello")
    assert world.alice.folders.distinguished("calendar").total == 0
    assert world.alice.folders.changes().state == before


def test_a_caught_error_leaves_the_rest_of_a_batch(world: World) -> None:
    def batch() -> list[str]:
        made = []
        for content in (APPOINTMENT, b"rubbish", APPOINTMENT):
            try:
                made.append(world.alice.items.create(world.folder("calendar"), Kind.APPOINTMENT, content).id)
            except BadContent:
                made.append("")
        return made

    first, bad, last = world.run(batch)
    assert bad == ""
    assert world.alice.items.get(first).number < world.alice.items.get(last).number
    assert world.alice.folders.distinguished("calendar").total == 2


def test_fields_are_set_and_the_change_key_changes(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail(), properties={"a": 1, "b": 2})
    changed = world.run(
        world.alice.items.update,
        item.id,
        change_key=item.change_key,
        categories=("Red", "Blau"),
        flag=Flag.FLAGGED,
        importance=2,
        properties={"b": None, "c": [3]},
    )
    assert (changed.categories, changed.flag, changed.importance) == (("Red", "Blau"), Flag.FLAGGED, 2)
    assert changed.properties == {"a": 1, "c": [3]}
    assert changed.change_key != item.change_key
    with pytest.raises(Conflict):
        world.run(world.alice.items.update, item.id, change_key=item.change_key, read=True)


def test_an_update_that_changes_nothing_keeps_the_change_key_and_is_silent(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail())
    world.told()
    assert world.run(world.alice.items.update, item.id, read=False) == item
    assert world.told() == []


def test_new_content_brings_new_columns_and_new_words(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("drafts"), Kind.MAIL, mail("Old", "ancient"), importance=2)
    changed = world.run(world.alice.items.update, item.id, mail("New", "modern"), draft=True)
    assert (changed.subject, changed.preview, changed.importance, changed.draft) == ("New", "modern", 2, True)
    drafts = [world.folder("drafts")]
    assert world.alice.items.find(drafts, Search("ancient")).total == 0
    assert world.alice.items.find(drafts, Search("modern")).total == 1
    appointment = world.run(world.alice.items.create, world.folder("calendar"), Kind.APPOINTMENT, APPOINTMENT)
    with pytest.raises(BadContent):
        world.run(world.alice.items.update, appointment.id, b"no calendar")


def test_a_moved_item_keeps_its_id_and_tells(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail())
    world.told()
    moved = world.run(world.alice.items.move, item.id, world.folder("drafts"))
    assert (moved.id, moved.number, moved.folder) == (item.id, item.number, world.folder("drafts"))
    assert moved.arrival > item.arrival
    (event,) = world.told()
    assert (event.kind, event.item, event.folder, event.old_folder) == (
        EventKind.MOVED, item.id, world.folder("drafts"), world.folder("inbox"),
    )  # fmt: skip
    assert world.run(world.alice.items.move, item.id, world.folder("drafts")) == moved
    assert world.told() == []


def test_a_copy_is_an_item_of_its_own(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail(body="unique"), flag=Flag.FLAGGED)
    world.told()
    copy = world.run(world.alice.items.copy, item.id, world.folder("drafts"))
    assert copy.id != item.id
    assert (copy.subject, copy.flag, copy.received) == (item.subject, item.flag, item.received)
    assert world.alice.items.content(copy.id) == world.alice.items.content(item.id)
    assert world.alice.items.find([copy.folder], Search("unique")).items == (copy,)
    (event,) = world.told()
    assert (event.kind, event.item, event.old_item) == (EventKind.COPIED, copy.id, item.id)
    world.run(world.alice.items.delete, item.id, DeleteMode.HARD)
    assert world.alice.items.text(copy.id).strip() == "unique"


def test_deletion_goes_through_deleted_items_and_recoverable_items_to_nowhere(world: World) -> None:
    items = world.alice.items
    item = world.run(items.create, world.folder("inbox"), Kind.MAIL, mail())
    world.told()
    for place, kind in (("deleteditems", EventKind.MOVED), ("recoverableitemsdeletions", EventKind.DELETED)):
        world.run(items.delete, item.id, DeleteMode.DELETED_ITEMS)
        assert items.get(item.id).folder == world.folder(place)
        assert [event.kind for event in world.told()] == [kind]
    world.run(items.delete, item.id, DeleteMode.DELETED_ITEMS)
    with pytest.raises(NotFound):
        items.content(item.id)


def test_a_soft_deletion_skips_deleted_items(world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("inbox"), Kind.MAIL, mail())
    world.run(world.alice.items.delete, item.id, DeleteMode.SOFT)
    assert world.alice.items.get(item.id).folder == world.folder("recoverableitemsdeletions")


def test_delivery_puts_new_mail_into_the_inbox(world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    assert (item.folder, item.read) == (world.folder("inbox"), False)
    assert [(event.kind, event.item, event.mailbox) for event in world.told()] == [
        (EventKind.CREATED, item.id, ALICE),
        (EventKind.NEW_MAIL, item.id, ALICE),
    ]


def test_a_folder_is_emptied(world: World) -> None:
    inbox = world.folder("inbox")
    for _ in range(3):
        world.run(world.alice.deliver, mail())
    world.run(world.alice.folders.create, inbox, "Box")
    world.run(world.alice.empty, inbox, DeleteMode.HARD)
    assert world.alice.folders.get(inbox).total == 0
    assert world.alice.folders.get(inbox).children == 1
    world.run(world.alice.empty, inbox, DeleteMode.SOFT, subfolders=True)
    assert world.alice.folders.get(inbox).children == 0


def test_what_cannot_be_emptied_keeps_all_that_is_in_it(world: World) -> None:
    top = world.folder("msgfolderroot")
    box = world.run(world.alice.folders.create, top, "A box")

    def empty() -> None:
        with pytest.raises(NotAllowed):
            world.alice.empty(top, DeleteMode.HARD, subfolders=True)

    world.told()
    world.run(empty)
    assert world.alice.folders.get(box.id) == box
    assert world.told() == []


def test_numbers_are_never_used_again(world: World) -> None:
    first = world.run(world.alice.deliver, mail())
    world.run(world.alice.items.delete, first.id, DeleteMode.HARD)
    assert world.run(world.alice.deliver, mail()).number > first.number


def test_pages_are_cut_from_the_front_and_from_the_back(world: World) -> None:
    for number in range(5):
        world.run(world.alice.deliver, mail(str(number)))
    find, inbox = world.alice.items.find, [world.folder("inbox")]
    page = find(inbox, page=Page(limit=2, offset=1))
    assert ([item.subject for item in page.items], page.total, page.offset) == (["3", "2"], 5, 1)
    page = find(inbox, page=Page(limit=2, offset=1, backwards=True))
    assert ([item.subject for item in page.items], page.offset) == (["2", "1"], 2)
    assert find(inbox, page=Page(limit=2, offset=9)).items == ()
    assert find(inbox, page=Page(limit=2, offset=9, backwards=True)).items == ()


def test_several_folders_are_searched_at_once(world: World) -> None:
    world.run(world.alice.deliver, mail("one"))
    world.run(world.alice.items.create, world.folder("drafts"), Kind.MAIL, mail("two"))
    found = world.alice.items.find([world.folder("inbox"), world.folder("drafts")])
    assert [item.subject for item in found.items] == ["two", "one"]
    assert found.total == 2
    assert world.alice.items.find([]).total == 0


def test_a_time_without_a_zone_is_a_mistake_of_the_caller(world: World) -> None:
    with pytest.raises(ValueError, match="time zone"):
        world.run(
            world.alice.items.create,
            world.folder("inbox"),
            Kind.MAIL,
            mail(),
            received=datetime(2024, 1, 1),  # noqa: DTZ001
        )
