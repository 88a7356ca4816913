"""Tasks of web mail."""

from __future__ import annotations

from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import TASK, World


def test_a_task_is_made_changed_and_done(browser: Browser) -> None:
    later = browser.act("SaveTask", {"subject": "Later", "due": "2026-05-01"}).json
    browser.act("SaveTask", {"subject": "Sooner", "due": "2026-04-01", "body": "Soon", "importance": 2})
    assert [(task["subject"], task["due"]) for task in browser.act("FindTask").json["items"]] == [
        ("Sooner", "2026-04-01"),
        ("Later", "2026-05-01"),
    ]
    done = browser.act("SaveTask", {"id": later["id"], "done": True, "due": "", "importance": 0}).json
    assert (done["done"], done["due"], done["importance"], done["subject"]) == (True, "", 0, "Later")
    assert browser.act("SaveTask", {"id": later["id"], "done": False}).json["done"] is False


def test_a_task_that_came_otherwise_is_shown_too(browser: Browser, world: World) -> None:
    world.run(world.alice.items.create, world.folder("tasks"), "task", TASK)
    (shown,) = browser.act("FindTask").json["items"]
    assert (shown["subject"], shown["due"], shown["done"]) == ("Write report", "2024-08-01", False)


def test_a_day_that_is_none_is_refused(browser: Browser) -> None:
    assert browser.act("SaveTask", {"subject": "x", "due": "soon"}).status == 400
