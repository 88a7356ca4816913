"""What web mail does with folders and messages."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from casd.mailbox.call import Person as Colleague
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import APPOINTMENT, World, mail


def folders(browser: Browser) -> dict[str, dict[str, Any]]:
    return {folder["name"]: folder for folder in browser.act("FindFolder").json["folders"]}


def subjects(browser: Browser, **values: object) -> list[str]:
    return [item["subject"] for item in browser.act("FindItem", values).json["items"]]


def delivered(world: World, *subjects: str, **headers: str) -> list[str]:
    return [world.run(world.alice.deliver, mail(subject, **headers)).id for subject in subjects]


# Folders


def test_mail_folders_are_listed_with_their_counts_and_whose_they_are(browser: Browser, world: World) -> None:
    delivered(world, "one", "two")
    answer = browser.act("FindFolder").json
    assert answer["mailbox"] == {"address": "alice@example.org", "name": "Alice"}
    found = {folder["distinguished"]: folder for folder in answer["folders"]}
    assert (found["inbox"]["total"], found["inbox"]["unread"]) == (2, 2)
    assert not {"calendar", "contacts", "root", "recoverableitemsroot"} & set(found)


def test_a_folder_is_made_renamed_and_deleted(browser: Browser, world: World) -> None:
    made = browser.act("CreateFolder", {"name": " Projects "}).json
    inner = browser.act("CreateFolder", {"name": "Casd", "parent": made["id"]}).json
    assert inner["parent"] == made["id"]
    browser.act("UpdateFolder", {"folder": made["id"], "name": "Work"})
    assert "Work" in folders(browser)
    browser.act("DeleteFolder", {"folder": made["id"]})
    assert folders(browser)["Work"]["parent"] == world.folder("deleteditems")


def test_emptying_a_folder_moves_its_messages_to_deleted_items(browser: Browser, world: World) -> None:
    delivered(world, "one", "two")
    browser.act("EmptyFolder", {"folder": world.folder("inbox")})
    assert (folders(browser)["Inbox"]["total"], folders(browser)["Deleted Items"]["total"]) == (0, 2)
    browser.act("EmptyFolder", {"folder": world.folder("deleteditems")})
    assert folders(browser)["Deleted Items"]["total"] == 0


# Messages


def test_a_page_of_a_folder_is_listed_newest_first(browser: Browser, world: World) -> None:
    delivered(world, *"abcde")
    answer = browser.act("FindItem", {"folder": world.folder("inbox"), "offset": 1, "limit": 2}).json
    assert [item["subject"] for item in answer["items"]] == ["d", "c"]
    assert (answer["total"], answer["offset"]) == (5, 1)
    assert answer["items"][0]["sender"] == [{"name": "Bob", "address": "bob@example.org"}]


def test_what_is_no_mail_is_not_listed(browser: Browser, world: World) -> None:
    world.run(world.alice.items.create, world.folder("inbox"), "appointment", APPOINTMENT)
    assert subjects(browser, folder=world.folder("inbox")) == []


def test_a_search_looks_into_every_mail_folder(browser: Browser, world: World) -> None:
    _, second = delivered(world, "red apples", "green apples")
    browser.act("MoveItem", {"ids": [second], "folder": world.folder("junkemail")})
    assert subjects(browser, query="apples") == ["green apples", "red apples"]
    assert subjects(browser, query="apples", folder=world.folder("inbox")) == ["red apples"]
    assert subjects(browser, query="subject:green") == ["green apples"]


def test_unread_and_flagged_messages_can_be_listed_alone(browser: Browser, world: World) -> None:
    first, second, _ = delivered(world, "first", "second", "third")
    browser.act("UpdateItem", {"ids": [first, second], "read": True})
    browser.act("UpdateItem", {"ids": [second], "flagged": True})
    assert subjects(browser, unread=True) == ["third"]
    assert subjects(browser, flagged=True) == ["second"]
    browser.act("UpdateItem", {"ids": [second], "flagged": False})
    assert subjects(browser, flagged=True) == []


def test_a_message_is_shown_with_its_people_and_attachments(browser: Browser, world: World) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "Bob <bob@example.org>", "Alice <alice@example.org>, carol@example.org"
    message["Reply-To"] = "list@example.org"
    message.set_content("x")
    message.add_alternative('<img src="cid:i">', "html")
    message.get_payload()[1].add_related(b"i", "image", "png", cid="<i>")
    message.add_attachment(b"12345", "application", "pdf", filename="plan.pdf")
    item = world.run(world.alice.deliver, message.as_bytes())
    shown = browser.act("GetItem", {"id": item.id}).json
    assert shown["from"] == [{"name": "Bob", "address": "bob@example.org"}]
    assert shown["replyTo"] == [{"name": "", "address": "list@example.org"}]
    assert [person["address"] for person in shown["to"]] == ["alice@example.org", "carol@example.org"]
    ((name, size),) = [(file["name"], file["size"]) for file in shown["attachments"]]
    assert (name, size) == ("plan.pdf", 5)
    assert shown["hasAttachments"] is True


def test_messages_that_are_gone_meanwhile_are_named_and_the_others_moved(browser: Browser, world: World) -> None:
    one, two = delivered(world, "one", "two")
    answer = browser.act("MoveItem", {"ids": [one, "gone", two], "folder": "junkemail"})
    assert answer.json == {"missing": ["gone"]}
    assert folders(browser)["Junk Email"]["total"] == 2


def test_a_deleted_message_goes_to_deleted_items_and_then_out_of_sight(browser: Browser, world: World) -> None:
    (one,) = delivered(world, "one")
    browser.act("DeleteItem", {"ids": [one]})
    assert subjects(browser, folder=world.folder("deleteditems")) == ["one"]
    browser.act("DeleteItem", {"ids": [one]})
    assert subjects(browser) == []


# People


def test_people_are_suggested_by_name_and_address_the_most_frequent_first(browser: Browser, world: World) -> None:
    delivered(world, "a", "b", From="Carla Bruni <carla@example.org>")
    delivered(world, "c", From="Bob Carlson <bob@example.org>")
    delivered(world, "d", From="alice@example.org")

    def suggested(query: str) -> list[str]:
        return [person["address"] for person in browser.act("FindPeople", {"query": query}).json["people"]]

    assert suggested("carl") == ["carla@example.org", "bob@example.org"]
    assert suggested("bob c") == ["bob@example.org"]
    assert suggested("alice") == []
    assert suggested("x:y") == []


def test_the_address_book_is_suggested_after_those_one_writes_with(browser: Browser, world: World) -> None:
    delivered(world, "a", From="carl@example.org")
    asked = []

    async def people(words: str, limit: int) -> list[Colleague]:
        asked.append((words, limit))
        return [
            Colleague("Carla@example.org", "Carla"),
            Colleague("Carl@example.org", "Carl", "group"),
            Colleague("alice@example.org", "Carola"),
        ]

    browser.people = people
    assert browser.act("FindPeople", {"query": "Car"}).json["people"] == [
        {"name": "Carl", "address": "carl@example.org"},
        {"name": "Carla", "address": "carla@example.org"},
    ]
    assert asked == [("car", 8)]


def test_whom_the_mailbox_knows_is_suggested_while_the_address_book_is_away(browser: Browser, world: World) -> None:
    delivered(world, "a", From="carl@example.org")

    async def away(_words: str, _limit: int) -> list[Colleague]:
        raise OSError("no front door")

    browser.people = away
    assert [one["address"] for one in browser.act("FindPeople", {"query": "car"}).json["people"]] == [
        "carl@example.org"
    ]


# Search


def test_what_was_searched_for_is_marked_where_it_stands(browser: Browser, world: World) -> None:
    delivered(world, "Golden apples", From="Dave <dave@example.org>")
    (item,) = browser.act("FindItem", {"query": "gold"}).json["items"]
    assert item["marks"]["subject"] == ["", "Golden", " apples"]
    (item,) = browser.act("FindItem", {"query": "from:dave"}).json["items"]
    assert "passage" not in item["marks"]
    (item,) = browser.act("FindItem", {"query": "is:unread"}).json["items"]
    assert item["marks"] == {}


def test_people_and_subjects_are_suggested_to_search_for(browser: Browser, world: World) -> None:
    delivered(world, "Re: Dates in March", From="Dave <dave@example.org>")
    assert browser.act("FindSuggestion", {"query": "da"}).json == {
        "people": [{"name": "Dave", "address": "dave@example.org"}],
        "subjects": ["Dates in March"],
    }
