"""Automatic replies, settled in web mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casd.mailbox import oof
from casd.mailbox.oof import Oof
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import World

AWAY = {"state": "enabled", "audience": "known", "internal": "Back on Monday.\nAsk Bob & Carol.", "external": "Away"}


def settled(world: World) -> Oof:
    return world.run(oof.load, world.alice)


def test_nothing_is_replied_before_somebody_says_so(browser: Browser) -> None:
    told = browser.act("GetUserOofSettings").json
    assert told == {
        "state": "disabled",
        "audience": "none",
        "start": None,
        "end": None,
        "internal": "",
        "external": "",
    }


def test_what_is_said_while_one_is_away_is_settled_as_text(browser: Browser, world: World) -> None:
    assert browser.act("SetUserOofSettings", AWAY).status == 200
    assert settled(world) == Oof(
        "Enabled", "Known", internal="<div>Back on Monday.<br>Ask Bob &amp; Carol.</div>", external="<div>Away</div>"
    )
    told = browser.act("GetUserOofSettings").json
    assert {name: told[name] for name in AWAY} == AWAY


def test_a_time_of_absence_is_settled(browser: Browser, world: World) -> None:
    times = {"start": "2026-03-02T07:00:00.000Z", "end": "2026-03-09T07:00:00.000Z"}
    browser.act("SetUserOofSettings", {**AWAY, **times, "state": "scheduled"})
    found = settled(world)
    assert (found.start, found.end) == (datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC))
    assert browser.act("GetUserOofSettings").json["end"] == "2026-03-09T07:00:00+00:00"


def test_a_reply_that_is_not_changed_keeps_what_another_program_made_of_it(browser: Browser, world: World) -> None:
    world.run(oof.save, world.alice, Oof(internal="<p>I am <b>away</b></p>"))
    browser.act("SetUserOofSettings", {**browser.act("GetUserOofSettings").json, "state": "enabled"})
    assert settled(world) == Oof("Enabled", internal="<p>I am <b>away</b></p>")


@pytest.mark.parametrize(
    "values",
    [
        {"state": "asleep"},
        {"audience": "friends"},
        {"state": "scheduled"},
        {"state": "scheduled", "start": "2026-03-02T07:00:00Z", "end": "2026-03-02T07:00:00Z"},
        {"start": "tomorrow"},
        {"internal": "x" * 200_000},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_changes(
    browser: Browser, world: World, values: dict[str, object]
) -> None:
    assert browser.act("SetUserOofSettings", {**AWAY, **values}).status == 400
    assert settled(world) == Oof()
