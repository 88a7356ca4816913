"""The calendar of web mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from casd.mailbox.call import Said
from tests.casd.mailbox.owa.conversation import Browser
from tests.casd.mailbox.store.world import APPOINTMENT, World

MONDAY = {"subject": "Planning", "start": "2026-03-02T09:00", "end": "2026-03-02T10:00", "zone": "Europe/Berlin"}


SERIES = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//casd//test//EN\r
BEGIN:VEVENT\r
UID:1\r
DTSTAMP:20260101T000000Z\r
DTSTART;TZID=Europe/Berlin:20260302T090000\r
DTEND;TZID=Europe/Berlin:20260302T100000\r
SUMMARY:Planning\r
RRULE:\r
END:VEVENT\r
END:VCALENDAR\r
"""


def saved(browser: Browser, **values: object) -> str:
    answer = browser.act("SaveAppointment", values)
    assert answer.status == 200, answer.json
    return str(answer.json["id"])


def shown(browser: Browser, start: str = "2026-03-01", end: str = "2026-04-05") -> list[Any]:
    window = {"start": f"{start}T00:00:00Z", "end": f"{end}T00:00:00Z"}
    return list(browser.act("FindAppointment", window).json["items"])


def test_an_appointment_is_made_seen_changed_and_deleted(browser: Browser) -> None:
    item = saved(browser, **MONDAY, location="Room 5", body="Bring coffee", reminder=16, busy="oof")
    (entry,) = shown(browser)
    assert (entry["start"], entry["end"]) == ("2026-03-02T08:00:00+00:00", "2026-03-02T09:00:00+00:00")
    assert (entry["location"], entry["busy"], entry["mine"]) == ("Room 5", "oof", True)
    details = browser.act("GetAppointment", {"id": item}).json
    assert (details["body"], details["reminder"], details["repeat"]) == ("Bring coffee", 15, "")
    saved(browser, id=item, subject="Replanning", reminder=0)
    details = browser.act("GetAppointment", {"id": item}).json
    assert (details["subject"], details["body"], details["reminder"]) == ("Replanning", "Bring coffee", None)
    browser.act("DeleteAppointment", {"id": item})
    assert shown(browser) == []


def test_whole_days_are_dates(browser: Browser) -> None:
    saved(browser, subject="Fair", start="2026-03-04", end="2026-03-06", allDay=True, zone="Pacific/Auckland")
    (entry,) = shown(browser)
    assert (entry["allDay"], entry["start"], entry["end"]) == (True, "2026-03-04", "2026-03-06")


def test_a_series_keeps_its_hour_when_the_clocks_change(browser: Browser) -> None:
    saved(browser, **MONDAY, repeat="WEEKLY", until="2026-03-30")
    starts = [entry["start"] for entry in shown(browser)]
    assert [start[8:13] for start in starts] == ["02T08", "09T08", "16T08", "23T08", "30T07"]


def test_a_series_goes_by_its_own_clock_wherever_it_is_changed(browser: Browser) -> None:
    item = saved(browser, **MONDAY, repeat="WEEKLY", until="2026-03-30")
    new_york = {"id": item, "zone": "America/New_York"}
    saved(browser, **new_york, start="2026-03-02T04:00", end="2026-03-02T05:00")  # ten in Berlin
    assert [entry["start"][8:13] for entry in shown(browser)] == ["02T09", "09T09", "16T09", "23T09", "30T08"]
    last = shown(browser)[-1]["original"]
    saved(browser, **new_york, original=last, start="2026-03-31T20:00", end="2026-03-31T21:00")
    saved(browser, **new_york, subject="Plans", repeat="WEEKLY", start="2026-03-02T04:00", end="2026-03-02T05:00",
          until="2026-03-30")  # fmt: skip
    assert [entry["start"][8:13] for entry in shown(browser)] == ["02T09", "09T09", "16T09", "23T09", "01T00"]


def put_series(world: World, rule: str) -> str:
    """Have a series in the calendar that was made elsewhere."""
    made = SERIES.replace(b"RRULE:", b"RRULE:" + rule.encode())
    return world.run(world.alice.items.create, world.folder("calendar"), "appointment", made).id


@pytest.mark.parametrize(
    ("rule", "until", "days"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3", "2026-03-30", ["02", "16", "30"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4", "2026-03-11", ["02", "04", "09", "11"]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=1", "2026-03-02", ["02"]),
    ],
)
def test_what_a_form_does_not_have_stays(browser: Browser, world: World, rule: str, until: str, days: object) -> None:
    item = put_series(world, rule)
    assert browser.act("GetAppointment", {"id": item}).json["until"] == until
    saved(browser, id=item, subject="Plans", start="2026-03-02T11:00", end="2026-03-02T12:00", zone="Europe/Berlin")
    assert [(entry["subject"], entry["start"][8:13]) for entry in shown(browser)] == [
        ("Plans", f"{day}T{'09' if day == '30' else '10'}")
        for day in days  # type: ignore[attr-defined]
    ]


def test_another_end_changes_nothing_else_of_a_series(browser: Browser, world: World) -> None:
    item = put_series(world, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=2")
    saved(browser, id=item, repeat="WEEKLY", until="2026-03-31")
    assert [entry["start"][8:13] for entry in shown(browser)] == ["02T08", "16T08", "30T07"]
    saved(browser, id=item, repeat="DAILY", until="2026-03-03")
    assert [entry["start"][8:13] for entry in shown(browser)] == ["02T08", "03T08"]
    saved(browser, id=item, repeat="")
    assert [entry["recurring"] for entry in shown(browser)] == [False]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=2", ["03-03", "03-10"]),
        ("FREQ=MONTHLY;BYMONTHDAY=2;COUNT=2", ["03-03", "04-03"]),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2;COUNT=2", ["03-03"]),
        ("FREQ=DAILY;COUNT=2", ["03-03", "03-04"]),
    ],
)
def test_a_series_is_moved_to_another_day(browser: Browser, world: World, rule: str, days: object) -> None:
    item = put_series(world, rule)
    saved(browser, id=item, start="2026-03-03T09:00", end="2026-03-03T10:00", zone="Europe/Berlin")
    assert [entry["start"][5:10] for entry in shown(browser)] == days


def test_one_occurrence_is_moved_twice_and_another_left_out(browser: Browser) -> None:
    item = saved(browser, **MONDAY, repeat="DAILY", until="2026-03-04")
    second, third = (entry["original"] for entry in shown(browser)[1:])
    times = {"zone": "Europe/Berlin", "id": item, "original": second}
    saved(browser, **times, start="2026-03-03T15:00", end="2026-03-03T16:00")
    saved(browser, **times, start="2026-03-03T17:00", end="2026-03-03T18:00", subject="Later")
    browser.act("DeleteAppointment", {"id": item, "original": third})
    assert [(entry["subject"], entry["start"][8:13]) for entry in shown(browser)] == [
        ("Planning", "02T08"),
        ("Later", "03T16"),
    ]
    assert browser.act("GetAppointment", {"id": item, "original": second}).json["subject"] == "Later"


def test_an_appointment_that_came_otherwise_is_shown_too(browser: Browser, world: World) -> None:
    world.run(world.alice.items.create, world.folder("calendar"), "appointment", APPOINTMENT)
    entries = shown(browser, "2024-07-01", "2024-07-09")
    assert [entry["subject"] for entry in entries] == ["Planning"] * 3
    details = browser.act("GetAppointment", {"id": entries[0]["id"], "original": entries[0]["original"]}).json
    assert [(one["name"], one["optional"]) for one in details["attendees"]] == [("Bob", False), ("", True)]
    assert (details["repeat"], details["meeting"]) == ("DAILY", True)


def test_appointments_remind_of_themselves_each_of_a_series(browser: Browser) -> None:
    saved(browser, **MONDAY, repeat="DAILY", reminder=16)
    saved(browser, **{**MONDAY, "subject": "Quiet"}, reminder=0)
    window = {"start": "2026-03-02T07:00:00Z", "end": "2026-03-03T07:00:00Z"}
    found = browser.act("FindReminder", window).json["items"]
    assert [(one["subject"], one["remind"]) for one in found] == [
        ("Planning", "2026-03-02T07:45:00+00:00"),
        ("Planning", "2026-03-03T07:45:00+00:00"),
    ]


def test_what_cannot_be_read_hides_nothing_else(browser: Browser, world: World) -> None:
    saved(browser, subject="Broken", start="2026-03-02", end="2026-03-03", allDay=True)
    world.run(world.alice.journal.connection.execute, "UPDATE content SET bytes = x'00'")
    saved(browser, **MONDAY, reminder=16)
    assert {entry["subject"] for entry in shown(browser)} == {"Broken", "Planning"}
    window = {"start": "2026-03-02T00:00:00Z", "end": "2026-03-03T00:00:00Z"}
    assert [one["subject"] for one in browser.act("FindReminder", window).json["items"]] == ["Planning"]


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("FindAppointment", {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}),
        ("FindReminder", {"start": "2026-01-01T00:00:00Z", "end": "2026-01-09T00:00:00Z"}),
        ("FindAppointment", {"start": "yesterday", "end": "2027-01-01T00:00:00Z"}),
        ("SaveAppointment", {"subject": "x"}),
        ("SaveAppointment", {**MONDAY, "zone": "Mars/Olympus"}),
        ("SaveAppointment", {**MONDAY, "end": "2026-03-01T09:00"}),
        ("SaveAppointment", {**MONDAY, "repeat": "HOURLY"}),
        ("SaveAppointment", {**MONDAY, "attendees": [{"address": "nobody"}]}),
        ("GetFreeBusy", {"start": "2026-01-01", "end": "2026-01-02"}),
        ("GetFreeBusy", {"start": "x", "end": "y"}),
    ],
)
def test_what_makes_no_sense_is_refused(browser: Browser, action: str, values: object) -> None:
    assert browser.act(action, values).status == 400


def test_others_are_asked_when_they_are_busy(browser: Browser) -> None:
    start = datetime(2024, 7, 1, 8, tzinfo=UTC).isoformat()
    times = {"start": start, "end": start.replace("08", "09")}
    events = [{**times, "status": "OOF"}, {**times, "status": "Free"}]
    browser.others["BOB@example.org"] = Said("bob@example.org", "", {"events": events, "working": [times]})
    window = {"start": "2024-07-01T00:00:00+00:00", "end": "2024-07-02T00:00:00+00:00"}
    people = browser.act("GetFreeBusy", {**window, "addresses": ["BOB@example.org", "else@example.org"]}).json["people"]
    assert people == [
        {
            "address": "bob@example.org",
            "busy": [{"start": "2024-07-01T08:00:00+00:00", "end": "2024-07-01T09:00:00+00:00", "busy": "oof"}],
            "working": [times],
        },
        {"address": "else@example.org", "busy": None, "reason": "UserNotFound"},
    ]
    assert browser.asked == [("freebusy", "alice@example.org", window)]
