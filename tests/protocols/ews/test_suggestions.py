"""Which times are suggested for a meeting, and how that is told."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from protocols.ews import suggestions
from protocols.ews.described_zones import Zone
from protocols.ews.described_zones import parse as parse_zone
from protocols.ews.errors import BadDocument, Fault
from protocols.ews.schema import grammar
from protocols.ews.suggesting import Attendee, suggest
from protocols.ews.suggestions import Conflict, Options
from protocols.ews.working_hours import Period, WorkingHours
from tests.protocols.ews.soap import node, shown

UTC = Zone(0)
MONDAY = datetime(2026, 11, 30)  # noqa: DTZ001 (by the clock on the wall)
BERLIN = parse_zone(
    node(
        "<t:TimeZone><t:Bias>-60</t:Bias>"
        "<t:StandardTime><t:Bias>0</t:Bias><t:Time>03:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>10</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:StandardTime>"
        "<t:DaylightTime><t:Bias>-60</t:Bias><t:Time>02:00:00</t:Time><t:DayOrder>5</t:DayOrder>"
        "<t:Month>3</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek></t:DaylightTime></t:TimeZone>"
    )
)


ALWAYS = WorkingHours(
    UTC, (Period(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), 0, 1440),)
)


def options(days: int = 1, **more: Any) -> Options:
    return evolve(Options(MONDAY, MONDAY + timedelta(days=days)), **more)


def day(busy: str = "", digit: str = "2", **more: Any) -> Attendee:
    """Return an attendee whose Monday is free but for some hours, such as "9-11 14-16"."""
    digits = ["0"] * 48
    for part in busy.split():
        first, last = (round(float(hour) * 2) for hour in part.split("-"))
        digits[first:last] = digit * (last - first)
    return Attendee(("".join(digits),), **more)


def times(*attendees: Attendee, zone: Zone = UTC, **more: Any) -> list[str]:
    """Return the times suggested for Monday, with the letter of their quality."""
    (found,) = suggest(options(**more), zone, attendees)
    return [f"{one.start:%H:%M} {one.quality[0]}" for one in found.suggestions]


def test_times_at_which_all_can_come_are_suggested_first_and_told_in_their_order() -> None:
    assert times(day("8-9 10-17")) == ["09:00 E"]
    assert times(day("8-10 11-17"), day("8-9.5"), most=2, minutes=30) == ["10:00 E", "10:30 E"]
    assert times(day("10-17"), day("8-10"), most=4) == ["08:00 F", "08:30 F", "09:00 F", "10:00 F"]
    assert times(day("8-10 11-17"), day("9-10"), most=3) == ["08:00 F", "10:00 E", "10:30 F"]


@pytest.mark.parametrize(
    ("busy", "good", "quality"),
    [(0, 25, "E"), (1, 25, "G"), (2, 25, "F"), (1, 26, "F"), (1, 50, "F"), (0, 50, "E"), (2, 0, "G"), (3, 0, "P")],
)
def test_7_2_the_quality_is_the_share_of_those_who_can_come(busy: int, good: int, quality: str) -> None:
    """Reference 7.2: f = 100, f >= GoodThreshold + 50, f >= 50, less; here of four."""
    who = [day("0-24")] * busy + [day()] * (4 - busy)
    found = times(*who, good=good, most=1, least="Poor")
    assert found == [f"08:00 {quality}"]


@pytest.mark.parametrize(("least", "count"), [("Excellent", 0), ("Good", 0), ("Fair", 2), ("Poor", 2)])
def test_nothing_worse_is_suggested_than_was_asked_for(least: str, count: int) -> None:
    assert len(times(day("0-24"), day(), least=least, most=2)) == count


def test_who_has_no_data_counts_neither_way() -> None:
    unknown = Attendee()
    assert times(unknown, unknown, day(), most=1) == ["08:00 E"]
    assert times(unknown, day("0-24", "4"), least="Poor", most=1) == ["08:00 P"]
    assert times(Attendee(("0" * 20,)), day(), most=1) == ["08:00 E"]


@pytest.mark.parametrize(("digit", "quality"), [("0", "E"), ("1", "F"), ("2", "F"), ("3", "F"), ("4", "E"), ("5", "E")])
def test_what_a_digit_means(digit: str, quality: str) -> None:
    assert times(day("0-24", digit), day(), most=1) == [f"08:00 {quality}"]


def test_a_time_at_which_somebody_important_is_taken_is_not_suggested() -> None:
    boss = day("8-16", excludes=True)
    assert times(boss, day(), day(), least="Poor") == ["16:00 E"]


def test_beyond_working_hours_only_as_many_are_suggested_as_may_be() -> None:
    assert times(day("8-15.5"), least="Excellent") == ["15:30 E", "16:00 E"]
    assert times(day("8-15.5"), least="Excellent", most_outside=2) == ["00:00 E", "00:30 E", "15:30 E", "16:00 E"]
    assert times(day("8-15.5"), least="Excellent", most_outside=2, most=3) == ["00:00 E", "15:30 E", "16:00 E"]
    assert times(day(), most=0) == []


def test_working_hours_are_those_of_all_who_have_some() -> None:
    early, late = (WorkingHours(UTC, (Period(("Monday", "Friday"), *span),)) for span in ((360, 720), (600, 1080)))
    assert times(day(hours=early), day(hours=late), day()) == ["10:00 E", "10:30 E", "11:00 E"]
    there = WorkingHours(Zone(300), (Period(("Monday",), 480, 600),))
    assert times(day(hours=there)) == ["13:00 E", "13:30 E", "14:00 E"]
    weekend = WorkingHours(UTC, (Period(("Sunday",), 0, 1440),))
    assert times(day(hours=weekend)) == []


def test_7_2_each_day_has_its_quality_also_one_without_a_suggestion() -> None:
    found = suggest(options(7, most=1), UTC, [Attendee(("2" * 48 + "0" * 48 * 6,))])
    assert [one.quality for one in found] == ["Poor", *["Excellent"] * 4, "Poor", "Poor"]
    assert [len(one.suggestions) for one in found] == [0, 1, 1, 1, 1, 0, 0]
    assert [one.date for one in found] == [MONDAY + timedelta(days=number) for number in range(7)]


def test_a_meeting_may_last_into_the_next_day_but_not_beyond_what_is_known() -> None:
    found = suggest(options(2, minutes=120, most=48), UTC, [Attendee(("2" * 46 + "0" * 50,), hours=None)])
    assert found[0].suggestions == ()
    found = suggest(options(2, minutes=120, most=48, most_outside=48), UTC, [Attendee(("2" * 46 + "0" * 50,))])
    assert [str(one.start.time()) for one in found[0].suggestions] == ["23:00:00", "23:30:00"]
    assert str(found[1].suggestions[-1].start.time()) == "22:00:00"


def test_the_time_that_a_meeting_has_is_always_told() -> None:
    current = MONDAY.replace(hour=19, minute=10)
    (found,) = suggest(options(current=current, most=1), UTC, [day("20-21"), day("19-22", excludes=True)])
    told = {str(one.start.time()): (one.quality, one.working, one.conflicts[0].status) for one in found.suggestions}
    assert told == {"19:10:00": ("Poor", False, "Busy")}
    (found,) = suggest(options(current=current - timedelta(days=9)), UTC, [day()])
    assert len(found.suggestions) == 10


def test_each_attendees_conflict_is_told_in_the_order_of_the_request() -> None:
    group = Attendee(("0" * 48, "2" * 48, "", "4" * 48, "1" * 48, "5" * 48), group=True)
    who = (day("9-10", "3"), Attendee(), group, Attendee((), group=True, too_big=True), day(), Attendee((), group=True))
    (found,) = suggest(options(most=1), UTC, who)
    conflicts = (
        *(Conflict("Free"), Conflict(), Conflict(members=6, free=2, busy=2), Conflict(too_big=True)),
        *(Conflict("Free"), Conflict()),
    )
    assert found.suggestions[0].conflicts == conflicts
    assert found.suggestions[0].quality == "Fair"


def test_on_a_day_whose_clock_goes_back_no_time_is_suggested_that_comes_twice() -> None:
    start = datetime(2026, 10, 25)  # noqa: DTZ001 (by the clock on the wall)
    asked = Options(start, start + timedelta(days=1), most=48, most_outside=48, minutes=30)
    (found,) = suggest(asked, BERLIN, [Attendee(("0" * 50,))])
    clocks = [f"{one.start:%H:%M}" for one in found.suggestions]
    assert len(clocks) == len(set(clocks)) == 48
    busy = Attendee(("0" * 8 + "2" * 2 + "0" * 40,))  # from four to five hours after midnight
    (found,) = suggest(evolve(asked, least="Excellent"), BERLIN, [busy])
    assert "03:00" not in {f"{one.start:%H:%M}" for one in found.suggestions}
    assert "04:00" in {f"{one.start:%H:%M}" for one in found.suggestions}


def test_on_a_day_whose_clock_goes_on_times_are_those_of_the_clock() -> None:
    start = datetime(2026, 3, 29)  # noqa: DTZ001 (by the clock on the wall)
    asked = Options(start, start + timedelta(days=1), most=48, most_outside=48, minutes=30)
    (found,) = suggest(asked, BERLIN, [Attendee(("0" * 46,))])
    clocks = [f"{one.start:%H:%M}" for one in found.suggestions]
    assert len(clocks) == 46
    assert not {"02:00", "02:30"} & set(clocks)


_DIGITS = st.text("012345", min_size=48, max_size=48)


@given(
    people=st.lists(st.lists(_DIGITS | st.just(""), min_size=1, max_size=3), min_size=1, max_size=4),
    minutes=st.integers(30, 300),
    good=st.integers(0, 50),
)
def test_7_2_qualities_are_those_of_a_count_minute_by_minute(people: list[list[str]], minutes: int, good: int) -> None:
    asked = options(minutes=minutes, good=good, least="Poor", most=48, most_outside=48)
    who = [Attendee(tuple(rows), group=len(rows) > 1, hours=ALWAYS) for rows in people]
    (found,) = suggest(asked, UTC, who)
    assert len(found.suggestions) == (24 * 60 - minutes) // 30 + 1
    order = "054123"
    for one in found.suggestions:
        first = round((one.start - MONDAY).total_seconds()) // 60
        worst = [
            max((row[minute // 30] for minute in range(first, first + minutes)), key=order.index)
            for rows in people for row in rows if row
        ]  # fmt: skip
        free, busy = (sum(digit in some for digit in worst) for some in ("05", "123"))
        share = 100 * free / (free + busy) if free + busy else 0
        qualities = (("Excellent", share == 100), ("Good", share >= good + 50), ("Fair", share >= 50), ("Poor", True))
        assert one.quality == next(quality for quality, reached in qualities if reached)


@pytest.mark.negative
def test_the_most_that_can_be_asked_for_takes_no_seconds() -> None:
    begun = time.process_time()
    asked = Options(MONDAY, MONDAY + timedelta(days=62), most=48, most_outside=48, minutes=1440, least="Poor")
    suggest(asked, UTC, [Attendee(("012" * 992,))] * 100)
    assert time.process_time() - begun < 5


# On the wire

_WINDOW = (
    "<t:DetailedSuggestionsWindow><t:StartTime>2026-11-30T00:00:00</t:StartTime>"
    "<t:EndTime>2026-12-07T00:00:00</t:EndTime></t:DetailedSuggestionsWindow>"
)


def body(inside: str, before: str = "") -> Any:
    return node(f"<m:GetUserAvailabilityRequest>{before}{inside}</m:GetUserAvailabilityRequest>")


def view(before: str = "", after: str = "", window: str = _WINDOW) -> Any:
    return body(f"<t:SuggestionsViewOptions>{before}{window}{after}</t:SuggestionsViewOptions>")


def test_7_1_what_is_not_said_has_its_default() -> None:
    assert suggestions.parse(view(), UTC) == Options(MONDAY, MONDAY + timedelta(days=7))
    assert suggestions.parse(body(""), UTC) is None


def test_7_1_all_that_can_be_said_is_read() -> None:
    said = {
        "GoodThreshold": 49, "MaximumResultsByDay": 3, "MaximumNonWorkHourResultsByDay": 2,
        "MeetingDurationInMinutes": 90, "MinimumSuggestionQuality": "Poor",
    }  # fmt: skip
    before = "".join(f"<t:{name}>{value}</t:{name}>" for name, value in said.items())
    after = "<t:CurrentMeetingTime>2026-12-01T10:00:00Z</t:CurrentMeetingTime><t:GlobalObjectId>x</t:GlobalObjectId>"
    grammar.check(view(before, after)[0])
    current = datetime(2026, 12, 1, 11)  # noqa: DTZ001 (by the clock on the wall)
    assert suggestions.parse(view(before, after), BERLIN) == Options(
        MONDAY, MONDAY + timedelta(days=7), 49, 3, 2, 90, "Poor", current
    )


@pytest.mark.negative
@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<t:GoodThreshold>51</t:GoodThreshold>", "ErrorInvalidParameter"),
        ("<t:MaximumResultsByDay>49</t:MaximumResultsByDay>", "ErrorInvalidParameter"),
        ("<t:MaximumNonWorkHourResultsByDay>-1</t:MaximumNonWorkHourResultsByDay>", "ErrorInvalidParameter"),
        ("<t:MeetingDurationInMinutes>29</t:MeetingDurationInMinutes>", "ErrorInvalidParameter"),
        ("<t:MeetingDurationInMinutes>x</t:MeetingDurationInMinutes>", "ErrorSchemaValidation"),
        ("<t:MinimumSuggestionQuality>Bad</t:MinimumSuggestionQuality>", "ErrorSchemaValidation"),
        ("<t:CurrentMeetingTime>0001-01-01T00:00:00</t:CurrentMeetingTime>", "ErrorInvalidTimeInterval"),
    ],
)
def test_7_1_what_makes_no_sense_is_refused(inside: str, code: str) -> None:
    with pytest.raises(Fault) as refused:
        suggestions.parse(view(inside), BERLIN)
    assert refused.value.code == code


@pytest.mark.negative
def test_a_window_has_its_bounds() -> None:
    with pytest.raises(BadDocument):
        suggestions.parse(view(window=""), UTC)
    for end, code in (("2026-11-30", "ErrorInvalidTimeInterval"), ("2027-11-30", "ErrorTimeIntervalTooBig")):
        with pytest.raises(Fault, match=code):
            suggestions.parse(view(window=_WINDOW.replace("2026-12-07", end)), UTC)


def test_7_1_whose_conflicts_count_is_read_in_order() -> None:
    email = "<t:Email><t:Address>a@example.org</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType>"
    said = ("", "<t:ExcludeConflicts>true</t:ExcludeConflicts>", "<t:ExcludeConflicts>0</t:ExcludeConflicts>")
    people = "".join(f"<t:MailboxData>{email}{one}</t:MailboxData>" for one in said)
    found = suggestions.excluding(body("", f"<m:MailboxDataArray>{people}</m:MailboxDataArray>"))
    assert found == (False, True, False)


def test_7_2_suggestions_are_written_as_the_schema_has_them() -> None:
    group = Attendee(("0" * 48, "2" * 48, ""), group=True)
    who = (day(), Attendee(), Attendee(too_big=True, group=True), group, day())
    element = suggestions.write(suggest(options(most=1), UTC, who))
    grammar.check(element)
    assert shown(element) == (
        '<SuggestionsResponse><ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>'
        "</ResponseMessage><SuggestionDayResultArray><SuggestionDayResult><Date>2026-11-30T00:00:00</Date>"
        "<DayQuality>Good</DayQuality><SuggestionArray><Suggestion><MeetingTime>2026-11-30T08:00:00</MeetingTime>"
        "<IsWorkTime>true</IsWorkTime><SuggestionQuality>Good</SuggestionQuality><AttendeeConflictDataArray>"
        "<IndividualAttendeeConflictData><BusyType>Free</BusyType></IndividualAttendeeConflictData>"
        "<UnknownAttendeeConflictData/><TooBigGroupAttendeeConflictData/><GroupAttendeeConflictData>"
        "<NumberOfMembers>3</NumberOfMembers><NumberOfMembersAvailable>1</NumberOfMembersAvailable>"
        "<NumberOfMembersWithConflict>1</NumberOfMembersWithConflict>"
        "<NumberOfMembersWithNoData>1</NumberOfMembersWithNoData></GroupAttendeeConflictData>"
        "<IndividualAttendeeConflictData><BusyType>Free</BusyType></IndividualAttendeeConflictData>"
        "</AttendeeConflictDataArray></Suggestion></SuggestionArray></SuggestionDayResult>"
        "</SuggestionDayResultArray></SuggestionsResponse>"
    )
