"""What an open page is told."""

from __future__ import annotations

import json
from typing import Any

from casd.mailbox.owa.events import BEAT
from tests.casd.mailbox.owa.conversation import Browser, Connection
from tests.casd.mailbox.store.world import World, mail


def listening(browser: Browser) -> Connection:
    connection = Connection(browser)
    connection.send("GET", "/owa/ev.owa2", b"", {})
    return connection


def told(connection: Connection) -> list[Any]:
    return [json.loads(line) for line in connection.answer().body.splitlines()]


def test_the_stream_begins_at_once_with_a_beat(browser: Browser) -> None:
    connection = listening(browser)
    answer = connection.answer()
    assert answer.header("content-type") == "application/x-ndjson"
    assert answer.header("cache-control") == "no-store"
    assert told(connection) == [{}]


def test_new_mail_is_told_with_its_folder(browser: Browser, world: World) -> None:
    connection = listening(browser)
    item = world.run(world.alice.deliver, mail())
    assert {"folders": [world.folder("inbox")], "item": item.id, "new": item.id} in told(connection)


def test_a_move_names_both_folders(browser: Browser, world: World) -> None:
    item = world.run(world.alice.deliver, mail())
    connection = listening(browser)
    world.run(world.alice.items.move, item.id, world.folder("junkemail"))
    assert told(connection)[-1]["folders"] == [world.folder("junkemail"), world.folder("inbox")]


def test_a_beat_follows_a_beat(browser: Browser) -> None:
    connection = listening(browser)
    browser.clock.advance(BEAT)
    browser.clock.advance(BEAT)
    assert told(connection) == [{}, {}, {}]


def test_nothing_goes_on_when_the_page_is_gone(browser: Browser, world: World) -> None:
    connection = listening(browser)
    connection.lose()
    assert browser.clock.getDelayedCalls() == []
    world.run(world.alice.deliver, mail())
    assert browser.failures == []


def test_the_stream_ends_properly_when_the_database_leaves(browser: Browser, world: World) -> None:
    connection = listening(browser)
    world.database.dismount()
    assert connection.transport.value().endswith(b"0\r\n\r\n")
    assert browser.failures == []
