"""A full mailbox in web mail."""

from __future__ import annotations

import pytest

from casd.mailbox.store.quota import Quota
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.owa.test_calendar import MONDAY
from tests.casd.mailbox.store.world import World, mail

LETTER = {"subject": "Half", "text": "one", "to": [{"address": "bob@example.org"}]}


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("SaveItem", LETTER),
        ("SendItem", LETTER),
        ("SaveAppointment", MONDAY),
        ("SendInvitations", MONDAY),
        ("SaveContact", {"givenName": "Dave"}),
        ("SaveTask", {"subject": "Later"}),
    ],
)
def test_a_full_mailbox_takes_nothing_new(browser: Browser, world: World, action: str, values: object) -> None:
    world.alice.quota = Quota(receive=10)
    refused = browser.act(action, values)
    assert (refused.status, refused.json["error"], browser.sent) == (507, "ErrorQuotaExceeded", [])


@pytest.mark.parametrize(
    ("action", "values", "longer"),
    [
        ("SaveItem", LETTER, {"text": "one " * 500}),
        ("SaveAppointment", MONDAY, {"subject": "one " * 500}),
        ("SaveContact", {"givenName": "Dave"}, {"notes": "one " * 500}),
        ("SaveTask", {"subject": "Later"}, {"body": "one " * 500}),
    ],
)
def test_what_is_in_a_full_mailbox_may_shrink_and_not_grow(
    browser: Browser, world: World, action: str, values: dict[str, object], longer: dict[str, object]
) -> None:
    known = {**values, **longer, "id": browser.act(action, values).json["id"]}
    world.alice.quota = Quota(receive=1500)
    assert browser.act(action, known).json["error"] == "ErrorQuotaExceeded"
    world.alice.quota = Quota()
    assert browser.act(action, known).status == 200
    world.alice.quota = Quota(receive=10)
    shorter = dict.fromkeys(longer, "x")
    assert browser.act(action, {**known, **shorter}).status == 200


def test_the_owner_sees_how_full_the_mailbox_is(browser: Browser, world: World) -> None:
    assert browser.act("GetSettings").json["storage"] == {"size": 0, "limit": None}
    item = world.run(world.alice.deliver, mail())
    world.alice.quota = Quota(receive=20_000)
    assert browser.act("GetSettings").json["storage"] == {"size": item.size, "limit": 20_000}
    world.alice.quota = Quota(send=10_000, receive=20_000)
    assert browser.act("GetSettings").json["storage"]["limit"] == 10_000


def test_who_keeps_too_much_sends_nothing_and_loses_no_draft(browser: Browser, world: World) -> None:
    draft = browser.act("SaveItem", LETTER).json["id"]
    world.run(world.alice.deliver, mail())
    world.alice.quota = Quota(send=100)
    assert browser.act("SendItem", {**LETTER, "id": draft}).json["error"] == "ErrorQuotaExceeded"
    assert browser.act("SaveItem", {**LETTER, "id": draft, "subject": "Whole"}).status == 200
    assert browser.sent == []
