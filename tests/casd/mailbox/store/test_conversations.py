"""The mails of a mailbox by conversation."""

from __future__ import annotations

from casd.mailbox.store.query import Page
from tests.casd.mailbox.store.world import World, mail


def delivered(world: World, name: str, parent: str = "") -> str:
    headers = {"References": f"<{parent}>"} if parent else {}
    return world.run(world.alice.deliver, mail(name, Message_ID=f"<{name}>" if name else "", **headers)).id


def found(world: World, limit: int = 50, offset: int = 0, folder: str = "inbox") -> list[list[str]]:
    page = world.run(world.alice.conversations.find, world.folder(folder), Page(limit, offset))
    return [[item.subject for item in each.items] for each in page.conversations]


def test_answers_stand_with_what_they_answer_the_newest_first(world: World) -> None:
    delivered(world, "plan")
    delivered(world, "other")
    delivered(world, "re-plan", "plan")
    assert found(world) == [["re-plan", "plan"], ["other"]]


def test_a_page_counts_conversations(world: World) -> None:
    for name in "abc":
        delivered(world, name)
        delivered(world, f"re-{name}", name)
    assert found(world, limit=1, offset=1) == [["re-b", "b"]]
    assert world.run(world.alice.conversations.find, world.folder("inbox"), Page(1)).total == 3


def test_what_is_in_another_folder_is_not_counted_here(world: World) -> None:
    delivered(world, "plan")
    answer = delivered(world, "re-plan", "plan")
    world.run(world.alice.items.move, answer, world.folder("junkemail"))
    assert found(world) == [["plan"]]
    assert found(world, folder="junkemail") == [["re-plan"]]


def test_a_mail_without_an_identifier_is_a_conversation_of_its_own(world: World) -> None:
    for _ in range(2):
        world.run(world.alice.deliver, mail("anonymous"))
    assert found(world) == [["anonymous"], ["anonymous"]]
    assert world.run(world.alice.conversations.find, world.folder("inbox"), Page(1)).total == 2
