from __future__ import annotations

from datetime import date

import pytest

from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.recurrence import RECURRENCE, TASK_RECURRENCE, Recurrence
from tests.protocols.ews.soap import node, shown

NO_END = "<t:NoEndRecurrence><t:StartDate>2026-03-02Z</t:StartDate></t:NoEndRecurrence>"
MONDAY = date(2026, 3, 2)

PATTERNS = [
    ("<t:DailyRecurrence><t:Interval>3</t:Interval></t:DailyRecurrence>", {"FREQ": "DAILY", "INTERVAL": "3"}),
    (
        (
            "<t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday Friday</t:DaysOfWeek>"
            "<t:FirstDayOfWeek>Sunday</t:FirstDayOfWeek></t:WeeklyRecurrence>"
        ),
        {"FREQ": "WEEKLY", "INTERVAL": "1", "BYDAY": "MO,FR", "WKST": "SU"},
    ),
    (
        "<t:AbsoluteMonthlyRecurrence><t:Interval>2</t:Interval><t:DayOfMonth>15</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
        {"FREQ": "MONTHLY", "INTERVAL": "2", "BYMONTHDAY": "15"},
    ),
    (
        "<t:AbsoluteMonthlyRecurrence><t:Interval>1</t:Interval><t:DayOfMonth>30</t:DayOfMonth></t:AbsoluteMonthlyRecurrence>",
        {"FREQ": "MONTHLY", "INTERVAL": "1", "BYMONTHDAY": "28,29,30", "BYSETPOS": "-1"},
    ),
    (
        (
            "<t:RelativeMonthlyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Weekday</t:DaysOfWeek>"
            "<t:DayOfWeekIndex>Last</t:DayOfWeekIndex></t:RelativeMonthlyRecurrence>"
        ),
        {"FREQ": "MONTHLY", "INTERVAL": "1", "BYDAY": "MO,TU,WE,TH,FR", "BYSETPOS": "-1"},
    ),
    (
        (
            "<t:RelativeYearlyRecurrence><t:DaysOfWeek>Tuesday</t:DaysOfWeek><t:DayOfWeekIndex>Second</t:DayOfWeekIndex>"
            "<t:Month>May</t:Month></t:RelativeYearlyRecurrence>"
        ),
        {"FREQ": "YEARLY", "INTERVAL": "1", "BYDAY": "TU", "BYSETPOS": "2", "BYMONTH": "5"},
    ),
    (
        "<t:AbsoluteYearlyRecurrence><t:DayOfMonth>4</t:DayOfMonth><t:Month>July</t:Month></t:AbsoluteYearlyRecurrence>",
        {"FREQ": "YEARLY", "INTERVAL": "1", "BYMONTHDAY": "4", "BYMONTH": "7"},
    ),
]


@pytest.mark.parametrize(("pattern", "rule"), PATTERNS)
def test_every_pattern_is_a_rule_and_a_pattern_again(pattern: str, rule: dict[str, str]) -> None:
    element = node(f"<t:Recurrence>{pattern}{NO_END}</t:Recurrence>")
    found = RECURRENCE.read(element)
    assert found == Recurrence(rule, MONDAY)
    assert shown(RECURRENCE.write("Recurrence", found)) == shown(element)


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        (
            "<t:EndDateRecurrence><t:StartDate>2026-03-02Z</t:StartDate><t:EndDate>2026-04-01Z</t:EndDate></t:EndDateRecurrence>",
            {"end": date(2026, 4, 1)},
        ),
        (
            (
                "<t:NumberedRecurrence><t:StartDate>2026-03-02Z</t:StartDate>"
                "<t:NumberOfOccurrences>5</t:NumberOfOccurrences></t:NumberedRecurrence>"
            ),
            {"count": 5},
        ),
    ],
)
def test_a_series_ends_by_day_or_by_number(extent: str, expected: dict[str, object]) -> None:
    element = node(f"<t:Recurrence>{PATTERNS[0][0]}{extent}</t:Recurrence>")
    found = RECURRENCE.read(element)
    assert found == Recurrence(PATTERNS[0][1], MONDAY, **expected)  # type: ignore[arg-type]
    assert shown(RECURRENCE.write("Recurrence", found)) == shown(element)


def test_only_a_task_regenerates() -> None:
    pattern = "<t:WeeklyRegeneration><t:Interval>2</t:Interval></t:WeeklyRegeneration>"
    element = node(f"<t:Recurrence>{pattern}{NO_END}</t:Recurrence>")
    found = TASK_RECURRENCE.read(element)
    assert (found.regenerates, found.rule["FREQ"]) == (True, "WEEKLY")
    assert shown(TASK_RECURRENCE.write("Recurrence", found)) == shown(element)
    with pytest.raises(BadDocument):
        RECURRENCE.read(element)


def test_a_rule_as_others_write_it_is_told_too() -> None:
    second = Recurrence({"FREQ": "MONTHLY", "BYDAY": "2TU"}, MONDAY)
    assert "<DaysOfWeek>Tuesday</DaysOfWeek><DayOfWeekIndex>Second<" in shown(RECURRENCE.write("Recurrence", second))
    yearly = Recurrence({"FREQ": "YEARLY"}, MONDAY)
    assert "<DayOfMonth>2</DayOfMonth><Month>March<" in shown(RECURRENCE.write("Recurrence", yearly))


@pytest.mark.parametrize(
    "content",
    [
        "",
        PATTERNS[0][0],
        f"<t:HourlyRecurrence/>{NO_END}",
        f"{PATTERNS[0][0]}<t:SomeRange><t:StartDate>2026-03-02</t:StartDate></t:SomeRange>",
        f"<t:WeeklyRecurrence><t:DaysOfWeek>Someday</t:DaysOfWeek></t:WeeklyRecurrence>{NO_END}",
        f"<t:AbsoluteYearlyRecurrence><t:DayOfMonth>4</t:DayOfMonth><t:Month>Juli</t:Month></t:AbsoluteYearlyRecurrence>{NO_END}",
    ],
)
def test_what_is_no_recurrence_is_a_bad_document(content: str) -> None:
    with pytest.raises(BadDocument):
        RECURRENCE.read(node(f"<t:Recurrence>{content}</t:Recurrence>"))


def test_nothing_compares_with_a_recurrence() -> None:
    with pytest.raises(Refusal):
        RECURRENCE.constant("x")
