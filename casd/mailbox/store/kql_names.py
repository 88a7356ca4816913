"""The names that stand before a colon in a search, each with the test that it makes of its value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

from casd.mailbox.store.query import And, Bits, Compare, Contains, Exists, Filter, Match, Not, Operator
from casd.mailbox.store.values import Flag, Importance, Kind

_COLUMNS = {
    "": "",
    "subject": "{subject} : ",
    "body": "{body} : ",
    "from": "{sender} : ",
    **dict.fromkeys(("to", "cc", "bcc"), "{recipients} : "),
    "recipients": "{recipients} : ",
    "participants": "{sender recipients} : ",
    "people": "{sender recipients} : ",
    "attachment": "{attachments} : ",
    "attachments": "{attachments} : ",
}
"""Columns of the index by name."""

_KINDS = {
    **dict.fromkeys(("email", "emails", "mail", "message", "messages"), Kind.MAIL),
    **dict.fromkeys(("meeting", "meetings", "appointment", "appointments", "calendar"), Kind.APPOINTMENT),
    **dict.fromkeys(("contact", "contacts", "person", "people"), Kind.CONTACT),
    **dict.fromkeys(("task", "tasks"), Kind.TASK),
    **dict.fromkeys(("note", "notes"), Kind.NOTE),
}
_IS: Mapping[str, Filter] = {
    "read": Compare("read", Operator.EQUAL, value=True),
    "unread": Compare("read", Operator.EQUAL, value=False),
    "flagged": Compare("flag", Operator.EQUAL, Flag.FLAGGED),
    "complete": Compare("flag", Operator.EQUAL, Flag.COMPLETE),
    "draft": Compare("draft", Operator.EQUAL, value=True),
    "important": Compare("importance", Operator.EQUAL, Importance.HIGH),
    "recurring": Compare("recurring", Operator.EQUAL, value=True),
}
_YES = frozenset({"true", "yes", "1"})
_HAS: Mapping[str, Filter] = {
    **dict.fromkeys(("attachment", "attachments"), Compare("has_attachments", Operator.EQUAL, value=True)),
    **dict.fromkeys(("flag", "flags"), Bits("flag", 3)),
    **dict.fromkeys(("category", "categories"), Exists("categories")),
}
_IMPORTANCE = {"high": Importance.HIGH, "normal": Importance.NORMAL, "low": Importance.LOW}
_SIZES = {"": 1, "b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmg]?b?)", re.IGNORECASE)
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y")

Test = Callable[[str, str, datetime], Filter | None]
"""(operator, value, now) to a filter; None: it makes no sense."""


def test(name: str, operator: str, value: str, now: datetime, *, phrase: bool) -> Filter:
    """Return what `name operator value` asks for; as words to look for if that makes no sense."""
    found = NAMES[name](operator, value.strip(), now)
    if found is None:
        return words(name if name in _COLUMNS else "", value, phrase=phrase)
    return found


def words(name: str, text: str, *, phrase: bool) -> Filter:
    """Return the look into the index for a word, as a prefix, or for a phrase."""
    if not any(character.isalnum() for character in text):
        return And(())
    quoted = text.replace('"', '""').replace("\0", " ")
    match = Match(f'{_COLUMNS[name]}"{quoted}"{"" if phrase else " *"}')
    return And((match, Contains(name, text.rstrip("*")))) if name in {"cc", "bcc"} else match


def _in_column(_operator: str, _value: str, _now: datetime) -> Filter | None:
    return None


def _has(_operator: str, value: str, _now: datetime) -> Filter | None:
    return _HAS.get(value.lower())


def _has_attachment(_operator: str, value: str, _now: datetime) -> Filter | None:
    return Compare("has_attachments", Operator.EQUAL, value=value.lower() in _YES)


def _is(_operator: str, value: str, _now: datetime) -> Filter | None:
    return _IS.get(value.lower())


def _kind(_operator: str, value: str, _now: datetime) -> Filter | None:
    kind = _KINDS.get(value.lower())
    return Compare("kind", Operator.EQUAL, kind) if kind else None


def _category(_operator: str, value: str, _now: datetime) -> Filter | None:
    return Contains("categories", value) if value else None


def _importance(_operator: str, value: str, _now: datetime) -> Filter | None:
    level = _IMPORTANCE.get(value.lower())
    return None if level is None else Compare("importance", Operator.EQUAL, level)


def _size(operator: str, value: str, _now: datetime) -> Filter | None:
    low, dots, high = value.partition("..")
    if dots:
        least, most = _bytes(low), _bytes(high)
        return None if least is None or most is None else _between("size", least, most)
    number = _bytes(value)
    if number is None:
        return None
    return Compare("size", Operator(operator if operator != ":" else "="), number)


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    unit = found[2].lower()
    return int(float(found[1]) * _SIZES[unit if unit in _SIZES else f"{unit}b"])


def _between(field: str, least: int, most: int) -> Filter:
    return And((Compare(field, Operator.GREATER_OR_EQUAL, least), Compare(field, Operator.LESS_OR_EQUAL, most)))


def _time(field: str) -> Test:
    def test(operator: str, value: str, now: datetime) -> Filter | None:
        low, dots, high = value.partition("..")
        first, last = _days(low, now), _days(high or low, now)
        if first is None or last is None:
            return None
        begin, end = _midnight(first[0], now), _midnight(last[1], now)
        return _compared(field, ":" if dots else operator, begin, end)

    return test


def _compared(field: str, operator: str, begin: datetime, end: datetime) -> Filter:
    """Compare a time with the days from `begin` until just before `end`."""
    if operator in {">", ">="}:
        return Compare(field, Operator.GREATER_OR_EQUAL, end if operator == ">" else begin)
    if operator in {"<", "<="}:
        return Compare(field, Operator.LESS, begin if operator == "<" else end)
    within = And((Compare(field, Operator.GREATER_OR_EQUAL, begin), Compare(field, Operator.LESS, end)))
    return Not(within) if operator == "<>" else within


def _days(text: str, now: datetime) -> tuple[date, date] | None:
    """Return the day that a text names, or the first of several, and the day after."""
    word, today = " ".join(text.lower().split()), now.date()
    named = _named(word, today)
    if named is not None:
        return named
    for form in _DATES:
        try:
            day = datetime.strptime(word, form).replace(tzinfo=now.tzinfo).date()
            return day, day + timedelta(1)
        except (ValueError, OverflowError):
            continue
    return None


def _named(word: str, today: date) -> tuple[date, date] | None:
    monday, first, january = today - timedelta(today.weekday()), today.replace(day=1), today.replace(month=1, day=1)
    before = (first - timedelta(1)).replace(day=1)
    match word:
        case "today":
            return today, today + timedelta(1)
        case "yesterday":
            return today - timedelta(1), today
        case "this week" | "thisweek":
            return monday, monday + timedelta(7)
        case "last week" | "lastweek":
            return monday - timedelta(7), monday
        case "this month" | "thismonth":
            return first, (first + timedelta(32)).replace(day=1)
        case "last month" | "lastmonth":
            return before, first
        case "this year" | "thisyear":
            return january, january.replace(year=today.year + 1)
        case "last year" | "lastyear":
            return january.replace(year=today.year - 1), january
    return None


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time(), now.tzinfo)


NAMES: Mapping[str, Test] = {
    **dict.fromkeys(filter(None, _COLUMNS), _in_column),
    "has": _has,
    "hasattachment": _has_attachment,
    "hasattachments": _has_attachment,
    "is": _is,
    "kind": _kind,
    **dict.fromkeys(("category", "categories"), _category),
    "importance": _importance,
    "size": _size,
    "received": _time("received"),
    "sent": _time("sent"),
    "start": _time("start"),
    **dict.fromkeys(("end", "due"), _time("end")),
}
"""All names that are known, in lower case."""
