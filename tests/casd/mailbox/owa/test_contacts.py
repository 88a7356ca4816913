"""Contacts of web mail."""

from __future__ import annotations

from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import CONTACT, World

DAVE = {"givenName": "Dave", "surname": "Müller", "email": "dave@example.org", "mobile": "+49 1", "notes": "Chess"}


def test_a_contact_is_made_found_changed_and_deleted(browser: Browser) -> None:
    made = browser.act("SaveContact", DAVE).json
    assert (made["name"], made["fileAs"], made["address"]) == ("Dave Müller", "Müller, Dave", "dave@example.org")
    browser.act("SaveContact", {"givenName": "Carol"})
    assert browser.act("FindContact", {"query": "müll"}).json["total"] == 1
    browser.act("SaveContact", {"id": made["id"], "surname": "Maier", "mobile": ""})
    shown = browser.act("GetContact", {"id": made["id"]}).json
    assert (shown["name"], shown["mobile"], shown["notes"]) == ("Dave Maier", "", "Chess")
    browser.act("DeleteItem", {"ids": [made["id"]]})
    assert [each["name"] for each in browser.act("FindContact").json["items"]] == ["Carol"]


def test_a_contact_that_came_otherwise_is_shown_too(browser: Browser, world: World) -> None:
    item = world.run(world.alice.items.create, world.folder("contacts"), "contact", CONTACT)
    shown = browser.act("GetContact", {"id": item.id}).json
    assert (shown["company"], shown["email"], shown["email2"]) == ("Example", "dave@example.org", "dave@home.example")


def test_contacts_are_suggested_as_recipients(browser: Browser) -> None:
    browser.act("SaveContact", DAVE)
    people = browser.act("FindPeople", {"query": "mül"}).json["people"]
    assert people == [{"name": "Dave Müller", "address": "dave@example.org"}]
