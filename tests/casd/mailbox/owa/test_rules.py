"""Inbox rules, settled in web mail."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from casd.mailbox import rules
from casd.mailbox.rules import Rule
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import World

OFFERS = {"name": " Offers ", "from": ["shop", " "], "subject": ["offer"], "read": True, "categories": ["Money"]}


def listed(browser: Browser) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = browser.act("GetInboxRules").json["rules"]
    return found


def names(browser: Browser) -> list[str]:
    return [rule["name"] for rule in listed(browser)]


def test_a_rule_is_made_listed_switched_off_and_deleted(browser: Browser, world: World) -> None:
    made = browser.act("SaveInboxRule", {**OFFERS, "folder": world.folder("junkemail"), "forward": ["b@x.org"]}).json
    assert listed(browser) == [made]
    assert (made["name"], made["from"], made["read"], made["more"]) == ("Offers", ["shop"], True, False)
    (kept,) = world.run(rules.load, world.alice)
    assert kept.conditions == {"ContainsSenderStrings": ["shop"], "ContainsSubjectStrings": ["offer"]}
    assert kept.actions == {
        "AssignCategories": ["Money"],
        "ForwardToRecipients": ["b@x.org"],
        "MarkAsRead": True,
        "MoveToFolder": world.folder("junkemail"),
    }
    off = browser.act("SaveInboxRule", {"id": made["id"], "enabled": False}).json
    assert off == {**made, "enabled": False}
    assert browser.act("DeleteInboxRule", {"id": made["id"]}).status == 200
    assert listed(browser) == []


def test_a_new_rule_is_tried_last_until_another_order_is_chosen(browser: Browser) -> None:
    ids = [browser.act("SaveInboxRule", {**OFFERS, "name": name}).json["id"] for name in "abc"]
    assert names(browser) == ["a", "b", "c"]
    browser.act("SortInboxRules", {"ids": [ids[2], ids[0]]})
    assert names(browser) == ["c", "a", "b"]
    browser.act("SaveInboxRule", {"id": ids[0], "name": "A"})
    assert names(browser) == ["c", "A", "b"]


def test_what_another_program_has_set_stays(browser: Browser, world: World) -> None:
    conditions = {"HasAttachments": True, "ContainsSenderStrings": ["shop"]}
    actions = {"CopyToFolder": world.folder("drafts"), "MarkImportance": "Low"}
    rule = Rule("1", "Bills", 1, conditions=conditions, exceptions={"SentToMe": True}, actions=actions)
    world.run(rules.save, world.alice, [rule])
    (shown,) = listed(browser)
    assert (shown["more"], shown["important"]) == (True, False)
    browser.act("SaveInboxRule", {**shown, "from": [], "delete": True})
    kept = evolve(rule, conditions={"HasAttachments": True}, actions={**actions, "Delete": True})
    assert world.run(rules.load, world.alice) == [kept]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"name": " "}, 400),
        ({"name": "x" * 256}, 400),
        ({"read": False, "categories": []}, 400),
        ({"forward": ["nobody"]}, 400),
        ({"subject": ["x" * 256]}, 400),
        ({"subject": ["x"] * 101}, 400),
        ({"folder": "nowhere"}, 404),
        ({"id": "nothing"}, 404),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_none_is_kept(
    browser: Browser, values: dict[str, object], status: int
) -> None:
    assert browser.act("SaveInboxRule", {**OFFERS, **values}).status == status
    assert listed(browser) == []


def test_there_are_only_so_many_rules(browser: Browser, world: World) -> None:
    many = [Rule(str(number), "x", number, actions={"Delete": True}) for number in range(rules.MOST)]
    world.run(rules.save, world.alice, many)
    assert browser.act("SaveInboxRule", OFFERS).status == 400


def test_no_rule_is_deleted_that_is_not_there(browser: Browser) -> None:
    assert browser.act("DeleteInboxRule", {"id": "nothing"}).status == 404
