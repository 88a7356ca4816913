from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from casd.mailbox.ews import appointments, tasks, zones
from casd.mailbox.store.errors import BadContent
from protocols.ews.paths import Property
from protocols.ews.recurrence import Recurrence
from protocols.ews.values import Address, Attendee, Body
from tests.casd.mailbox.store.world import APPOINTMENT, TASK

TEN = datetime(2026, 7, 1, 10, 0)  # noqa: DTZ001 - by the clock on the wall
HOUR = timedelta(hours=1)


def named(changes: dict[str, Any]) -> dict[Property, Any]:
    return {Property(uri.replace("_", ":")): value for uri, value in changes.items()}


def read(content: bytes) -> dict[str, Any]:
    return {str(path): value for path, value in appointments.read(content).items()}


def write(content: bytes = b"", zone: Any = UTC, **changes: Any) -> bytes:
    return appointments.write(content, named(changes), zone)


def test_a_time_without_an_offset_is_of_the_zone_that_is_said() -> None:
    said = write(calendar_Start=TEN, calendar_End=TEN + HOUR, calendar_StartTimeZone="Romance Standard Time")
    assert b"DTSTART;TZID=Europe/Paris:20260701T100000" in said
    assert b"BEGIN:VTIMEZONE" in said
    found = read(said)
    assert (found["calendar:Start"], found["calendar:Duration"]) == (datetime(2026, 7, 1, 8, 0, tzinfo=UTC), "PT1H")
    assert found["calendar:StartTimeZone"] == found["calendar:EndTimeZone"] == "Romance Standard Time"
    unsaid = write(zone=ZoneInfo("Asia/Tokyo"), calendar_Start=TEN)
    assert read(unsaid)["calendar:Start"] == datetime(2026, 7, 1, 1, 0, tzinfo=UTC)


def test_an_appointment_keeps_its_length_when_only_its_start_moves() -> None:
    content = write(calendar_Start=TEN, calendar_End=TEN + 2 * HOUR)
    moved = read(write(content, calendar_Start=TEN + 5 * HOUR))
    assert moved["calendar:End"] - moved["calendar:Start"] == 2 * HOUR
    longer = read(write(content, calendar_End=TEN + 26 * HOUR))
    assert longer["calendar:Duration"] == "P1DT2H"


def test_whole_days_are_days() -> None:
    content = write(calendar_Start=TEN, calendar_End=TEN + HOUR, calendar_IsAllDayEvent=True)
    assert b"DTSTART;VALUE=DATE:20260701\r\nDTEND;VALUE=DATE:20260702" in content
    assert read(content)["calendar:Duration"] == "P1D"
    timed = write(content, calendar_IsAllDayEvent=False)
    assert b"VALUE=DATE:" not in timed


def test_what_others_wrote_is_told_in_the_words_of_ews() -> None:
    found = read(APPOINTMENT)
    assert found["calendar:Organizer"] == Address("alice@example.org", "Alice")
    assert found["calendar:RequiredAttendees"] == (Attendee(Address("bob@example.org", "Bob")),)
    assert found["calendar:OptionalAttendees"] == (Attendee(Address("carol@example.org")),)
    assert (found["calendar:IsMeeting"], found["calendar:AppointmentState"]) == (True, 1)
    assert found["calendar:Recurrence"] == Recurrence({"FREQ": "DAILY", "COUNT": "3"}, date(2024, 7, 1), None, 3)
    cancelled = read(APPOINTMENT.replace(b"SUMMARY", b"STATUS:CANCELLED\r\nSUMMARY"))
    assert (cancelled["calendar:IsCancelled"], cancelled["calendar:AppointmentState"]) == (True, 5)


def test_people_are_replaced_by_their_role() -> None:
    carol = Attendee(Address("carol@x.org", "Carol"), "Accept")
    content = write(APPOINTMENT, calendar_RequiredAttendees=(carol,), calendar_Organizer=None)
    found = read(content)
    assert found["calendar:RequiredAttendees"] == (carol,)
    assert found["calendar:OptionalAttendees"] == (Attendee(Address("carol@example.org")),)
    assert "calendar:Organizer" not in found
    assert "calendar:OptionalAttendees" not in read(write(content, calendar_OptionalAttendees=None))


def test_texts_status_and_reminder_are_written() -> None:
    content = write(
        calendar_Start=TEN,
        item_Subject="Täg, a; b",
        item_Body=Body("HTML", "<p>rich</p>"),
        item_Importance="High",
        item_Sensitivity="Private",
        item_ReminderIsSet=True,
        calendar_LegacyFreeBusyStatus="Free",
        calendar_Location="Room",
    )
    for line in (b"PRIORITY:1", b"CLASS:PRIVATE", b"TRANSP:TRANSPARENT", b"X-MICROSOFT-CDO-BUSYSTATUS:FREE"):
        assert line in content
    found = read(content)
    assert (found["item:Body"], found["item:TextBody"]) == (Body("HTML", "<p>rich</p>"), Body("Text", "rich"))
    assert (found["item:ReminderIsSet"], found["item:ReminderMinutesBeforeStart"]) == (True, 15)
    assert found["item:ReminderDueBy"] == found["calendar:Start"]
    plain = read(write(content, item_Body=Body("Text", "plain"), item_ReminderMinutesBeforeStart=5))
    assert (plain["item:Body"], plain["item:ReminderMinutesBeforeStart"]) == (Body("Text", "plain"), 5)
    silent = read(write(content, item_ReminderIsSet=False, item_Body=None))
    assert (silent["item:ReminderIsSet"], silent["item:Body"]) == (False, Body("Text", ""))
    assert silent["item:ReminderMinutesBeforeStart"] == 15


def test_a_series_ends_at_the_end_of_its_last_day() -> None:
    rule = Recurrence({"FREQ": "DAILY", "INTERVAL": "1"}, date(2026, 7, 1), date(2026, 7, 9))
    timed = write(calendar_Start=TEN, calendar_StartTimeZone="Tokyo Standard Time", calendar_Recurrence=rule)
    assert b"UNTIL=20260709T145959Z" in timed
    assert read(timed)["calendar:Recurrence"].end == date(2026, 7, 9)
    days = write(calendar_Start=TEN, calendar_IsAllDayEvent=True, calendar_Recurrence=rule)
    assert b"UNTIL=20260709;" in days
    assert read(days)["calendar:Recurrence"].end == date(2026, 7, 9)
    assert "calendar:Recurrence" not in read(write(timed, calendar_Recurrence=None))


@pytest.mark.parametrize("content", [b"nonsense", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", TASK])
def test_what_is_no_appointment_is_bad_content(content: bytes) -> None:
    with pytest.raises(BadContent):
        appointments.read(content)


def test_zones_are_known_by_both_kinds_of_names() -> None:
    assert zones.find("UTC") is zones.find("Etc/UTC") is UTC
    assert zones.find("Europe/Paris") == zones.find("Romance Standard Time")
    assert zones.find("tzone://Microsoft/Custom") is None
    assert zones.find("") is None
    assert (zones.windows(ZoneInfo("Europe/Paris")), zones.windows(None)) == ("Romance Standard Time", "UTC")
    assert zones.windows(ZoneInfo("Europe/Copenhagen")) == "Romance Standard Time"


def test_a_task_is_written_and_read_again() -> None:
    due = datetime(2026, 8, 1, tzinfo=UTC)
    changes = {
        "item_Subject": "do",
        "item_Body": Body("Text", "how"),
        "task_DueDate": due,
        "task_StartDate": TEN,
        "task_Status": "InProgress",
        "task_PercentComplete": 40.0,
    }
    content = tasks.write(b"", named(changes))
    assert b"DUE;VALUE=DATE:20260801" in content
    found = {str(path): value for path, value in tasks.read(content).items()}
    assert (found["task:DueDate"], found["task:Status"], found["task:PercentComplete"]) == (due, "InProgress", 40)
    assert (found["task:IsComplete"], found["item:Body"]) == (False, Body("Text", "how"))


def test_a_fraction_of_a_percent_stays_until_another_program_says_otherwise() -> None:
    content = tasks.write(TASK, named({"task_PercentComplete": 40.25}))
    assert tasks.read(content)[Property("task:PercentComplete")] == 40.25
    other = content.replace(b"PERCENT-COMPLETE:40", b"PERCENT-COMPLETE:50")
    assert tasks.read(other)[Property("task:PercentComplete")] == 50


@pytest.mark.parametrize("change", [{"task_Status": "Completed"}, {"task_PercentComplete": 100.0}])
def test_a_task_that_is_done_is_done_in_every_way(change: dict[str, Any]) -> None:
    found = tasks.read(tasks.write(TASK, named(change)))
    assert (found[Property("task:Status")], found[Property("task:PercentComplete")]) == ("Completed", 100)
    undone = tasks.read(tasks.write(TASK, named({"task_DueDate": None, "task_PercentComplete": None})))
    assert Property("task:DueDate") not in undone
