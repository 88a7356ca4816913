"""Conversations, as web mail shows them."""

from __future__ import annotations

from typing import Any

from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import World, mail


def delivered(world: World, name: str, parent: str = "", sender: str = "bob") -> str:
    headers = {"References": f"<{parent}>"} if parent else {}
    made = mail(name, Message_ID=f"<{name}>", From=f"{sender.title()} <{sender}@example.org>", **headers)
    return world.run(world.alice.deliver, made).id


def rows(browser: Browser, world: World) -> Any:
    return browser.act("FindConversation", {"folder": world.folder("inbox")}).json["items"]


def test_a_row_is_the_newest_message_with_those_that_belong_to_it(browser: Browser, world: World) -> None:
    first = delivered(world, "plan")
    second = delivered(world, "re-plan", "plan", "carol")
    browser.act("UpdateItem", {"ids": [second], "read": True, "addCategories": ["Red"]})
    (row,) = rows(browser, world)
    assert (row["id"], row["ids"], row["count"]) == (second, [second, first], 2)
    assert [person["name"] for person in row["sender"]] == ["Carol", "Bob"]
    assert (row["read"], row["categories"]) == (False, ["Red"])


def test_who_has_written_last_is_named_first(browser: Browser, world: World) -> None:
    for sender in ("bob", "carol", "bob"):
        delivered(world, "plan", "root", sender)
    (row,) = rows(browser, world)
    assert [person["name"] for person in row["sender"]] == ["Bob", "Carol"]


def test_a_conversation_is_read_from_its_beginning_with_ones_own_answers(browser: Browser, world: World) -> None:
    first = delivered(world, "plan")
    saved = browser.act("SaveItem", {"source": first, "verb": "reply", "subject": "Re: plan", "text": "x"}).json
    shown = browser.act("GetConversation", {"id": first}).json["items"]
    assert {item["id"] for item in shown} == {first, saved["id"]}


def test_what_was_thrown_away_is_no_part_of_it_unless_seen_from_there(browser: Browser, world: World) -> None:
    first, second = delivered(world, "plan"), delivered(world, "re-plan", "plan")
    browser.act("DeleteItem", {"ids": [second]})

    def shown(item: str) -> list[str]:
        return [each["id"] for each in browser.act("GetConversation", {"id": item}).json["items"]]

    assert shown(first) == [first]
    assert set(shown(second)) == {first, second}


def test_categories_are_added_and_taken_away(browser: Browser, world: World) -> None:
    item = delivered(world, "plan")
    browser.act("UpdateItem", {"ids": [item], "addCategories": ["Red", "Blue"]})
    browser.act("UpdateItem", {"ids": [item], "addCategories": ["Blue", "Green"], "removeCategories": ["Red"]})
    assert browser.act("GetItem", {"id": item}).json["categories"] == ["Blue", "Green"]
    assert browser.act("FindItem", {"category": "Green"}).json["total"] == 1
    assert browser.act("FindItem", {"category": "Red"}).json["total"] == 0
