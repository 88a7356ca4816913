"""The recurrence of calendar items and tasks, to and from the parts of an RRULE (RFC 5545 section 3.3.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from attrs import frozen

from protocols.ews.codecs import Codec, parse_integer, parse_moment
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, local, t, text

_DAYS = {
    "Sunday": "SU",
    "Monday": "MO",
    "Tuesday": "TU",
    "Wednesday": "WE",
    "Thursday": "TH",
    "Friday": "FR",
    "Saturday": "SA",
    "Day": "SU,MO,TU,WE,TH,FR,SA",
    "Weekday": "MO,TU,WE,TH,FR",
    "WeekendDay": "SU,SA",
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_INDICES = {"First": "1", "Second": "2", "Third": "3", "Fourth": "4", "Last": "-1"}
_FREQUENCIES = {"Daily": "DAILY", "Weekly": "WEEKLY", "Monthly": "MONTHLY", "Yearly": "YEARLY"}


@frozen
class Recurrence:
    """When something happens again. `rule` holds parts of an RRULE by name (FREQ, INTERVAL, BYDAY, ...).

    `start` is the first day, `end` the last, `count` the number of times; without both it never ends.
    `regenerates` marks a task that is due again so long after it was done: no RRULE can say so.
    """

    rule: Mapping[str, str]
    start: date
    end: date | None = None
    count: int | None = None
    regenerates: bool = False


def _read(node: Element) -> Recurrence:
    if len(node) != 2:
        raise BadDocument("A Recurrence is a pattern and a range.")
    pattern, extent = node
    name = local(pattern).removesuffix("Recurrence").removesuffix("Regeneration")
    readers = {"Absolute": _read_absolute, "Relative": _read_relative}
    period = next((name.removeprefix(prefix) for prefix in readers if name.startswith(prefix)), name)
    if period not in _FREQUENCIES:
        raise BadDocument(f"The element '{local(pattern)}' is not a recurrence pattern.")
    rule = {"FREQ": _FREQUENCIES[period], "INTERVAL": str(parse_integer(text(pattern, "Interval", "1")))}
    rule |= _weekly(pattern) if name == "Weekly" and text(pattern, "DaysOfWeek") else {}
    rule |= readers[name.removesuffix(period)](pattern) if name != period else {}
    if text(pattern, "Month"):
        rule["BYMONTH"] = str(_MONTHS.index(_known(text(pattern, "Month"), _MONTHS)) + 1)
    return Recurrence(rule, *_extent(extent), regenerates=local(pattern).endswith("Regeneration"))


def _known(word: str, words: Iterable[str]) -> str:
    if word not in words:
        raise BadDocument(f"The value '{word[:40]}' is not known in a recurrence.")
    return word


def _days(pattern: Element) -> str:
    return ",".join(_DAYS[_known(word, _DAYS)] for word in text(pattern, "DaysOfWeek").split())


def _weekly(pattern: Element) -> dict[str, str]:
    first = text(pattern, "FirstDayOfWeek", "Sunday")
    return {"BYDAY": _days(pattern), "WKST": _DAYS[_known(first, _DAYS)]}


def _read_absolute(pattern: Element) -> dict[str, str]:
    day = parse_integer(text(pattern, "DayOfMonth"))
    if day <= 28:
        return {"BYMONTHDAY": str(day)}
    # In a month that is too short EWS means its last day; an RRULE would skip the month.
    return {"BYMONTHDAY": ",".join(map(str, range(28, day + 1))), "BYSETPOS": "-1"}


def _read_relative(pattern: Element) -> dict[str, str]:
    index = _INDICES[_known(text(pattern, "DayOfWeekIndex"), _INDICES)]
    return {"BYDAY": _days(pattern), "BYSETPOS": index}


def _extent(node: Element) -> tuple[date, date | None, int | None]:
    start = parse_moment(text(node, "StartDate")).date()
    match local(node):
        case "NoEndRecurrence":
            return start, None, None
        case "EndDateRecurrence":
            return start, parse_moment(text(node, "EndDate")).date(), None
        case "NumberedRecurrence":
            return start, None, parse_integer(text(node, "NumberOfOccurrences"))
    raise BadDocument(f"The element '{local(node)}' is not a recurrence range.")


def _write(name: str, value: Recurrence) -> Element:
    return t(name, _write_pattern(value), _write_extent(value))


def _write_pattern(value: Recurrence) -> Element:
    rule = value.rule
    period = next((name for name, word in _FREQUENCIES.items() if word == rule.get("FREQ")), "")
    interval = t("Interval", rule.get("INTERVAL", "1"))
    if value.regenerates:
        return t(f"{period}Regeneration", interval)
    if period == "Daily":
        return t("DailyRecurrence", interval)
    if period == "Weekly":
        first = t("FirstDayOfWeek", _names(rule.get("WKST", "MO")))
        return t("WeeklyRecurrence", interval, t("DaysOfWeek", _names(rule.get("BYDAY", ""))), first)
    month = t("Month", _MONTHS[int(rule.get("BYMONTH", value.start.month)) - 1]) if period == "Yearly" else None
    every = None if period == "Yearly" else interval
    if "BYDAY" in rule:
        index, days = _relative(rule)
        return t(f"Relative{period}Recurrence", every, t("DaysOfWeek", days), t("DayOfWeekIndex", index), month)
    day = rule.get("BYMONTHDAY", str(value.start.day)).rpartition(",")[2]
    return t(f"Absolute{period}Recurrence", every, t("DayOfMonth", day.replace("-1", "31")), month)


def _names(days: str) -> str:
    return " ".join(name for name, day in _DAYS.items() if day in days.split(","))


def _relative(rule: Mapping[str, str]) -> tuple[str, str]:
    """Return index and days, also of the form `BYDAY=2TU` that others write."""
    position = rule.get("BYSETPOS") or rule["BYDAY"].rstrip("ADEFHMORSTUW") or "1"
    days = rule["BYDAY"].lstrip("+-0123456789")
    index = next((name for name, number in _INDICES.items() if number == position.lstrip("+")), "First")
    whole = next((name for name, day in _DAYS.items() if set(day.split(",")) == set(days.split(","))), "")
    return index, whole or _names(days).partition(" ")[0]


def _write_extent(value: Recurrence) -> Element:
    start = t("StartDate", f"{value.start.isoformat()}Z")
    if value.end is not None:
        return t("EndDateRecurrence", start, t("EndDate", f"{value.end.isoformat()}Z"))
    if value.count is not None:
        return t("NumberedRecurrence", start, t("NumberOfOccurrences", str(value.count)))
    return t("NoEndRecurrence", start)


def _not_comparable(_text: str) -> Any:
    raise Refusal("ErrorUnsupportedPathForQuery")


def _read_calendar(node: Element) -> Recurrence:
    value = _read(node)
    if value.regenerates:
        raise BadDocument("Only tasks regenerate.")
    return value


RECURRENCE = Codec(_read_calendar, _write, _not_comparable)
TASK_RECURRENCE = Codec(_read, _write, _not_comparable)
