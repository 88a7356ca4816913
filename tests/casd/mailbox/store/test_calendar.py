from __future__ import annotations

from datetime import UTC, datetime

import pytest

from casd.mailbox.store.calendar import read_appointment, read_task
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.kinds import KINDS
from casd.mailbox.store.values import Kind
from tests.casd.mailbox.store.world import APPOINTMENT, TASK


def event(*lines: str) -> bytes:
    body = "".join(f"{line}\r\n" for line in lines)
    return f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{body}END:VEVENT\r\nEND:VCALENDAR\r\n".encode()


def test_an_appointment_has_its_columns() -> None:
    extract = read_appointment(APPOINTMENT)
    assert extract.columns == {
        "subject": "Planning",
        "uid": "meeting-1",
        "status": "",
        "start": datetime(2024, 7, 1, 8, tzinfo=UTC),
        "end": datetime(2024, 7, 1, 9, tzinfo=UTC),
        "all_day": False,
        "recurring": True,
        "location": "Room 5",
        "busy": "busy",
        "sender": "Alice <alice@example.org>",
        "to": "Bob <bob@example.org>",
        "cc": "carol@example.org",
        "bcc": "",
        "preview": "Bring coffee",
    }
    assert extract.defaults == {"importance": 2, "sensitivity": 2, "categories": ("Red", "Work")}


def test_a_day_lasts_from_midnight_to_midnight() -> None:
    columns = read_appointment(event("DTSTART;VALUE=DATE:20240101")).columns
    assert columns["all_day"]
    assert (columns["start"], columns["end"]) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))


def test_a_floating_time_is_taken_as_utc() -> None:
    columns = read_appointment(event("DTSTART:20240101T100000", "DTEND:20240101T113000")).columns
    assert (columns["start"].hour, columns["end"]) == (10, datetime(2024, 1, 1, 11, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "busy"),
    [
        ("TRANSP:TRANSPARENT", "free"),
        ("TRANSP:OPAQUE", "busy"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", "oof"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:nonsense", "busy"),
    ],
)
def test_busy_is_said_in_two_ways(line: str, busy: str) -> None:
    assert read_appointment(event("DTSTART:20240101T100000Z", line)).columns["busy"] == busy


@pytest.mark.parametrize(("priority", "importance"), [("0", 1), ("1", 2), ("4", 2), ("5", 1), ("9", 0), ("x", 1)])
def test_priority_becomes_importance(priority: str, importance: int) -> None:
    extract = read_appointment(event("DTSTART:20240101T100000Z", f"PRIORITY:{priority}"))
    assert extract.defaults["importance"] == importance


def test_the_series_counts_not_its_exceptions() -> None:
    content = APPOINTMENT.replace(
        b"BEGIN:VEVENT",
        b"BEGIN:VEVENT\r\nUID:meeting-1\r\nRECURRENCE-ID:20240702T080000Z\r\nDTSTART:20240702T090000Z\r\n"
        b"SUMMARY:Moved\r\nEND:VEVENT\r\nBEGIN:VEVENT",
        1,
    )
    assert read_appointment(content).columns["subject"] == "Planning"


def test_a_task_has_its_columns() -> None:
    columns = read_task(TASK).columns
    assert (columns["subject"], columns["status"], columns["percent"]) == ("Write report", "IN-PROCESS", 40)
    assert (columns["start"], columns["end"]) == (None, datetime(2024, 8, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        TASK,
        event("SUMMARY:no start"),
        event("DTSTART:nonsense"),
        event("DTSTART:20240101T100000Z", "DTEND:nonsense"),
        event("DTSTART:20240101T100000Z", "DTEND:20240101T110000Z", "DURATION:PT1H"),
        event("DTSTART:PT1H"),
    ],
)
def test_what_is_no_appointment_is_refused(content: bytes) -> None:
    with pytest.raises(BadContent):
        read_appointment(content)


@pytest.mark.parametrize("content", [APPOINTMENT, TASK.replace(b"20240801", b"tomorrow")])
def test_what_is_no_task_is_refused(content: bytes) -> None:
    with pytest.raises(BadContent):
        read_task(content)


def test_content_on_which_the_library_stumbles_is_bad_content() -> None:
    event = b"BEGIN:VEVENT\r\nDTSTART;TZID=Europe:20260101T000000\r\nEND:VEVENT\r\n"
    with pytest.raises(BadContent):
        KINDS[Kind.APPOINTMENT].read(b"BEGIN:VCALENDAR\r\n" + event + b"END:VCALENDAR\r\n")
