from __future__ import annotations

import pytest

from casd.mailbox.store.errors import BadState, NotFound
from casd.mailbox.store.values import ChangeKind, Changes, DeleteMode
from tests.casd.mailbox.store.world import World, mail

CREATED, MODIFIED, READ, DELETED = ChangeKind.CREATED, ChangeKind.MODIFIED, ChangeKind.READ, ChangeKind.DELETED


def inbox(world: World, state: str = "", limit: int = 512) -> Changes:
    return world.alice.items.changes(world.folder("inbox"), state, limit)


def seen(changes: Changes) -> list[tuple[ChangeKind, str]]:
    return [(change.kind, change.id) for change in changes.changes]


def test_a_client_learns_what_it_does_not_know(world: World) -> None:
    first, second, third = (world.run(world.alice.deliver, mail()).id for _ in range(3))
    known = inbox(world)
    assert seen(known) == [(CREATED, first), (CREATED, second), (CREATED, third)]
    world.run(world.alice.items.update, second, read=True)
    world.run(world.alice.items.update, third, categories=("Red",))
    world.run(world.alice.items.delete, first, DeleteMode.HARD)
    fourth = world.run(world.alice.deliver, mail()).id
    changes = inbox(world, known.state)
    assert seen(changes) == [(READ, second), (MODIFIED, third), (DELETED, first), (CREATED, fourth)]
    assert seen(inbox(world, changes.state)) == []


def test_what_came_and_went_unseen_is_not_mentioned(world: World) -> None:
    state = inbox(world).state
    passing = world.run(world.alice.deliver, mail()).id
    world.run(world.alice.items.delete, passing, DeleteMode.DELETED_ITEMS)
    assert seen(inbox(world, state)) == []


def test_a_move_is_a_deletion_here_and_a_creation_there(world: World) -> None:
    item = world.run(world.alice.deliver, mail()).id
    here, there = inbox(world).state, world.alice.items.changes(world.folder("drafts")).state
    world.run(world.alice.items.move, item, world.folder("drafts"))
    assert seen(inbox(world, here)) == [(DELETED, item)]
    assert seen(world.alice.items.changes(world.folder("drafts"), there)) == [(CREATED, item)]


def test_an_item_that_went_and_came_back_is_not_deleted(world: World) -> None:
    item = world.run(world.alice.deliver, mail()).id
    state = inbox(world).state
    world.run(world.alice.items.move, item, world.folder("drafts"))
    world.run(world.alice.items.move, item, world.folder("inbox"))
    assert seen(inbox(world, state)) == [(CREATED, item)]


def test_batches_end_at_the_limit_and_lose_nothing(world: World) -> None:
    ids = [world.run(world.alice.deliver, mail(str(number))).id for number in range(5)]
    # Changed while the client is on its way: it comes later, and is still new to the client.
    world.run(world.alice.items.update, ids[0], read=True)
    batch = inbox(world, limit=2)
    assert batch.more
    world.run(world.alice.items.delete, ids[1], DeleteMode.HARD)
    learnt = seen(batch)
    while batch.more:
        batch = inbox(world, batch.state, 2)
        learnt += seen(batch)
    assert learnt == [
        (CREATED, ids[1]),
        (CREATED, ids[2]),
        (CREATED, ids[3]),
        (CREATED, ids[4]),
        (CREATED, ids[0]),
        (DELETED, ids[1]),
    ]


@pytest.mark.parametrize(
    "state", ["nonsense", "1:2", "2:1:1", "1:a:b", "1:0:99999", "1:0:-1", "1:0:0:", f"1:0:{'9' * 5000}"]
)
def test_a_state_that_is_not_ours_is_refused(world: World, state: str) -> None:
    with pytest.raises(BadState):
        inbox(world, state)


def test_a_folder_that_is_gone_does_not_synchronise(world: World) -> None:
    with pytest.raises(NotFound):
        world.alice.items.changes("nowhere")
