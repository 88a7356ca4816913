"""Free and busy times of iCalendar, as servers write them and as nobody should."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from protocols.freebusy import BadFreeBusy, Period, TooMany, Wanted, ask, read


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def calendar(*lines: str) -> bytes:
    wrapped = ("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VFREEBUSY", *lines, "END:VFREEBUSY", "END:VCALENDAR")
    return "\r\n".join(wrapped).encode()


def test_7_4_times_are_read_by_their_begin_with_how_they_count() -> None:
    """RFC 5545 section 3.8.2.6: several in a line, with an end or a length, folded anywhere."""
    content = calendar(
        "DTSTART:20270301T000000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20270302T090000Z/20270303T090000Z",
        "FREEBUSY:20270301T090000Z/PT1H30M,20270301T120000Z/20270301T13\r\n 0000Z",
        "FREEBUSY;FBTYPE=FREE:20270301T100000Z/PT8H",
        'freebusy;X-A=b;fbtype="busy-tentative":20270301T150000Z/P1D',
        "FREEBUSY;FBTYPE=X-LUNCH:20270305T110000Z/P1W",
        "FREEBUSY:20270305T110000Z/PT0S",
        "FREEBUSYNESS:nonsense",
    )
    assert read(content, 10) == [
        Period(at(1, 9), at(1, 10, 30), "Busy"),
        Period(at(1, 12), at(1, 13), "Busy"),
        Period(at(1, 15), at(2, 15), "Tentative"),
        Period(at(2, 9), at(3, 9), "OOF"),
        Period(at(5, 11), at(12, 11), "Busy"),
    ]
    assert read(calendar().replace(b"\r\n", b"\n"), 10) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR",
        b"<html>Sign in</html>",
        *(
            calendar(f"FREEBUSY:{value}")
            for value in (
                *("", "x", "20270301T090000Z", "20270301T090000Z/", "20270301T090000/20270301T100000"),
                *("20270301T090000Z/P", "20270301T090000Z/PT", "20270301T090000Z/-PT1H", "20271301T090000Z/PT1H"),
                *("99991231T235959Z/P999W", "20270301T090000Z/PT" + "9" * 100_000 + "S"),
            )
        ),
    ],
)
def test_what_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(BadFreeBusy):
        read(content, 10)


@pytest.mark.negative
def test_more_times_than_anybody_wants_are_not_read() -> None:
    begun = time.process_time()
    for lines in (["FREEBUSY:20270301T090000Z/PT1H"] * 11, ["FREEBUSY:" + "20270301T090000Z/PT1H," * 50_000]):
        with pytest.raises(TooMany):
            read(calendar(*lines), 10)
    read(calendar(*["\r\n "] * 300_000), 10)
    assert time.process_time() - begun < 1


def test_a_question_names_all_who_are_asked_in_lines_that_are_short_enough() -> None:
    """RFC 5546 section 3.3.2."""
    guest = "a" * 70 + "é@example.org"
    document = ask(Wanted("me", ["bob@example.org", guest], at(1, 0), at(2, 0), "u1", at(1, 8))).decode()
    assert "\r\nATTENDEE:mailto:bob@example.org\r\n" in document
    assert document.replace("\r\n ", "").count(guest) == 1
    assert all(len(line.encode()) <= 75 for line in document.split("\r\n"))
    assert "DTSTART:20270301T000000Z\r\nDTEND:20270302T000000Z\r\nORGANIZER:mailto:me\r\n" in document
