"""Tasks: the properties that are in an iCalendar object with a VTODO, read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from icalendar import Component, Todo

from casd.mailbox.ews import ical, zones
from casd.mailbox.ews.columns import STATUSES
from protocols.ews.paths import Path, Property

_CLASSES = {"Normal": None, "Personal": "PRIVATE", "Private": "PRIVATE", "Confidential": "CONFIDENTIAL"}
_PERCENT = "X-CASD-PERCENT"
"""The property that holds all digits of a percentage that is no whole number."""

_FRACTION = re.compile(r"\d{1,3}\.\d{1,9}")
_PRIORITIES = {"Low": 9, "Normal": None, "High": 1}


def read(content: bytes) -> dict[Path, Any]:
    """Return the properties in an iCalendar object with a VTODO. Raises `BadContent`."""
    todo = ical.main(ical.parse(content), "VTODO")
    found = {Property(uri): reader(todo) for uri, reader in _READERS.items()} | {Property("item:MimeContent"): content}
    return {path: value for path, value in found.items() if value is not None}


def write(content: bytes, changes: Mapping[Property, Any], zone: tzinfo = UTC) -> bytes:
    """Return a task with some of its properties changed; None takes one away.

    Without a content it begins as an empty one. Times without an offset are of `zone`.
    """
    calendar = ical.parse(content) if content else ical.new(Todo())
    todo = ical.main(calendar, "VTODO")
    for path, value in changes.items():
        moment = isinstance(value, datetime)
        _WRITERS[path.uri](todo, zones.settle(value, zone) if moment else value)
    _complete(todo, {path.uri: value for path, value in changes.items()})
    return ical.serialise(calendar)


def _day(todo: Component, name: str) -> datetime | None:
    found = ical.value(todo, name)
    return ical.instant(found, UTC) if isinstance(found, date) else None


def _complete(todo: Component, named: Mapping[str, Any]) -> None:
    """Keep status and percentage together, as MS-OXOTASK 2.2.2.2.2 asks."""
    if named.get("task:Status") == "Completed":
        _put_percent(todo, 100)
    elif named.get("task:PercentComplete") == 100:
        ical.put(todo, "STATUS", "COMPLETED")


def _text(name: str, words: Mapping[str, Any] | None = None) -> Callable[[Component, Any], None]:
    return lambda todo, value: ical.put(todo, name, words.get(value) if words else value)


def _put_day(name: str) -> Callable[[Component, Any], None]:
    return lambda todo, value: ical.put(todo, name, value and value.date())


def _put_percent(todo: Component, value: float | None) -> None:
    """Say how much is done; of a fraction, for which PERCENT-COMPLETE has no place, all digits stand beside it."""
    ical.put(todo, "PERCENT-COMPLETE", None if value is None else int(value))
    ical.put(todo, _PERCENT, None if value is None or value == int(value) else f"{value:g}")


def _percent(todo: Component) -> float:
    """Return how much is done, with the fraction that stands beside it if it is still of it."""
    whole, said = ical.number(todo, "PERCENT-COMPLETE"), ical.string(todo, _PERCENT)
    exact = float(said) if _FRACTION.fullmatch(said) else 0.0
    return exact if int(exact) == whole else whole


def _status(todo: Component) -> str:
    status = ical.string(todo, "STATUS")
    return next((name for name, word in STATUSES.items() if word == status), "NotStarted")


_READERS: Mapping[str, Callable[[Component], Any]] = {
    "item:Body": ical.body,
    "item:TextBody": ical.text_body,
    "task:CompleteDate": lambda todo: _day(todo, "COMPLETED"),
    "task:DueDate": lambda todo: _day(todo, "DUE"),
    "task:StartDate": lambda todo: _day(todo, "DTSTART"),
    "task:IsComplete": lambda todo: _status(todo) == "Completed",
    "task:Recurrence": lambda todo: ical.recurrence(todo, UTC),
    "task:Status": _status,
    "task:PercentComplete": _percent,
}
_WRITERS: Mapping[str, Callable[[Component, Any], None]] = {
    "item:Subject": _text("SUMMARY"),
    "item:Body": ical.put_body,
    "item:Sensitivity": _text("CLASS", _CLASSES),
    "item:Importance": _text("PRIORITY", _PRIORITIES),
    "calendar:UID": _text("UID"),
    "calendar:DateTimeStamp": _text("DTSTAMP"),
    "task:DueDate": _put_day("DUE"),
    "task:StartDate": _put_day("DTSTART"),
    "task:CompleteDate": _text("COMPLETED"),
    "task:PercentComplete": _put_percent,
    "task:Status": _text("STATUS", STATUSES),
    "task:Recurrence": lambda todo, value: ical.put_recurrence(todo, value, UTC),
}

READS, URIS = frozenset({*_READERS, "item:MimeContent"}), frozenset(_WRITERS)
"""Properties that `read` knows, and those that a task has a place for."""
