"""The store as a delegate gets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casd.mailbox import delegation
from casd.mailbox.delegation import Delegate
from casd.mailbox.shared import shared_mailbox
from casd.mailbox.store.errors import Forbidden, NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Item, Kind
from tests.casd.mailbox.meetings.conversation import Town
from tests.casd.mailbox.store.world import APPOINTMENT, mail


def let_in(town: Town, level: str) -> MailboxStore:
    """Let Bob into Alice's inbox."""
    delegate = Delegate("bob@example.org", levels={"inbox": level}, private=True)
    delegation.save(town.alice.mailbox, [delegate], "NoForward")
    found = shared_mailbox(town.alice.mailbox, "Bob@example.org")
    assert found is not None
    return found


def letter(town: Town, folder: str = "inbox") -> Item:
    home = town.alice.mailbox.folders.distinguished(folder).id
    return town.alice.mailbox.items.create(home, Kind.MAIL, mail())


def test_nobody_else_is_let_in(town: Town) -> None:
    let_in(town, "Editor")
    assert shared_mailbox(town.alice.mailbox, "carol@example.org") is None


@pytest.mark.negative
def test_what_is_not_open_is_not_there(town: Town) -> None:
    bob, hidden = let_in(town, "Editor"), letter(town, "drafts")
    with pytest.raises(NotFound):
        bob.folders.get(hidden.folder)
    with pytest.raises(Forbidden):
        bob.folders.distinguished("drafts")
    with pytest.raises(NotFound):
        bob.items.get(hidden.id)
    with pytest.raises(NotFound):
        bob.items.find([hidden.folder])
    with pytest.raises(NotFound):
        bob.items.text(hidden.id)
    with pytest.raises(Forbidden):
        bob.items.marked("word", [hidden.id])
    with pytest.raises(Forbidden):
        bob.items.suggestions("a")
    with pytest.raises(NotFound):
        bob.attachments.of(hidden.id)
    calendar = town.alice.mailbox.folders.distinguished("calendar").id
    meeting = town.alice.mailbox.items.create(calendar, Kind.APPOINTMENT, APPOINTMENT)
    assert bob.items.with_uid(meeting.uid) == ()


CHANGES: dict[str, Callable[[MailboxStore, Item], Any]] = {
    "create": lambda mailbox, item: mailbox.items.create(item.folder, Kind.MAIL, mail()),
    "copy": lambda mailbox, item: mailbox.items.copy(item.id, item.folder),
    "move": lambda mailbox, item: mailbox.items.move(item.id, item.folder),
    "update": lambda mailbox, item: mailbox.items.update(item.id, read=True),
    "delete": lambda mailbox, item: mailbox.items.delete(item.id, DeleteMode.HARD),
    "attach": lambda mailbox, item: mailbox.attachments.add(item.id, "x.txt", "text/plain", b"x"),
}
NEVER: dict[str, Callable[[MailboxStore, Item], Any]] = {
    "deliver": lambda mailbox, _item: mailbox.deliver(mail()),
    "folder": lambda mailbox, item: mailbox.folders.create(item.folder, "New"),
    "rename": lambda mailbox, item: mailbox.folders.update(item.folder, name="New"),
    "put": lambda mailbox, item: mailbox.folders.move(item.folder, item.folder),
    "remove": lambda mailbox, item: mailbox.folders.delete(item.folder, DeleteMode.HARD),
    "tree": lambda mailbox, _item: mailbox.folders.changes(),
    "follow": lambda mailbox, item: mailbox.items.changes(item.folder),
}


@pytest.mark.negative
@pytest.mark.parametrize("do", [*CHANGES.values(), *NEVER.values()], ids=[*CHANGES, *NEVER])
def test_a_reviewer_changes_nothing(town: Town, do: Callable[[MailboxStore, Item], Any]) -> None:
    bob, item = let_in(town, "Reviewer"), letter(town)
    assert bob.items.get(item.id) == item
    with pytest.raises(Forbidden):
        do(bob, item)


@pytest.mark.parametrize("do", CHANGES.values(), ids=CHANGES)
def test_an_editor_changes_what_is_in_a_folder(town: Town, do: Callable[[MailboxStore, Item], Any]) -> None:
    do(let_in(town, "Editor"), letter(town))


@pytest.mark.negative
@pytest.mark.parametrize("do", NEVER.values(), ids=NEVER)
def test_no_folder_is_changed_by_an_editor(town: Town, do: Callable[[MailboxStore, Item], Any]) -> None:
    with pytest.raises(Forbidden):
        do(let_in(town, "Editor"), letter(town))


EVERY = frozenset({"update", "attach", "move", "delete"})


@pytest.mark.negative
@pytest.mark.parametrize(
    ("level", "own", "others"),
    [
        ("Reviewer", frozenset(), frozenset()),
        ("NoneditingAuthor", {"move", "delete"}, frozenset()),
        ("Author", EVERY, frozenset()),
        ("PublishingAuthor", EVERY, frozenset()),
        ("Editor", EVERY, EVERY),
    ],
)
def test_an_author_changes_what_he_has_put_there_and_nothing_else(
    town: Town, level: str, own: frozenset[str], others: frozenset[str]
) -> None:
    """EditItems and DeleteItems of a permission: None, Owned, All."""
    let_in(town, "Author")
    for deed in sorted(EVERY):
        author = shared_mailbox(town.alice.mailbox, "Bob@example.org")
        assert author is not None
        mine = author.items.create(author.folders.distinguished("inbox").id, Kind.MAIL, mail())
        assert mine.creator == "bob@example.org"
        bob = let_in(town, level)
        for item, allowed in ((mine, own), (letter(town), others)):
            if deed in allowed:
                CHANGES[deed](bob, item)
            else:
                with pytest.raises(Forbidden):
                    CHANGES[deed](bob, item)
        let_in(town, "Author")


@pytest.mark.negative
def test_a_copy_belongs_to_who_made_it(town: Town) -> None:
    bob, item = let_in(town, "Author"), letter(town)
    copy = bob.items.copy(item.id, item.folder)
    bob.items.delete(copy.id, DeleteMode.SOFT)
    mine = bob.items.create(item.folder, Kind.MAIL, mail())
    with pytest.raises(Forbidden):
        bob.items.update(town.alice.mailbox.items.copy(mine.id, item.folder).id, read=True)


@pytest.mark.negative
def test_what_another_has_put_there_is_his(town: Town) -> None:
    bob = let_in(town, "Author")
    item = bob.items.create(bob.folders.distinguished("inbox").id, Kind.MAIL, mail())
    delegate = Delegate("carol@example.org", levels={"inbox": "Author"})
    delegation.save(town.alice.mailbox, [delegate], "NoForward")
    carol = shared_mailbox(town.alice.mailbox, "carol@example.org")
    assert carol is not None
    with pytest.raises(Forbidden):
        carol.items.update(item.id, read=True)
    with pytest.raises(Forbidden):
        carol.items.delete(item.id, DeleteMode.SOFT)


def test_what_is_just_being_made_is_finished_by_who_may_change_nothing_later(town: Town) -> None:
    bob = let_in(town, "NoneditingAuthor")
    item = bob.items.create(bob.folders.distinguished("inbox").id, Kind.MAIL, mail())
    bob.attachments.add(item.id, "x.txt", "text/plain", b"x")
    with pytest.raises(Forbidden):
        CHANGES["attach"](let_in(town, "NoneditingAuthor"), item)


def test_what_an_editor_deletes_is_still_there_for_the_owner(town: Town) -> None:
    bob, item = let_in(town, "Editor"), letter(town)
    bob.items.delete(item.id, DeleteMode.HARD)
    bin_ = town.alice.mailbox.folders.distinguished("recoverableitemsdeletions").id
    assert town.alice.mailbox.items.get(item.id).folder == bin_


def test_an_attachment_is_read_and_taken_away(town: Town) -> None:
    bob, item = let_in(town, "Editor"), letter(town)
    added = bob.attachments.add(item.id, "x.txt", "text/plain", b"x")
    assert bob.attachments.get(added.id).name == "x.txt"
    assert bob.attachments.remove(added.id).has_attachments is False
