"""Calendars of others, their series expanded, as programs write them and as nobody should."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from protocols.components import BadCalendar
from protocols.freebusy import Period, TooMany
from protocols.vevent import Window, busy

BERLIN = (
    "BEGIN:VTIMEZONE", "TZID:Western",
    "BEGIN:STANDARD", "DTSTART:16011028T030000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:16010325T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
    "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT", "END:VTIMEZONE",
)  # fmt: skip
UNTIL_1996 = (
    "BEGIN:VTIMEZONE", "TZID:Western", "BEGIN:STANDARD", "DTSTART:19500101T000000", "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000", "END:STANDARD", "BEGIN:STANDARD", "DTSTART:19810101T000000", "TZOFFSETFROM:+0000",
    "RRULE:FREQ=YEARLY;BYMONTH=1;UNTIL=19960101T000000Z", "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.strptime(f"2027{text}", "%Y%m%d %H:%M")  # noqa: DTZ007 (in UTC)


MARCH = Window(at("0301 00:00"), at("0401 00:00"), 100)


def event(*lines: str, start: str = "DTSTART:20270301T090000Z", end: str = "DTEND:20270301T100000Z") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:1", start, *([end] if end else []), *lines, "END:VEVENT")


def calendar(*lines: str) -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", "")).encode()


def starts(*lines: str, window: Window = MARCH) -> list[str]:
    return [f"{one.start:%m%d %H:%M}" for one in busy(calendar(*lines), window)]


def test_an_event_is_busy_from_its_begin_to_its_end() -> None:
    assert busy(calendar(*event()), MARCH) == [Period(at("0301 09:00"), at("0301 10:00"), "Busy")]
    assert busy(calendar(*event("DURATION:PT30M", end="")), MARCH)[0].end == at("0301 09:30")
    assert starts(*event(start="DTSTART:20270228T090000Z", end="DTEND:20270301T100000Z")) == ["0228 09:00"]
    assert starts(*event(start="DTSTART:20260228T090000Z", end="DTEND:20260301T100000Z")) == []
    assert starts(*event(end="")) == []
    assert starts("BEGIN:VTODO", "UID:2", "END:VTODO") == []


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("STATUS:TENTATIVE", "Tentative"),
        ("STATUS:CONFIRMED", "Busy"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", "OOF"),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", ""),
        ("TRANSP:TRANSPARENT", ""),
        ("status:cancelled", ""),
        ("BEGIN:VALARM\r\nSTATUS:CANCELLED\r\nEND:VALARM", "Busy"),
    ],
)
def test_how_an_event_counts(line: str, status: str) -> None:
    assert [one.status for one in busy(calendar(*event(line)), MARCH)] == ([status] if status else [])


def test_a_series_happens_but_where_it_does_not() -> None:
    """RFC 5545 sections 3.8.4.4 and 3.8.5: by the rule, without EXDATE, with RDATE, and as RECURRENCE-ID moves it."""
    series = event("RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE:20270308T090000Z", "RDATE:20270302T090000Z")
    moved = event("RECURRENCE-ID:20270315T090000Z", start="DTSTART:20270316T120000Z", end="DTEND:20270316T130000Z")
    gone = event("RECURRENCE-ID:20270322T090000Z", "STATUS:CANCELLED")
    assert starts(*series, *moved, *gone) == ["0301 09:00", "0302 09:00", "0316 12:00", "0329 09:00"]


def test_a_series_ends_when_it_says() -> None:
    for until in ("20270302", "20270302T090000Z"):
        assert starts(*event(f"RRULE:FREQ=DAILY;UNTIL={until}")) == ["0301 09:00", "0302 09:00"]
    assert starts(*event("RRULE:FREQ=DAILY;UNTIL=20270302T085959Z")) == ["0301 09:00"]
    assert starts(*event("RRULE:FREQ=DAILY;UNTIL=20200101", start="DTSTART:20190101T090000Z", end="")) == []


def test_a_series_of_long_ago_still_happens() -> None:
    birthday = event("RRULE:FREQ=YEARLY", start="DTSTART;VALUE=DATE:19600305", end="")
    assert busy(calendar(*birthday), MARCH) == [Period(at("0305 00:00"), at("0306 00:00"), "Busy")]
    last = event("RRULE:FREQ=MONTHLY;BYDAY=-1FR", start="DTSTART:19990129T090000Z", end="DURATION:PT1H")
    assert starts(*last) == ["0326 09:00"]


@pytest.mark.parametrize("zone", ["Western", "Europe/Berlin"])
def test_a_series_keeps_its_hour_when_the_clock_changes(zone: str) -> None:
    series = event(
        "RRULE:FREQ=WEEKLY", f'EXDATE;TZID="{zone}":20270316T100000', start=f"DTSTART;TZID={zone}:20260106T100000",
        end=f"DTEND;TZID={zone}:20260106T110000",
    )  # fmt: skip
    assert starts(*BERLIN, *series) == ["0302 09:00", "0309 09:00", "0323 09:00", "0330 08:00"]


def test_a_zone_whose_rules_ended_is_as_they_left_it() -> None:
    assert starts(*UNTIL_1996, *event(start="DTSTART;TZID=Western:20270301T100000", end="DURATION:PT1H")) == [
        "0301 07:00"
    ]


def test_whole_days_and_times_of_no_zone_are_by_the_clock_of_the_calendar() -> None:
    day = event(start="DTSTART;VALUE=DATE:20270328", end="DTEND;VALUE=DATE:20270329")
    found = busy(calendar("X-WR-TIMEZONE:Europe/Berlin", *day), MARCH)
    assert found == [Period(at("0327 23:00"), at("0328 22:00"), "Busy")]
    assert starts("X-WR-TIMEZONE:Europe/Berlin", *event(start="DTSTART:20270301T090000", end="DURATION:PT1H")) == [
        "0301 08:00"
    ]
    assert starts(*day) == ["0328 00:00"]


@pytest.mark.negative
@pytest.mark.parametrize(
    "lines",
    [
        event("RRULE:FREQ=HOURLY"),
        event("RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
        event("RRULE:INTERVAL=1"),
        event("RRULE:FREQ=DAILY;INTERVAL=0"),
        event("RRULE:FREQ=DAILY;INTERVAL=999999"),
        event("RRULE:FREQ=DAILY;BYEASTER=0"),
        event("RRULE:FREQ=DAILY;BYMONTH=13"),
        event("RRULE:FREQ=DAILY;BYDAY=54MO"),
        event("RRULE:FREQ=DAILY;BYDAY=XX"),
        event("RRULE:FREQ=WEEKLY;BYDAY=2MO;WKST=MO,TU"),
        event("RRULE:FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 101)),
        event("RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5"),
        event("RRULE:FREQ=DAILY", start="DTSTART:19260101T000000Z", end="DURATION:PT1H"),
        event(start="DTSTART:20271301T000000Z"),
        event(start="X:", end=""),
        event(start="DTSTART;TZID=Nowhere/Atall:20270301T090000", end=""),
        event(start="DTSTART;TZID=../../etc/passwd:20270301T090000", end=""),
        event("RRULE:FREQ=DAILY", start="DTSTART:00010101T000000Z", end="DTEND:99991231T235959Z"),
        (*BERLIN[:4], "RRULE:FREQ=DAILY", *BERLIN[5:], *event(start="DTSTART;TZID=Western:20270301T090000")),
        (*BERLIN[:5], "TZOFFSETFROM:+9900", *BERLIN[6:], *event(start="DTSTART;TZID=Western:20270301T090000")),
        ("BEGIN:VTIMEZONE", "TZID:A", "END:VTIMEZONE", *event(start="DTSTART;TZID=A:20270301T090000")),
        ("BEGIN:VEVENT",),
        ("END:VCALENDAR", "END:VCALENDAR"),
        ("BEGIN:A",) * 20,
    ],
)  # fmt: skip
def test_what_nobody_should_follow_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(BadCalendar):
        busy(calendar(*lines), MARCH)


def test_what_is_no_calendar_is_refused() -> None:
    for content in (b"BEGIN:VCARD\r\nEND:VCARD", b"BEGIN:VCALENDAR", calendar(*event('DTSTART;A="b:c'))):
        with pytest.raises(BadCalendar):
            busy(content, MARCH)


def test_more_than_anybody_wants_is_not_told() -> None:
    with pytest.raises(TooMany):
        busy(calendar(*event("RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8")), MARCH)


NEVER = (
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
    "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYSETPOS=300;BYMONTH=6",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU;BYYEARDAY=60",
)


@pytest.mark.negative
@pytest.mark.parametrize("rule", NEVER)
@pytest.mark.parametrize("number", [1, 200])
def test_what_never_happens_is_given_up_soon(rule: str, number: int) -> None:
    content = calendar(*event(f"RRULE:{rule}", start="DTSTART:19280301T090000Z", end="DURATION:PT1H") * number)
    begun = time.process_time()
    try:
        assert busy(content, MARCH) == []
    except TooMany:
        assert number > 1
    assert time.process_time() - begun < (3 if number == 1 else 8)


ALL_DAYS = "BYDAY=MO,TU,WE,TH,FR,SA,SU"
EACH_HOUR = f"BYMONTH=1,2,4,5,6,7,8,9,10,11,12;{ALL_DAYS};BYHOUR={','.join(map(str, range(24)))}"


@pytest.mark.negative
@pytest.mark.parametrize(
    "rule",
    [
        *(f"FREQ={frequency};{EACH_HOUR}" for frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
        f"FREQ=YEARLY;BYMONTH=2;{ALL_DAYS};BYSETPOS={','.join(map(str, range(267, 367)))}",
        f"FREQ=MONTHLY;{ALL_DAYS};BYSETPOS={','.join(map(str, range(267, 367)))}",
    ],
)
def test_what_happens_all_the_time_is_given_up_soon_as_well(rule: str) -> None:
    content = calendar(*event(f"RRULE:{rule}", start="DTSTART:19280401T090000Z", end="DURATION:PT1H") * 50)
    begun = time.process_time()
    with pytest.raises(TooMany):
        busy(content, MARCH)
    assert time.process_time() - begun < 8  # a tenth of it; uncounted, twice as much


@pytest.mark.negative
@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_what_somebody_writes_into_a_text_is_no_line_of_the_calendar(separator: str) -> None:
    """Whoever invites writes the subject."""
    subject = f"SUMMARY:Lunch{separator}DTSTART:20270302T090000Z{separator}END:VCALENDAR"
    lines = ("BEGIN:VEVENT", subject, *event()[1:])
    assert starts(*lines) == starts(*event())
