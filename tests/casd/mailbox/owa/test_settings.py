"""A person's settings."""

from __future__ import annotations

import pytest

from tests.casd.mailbox.owa.conversation import Browser


def test_settings_begin_with_what_suits_most_and_keep_what_was_chosen(browser: Browser) -> None:
    first = browser.act("GetSettings").json
    assert first["mailbox"] == {"address": "alice@example.org", "name": "Alice"}
    assert (first["settings"]["language"], first["settings"]["conversations"]) == ("", True)
    browser.act("UpdateSettings", {"language": "de", "zone": "Europe/Berlin"})
    browser.act("UpdateSettings", {"conversations": False, "firstDay": 0, "theme": "dark"})
    kept = browser.act("GetSettings").json["settings"]
    assert (kept["language"], kept["zone"], kept["conversations"]) == ("de", "Europe/Berlin", False)
    assert (kept["firstDay"], kept["theme"]) == (0, "dark")


@pytest.mark.negative
def test_a_signature_is_cleaned(browser: Browser) -> None:
    told = browser.act("UpdateSettings", {"signature": '<b>Alice</b><script>alert(1)</script><img src="javascript:1">'})
    assert told.json["settings"]["signature"] == "<b>Alice</b><img>"


def test_categories_have_names_and_known_colours(browser: Browser) -> None:
    told = browser.act("UpdateSettings", {"categories": [{"name": " To  do ", "colour": "teal"}]}).json
    assert told["settings"]["categories"] == [{"name": "To do", "colour": "teal"}]


def test_working_hours_are_kept_by_the_clock_of_a_zone(browser: Browser) -> None:
    usual = {"days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "start": "08:00", "end": "17:00"}
    assert browser.act("GetSettings").json["settings"]["hours"] == {**usual, "zone": ""}
    chosen = {"days": ["Saturday", "Sunday"], "start": "06:30", "end": "23:59", "zone": "Europe/Vienna"}
    told = browser.act("UpdateSettings", {"hours": chosen}).json["settings"]["hours"]
    assert told == {**chosen, "days": ["Sunday", "Saturday"]}
    browser.act("UpdateSettings", {"theme": "dark"})
    assert browser.act("GetSettings").json["settings"]["hours"] == told


WORK = {"days": ["Monday"], "start": "08:00", "end": "17:00", "zone": "UTC"}


@pytest.mark.parametrize(
    "values",
    [
        {"language": "xx"},
        {"zone": "Mars/Olympus"},
        {"zone": "../etc/passwd"},
        {"theme": "pink"},
        {"firstDay": 7},
        {"signature": "x" * 100_000},
        {"categories": [{"name": "", "colour": "red"}]},
        {"categories": [{"name": "x", "colour": "pink"}]},
        {"theme": "dark", "hours": []},
        {"theme": "dark", "hours": {**WORK, "days": []}},
        {"theme": "dark", "hours": {**WORK, "days": ["Someday"]}},
        {"theme": "dark", "hours": {**WORK, "start": "17:00"}},
        {"theme": "dark", "hours": {**WORK, "end": "noon"}},
        {"theme": "dark", "hours": {**WORK, "zone": ""}},
        {"theme": "dark", "hours": {**WORK, "zone": "../etc/passwd"}},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(browser: Browser, values: dict[str, object]) -> None:
    before = browser.act("GetSettings").json
    assert browser.act("UpdateSettings", values).status == 400
    assert browser.act("GetSettings").json == before
