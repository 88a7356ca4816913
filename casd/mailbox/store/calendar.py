"""What is in iCalendar content: appointments and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from icalendar import Calendar, Component

from casd.mailbox.store import bombs
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import Extract, extracted
from casd.mailbox.store.mail import display
from casd.mailbox.store.values import Importance

_CLASSES = {"PRIVATE": 2, "CONFIDENTIAL": 3}
_BUSY = frozenset({"free", "tentative", "busy", "oof", "workingelsewhere", "nodata"})
_ROLES = {"OPT-PARTICIPANT": "cc", "NON-PARTICIPANT": "bcc"}


def read_appointment(content: bytes) -> Extract:
    """Return what columns take from the VEVENT that is no exception of another. Raises `BadContent`.

    A series is as private as its most private occurrence: it is shown as a whole, or not at all.
    """
    events = _components(content, "VEVENT")
    event = _main(events)
    columns, defaults = _common(event), _defaults(event)
    if (strictest := max(map(_sensitivity, events))) > defaults["sensitivity"]:
        columns["sensitivity"] = defaults["sensitivity"] = strictest
    columns["end"] = _end(event)
    columns["all_day"] = not isinstance(_value(event, "DTSTART"), datetime)
    columns["recurring"] = "RRULE" in event or "RDATE" in event
    columns["location"] = _string(event, "LOCATION")
    columns["busy"] = _busy(event)
    columns["sender"] = _person(event.get("ORGANIZER"))
    columns |= _attendees(event)
    if columns["start"] is None:
        raise BadContent("the VEVENT has no DTSTART")
    return extracted(columns, _string(event, "DESCRIPTION"), defaults)


def read_task(content: bytes) -> Extract:
    """Return what columns take from a VTODO. Raises `BadContent`."""
    todo = _main(_components(content, "VTODO"))
    columns = _common(todo)
    columns["end"] = _moment(_value(todo, "DUE"))
    columns["recurring"] = "RRULE" in todo
    columns["percent"] = _number(todo, "PERCENT-COMPLETE")
    return extracted(columns, _string(todo, "DESCRIPTION"), _defaults(todo))


def _components(content: bytes, name: str) -> Sequence[Component]:
    try:
        bombs.check(content)
        found: Sequence[Component] = Calendar.from_ical(content).walk(name)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise BadContent(f"not iCalendar: {error}") from error
    if not found:
        raise BadContent(f"the iCalendar object holds no {name}")
    return found


def _main(components: Sequence[Component]) -> Component:
    return next((component for component in components if "RECURRENCE-ID" not in component), components[0])


def _common(component: Component) -> dict[str, Any]:
    return {
        "subject": _string(component, "SUMMARY"),
        "uid": _string(component, "UID"),
        "start": _moment(_value(component, "DTSTART")),
        "status": _string(component, "STATUS"),
    }


def _defaults(component: Component) -> dict[str, Any]:
    return {
        "importance": _importance(_number(component, "PRIORITY")),
        "sensitivity": _sensitivity(component),
        "categories": tuple(_categories(component)),
    }


def _sensitivity(component: Component) -> int:
    return _CLASSES.get(_string(component, "CLASS").upper(), 0)


def _value(component: Component, name: str) -> Any:
    try:
        return component.decoded(name, None)
    except (ValueError, TypeError) as error:
        raise BadContent(f"{name} is malformed") from error


def _moment(value: Any) -> datetime | None:
    """Return an aware time; a date begins at midnight, and a floating time is taken as, UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(tzinfo=UTC))
    if value is None:
        return None
    raise BadContent(f"{value!r} is not a time")


def _end(event: Any) -> datetime | None:
    """Return DTEND, or what RFC 5545 section 3.6.1 puts in its place."""
    try:
        return _moment(event.end)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadContent(f"the VEVENT has no end: {error}") from error


def _string(component: Component, name: str) -> str:
    value = component.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _number(component: Component, name: str) -> int:
    try:
        return int(component.get(name, 0))
    except (ValueError, TypeError):
        return 0


def _categories(component: Component) -> Sequence[str]:
    return [str(category) for line in _several(component.get("CATEGORIES")) for category in line.cats]


def _importance(priority: int) -> int:
    """RFC 5545 section 3.8.1.9: 1 to 4 is high, 5 normal, 6 to 9 low, 0 undefined."""
    if 1 <= priority <= 4:
        return Importance.HIGH
    return Importance.LOW if priority >= 6 else Importance.NORMAL


def _busy(event: Component) -> str:
    said = _string(event, "X-MICROSOFT-CDO-BUSYSTATUS").lower()
    if said in _BUSY:
        return said
    return "free" if _string(event, "TRANSP").upper() == "TRANSPARENT" else "busy"


def _attendees(event: Component) -> dict[str, str]:
    people: dict[str, list[str]] = {"to": [], "cc": [], "bcc": []}
    for attendee in _several(event.get("ATTENDEE")):
        people[_ROLES.get(str(attendee.params.get("ROLE", "")).upper(), "to")].append(_person(attendee))
    return {column: "; ".join(names) for column, names in people.items()}


def _person(value: Any) -> str:
    if value is None:
        return ""
    address = str(value)
    if address.lower().startswith("mailto:"):
        address = address[7:]
    return display(str(value.params.get("CN", "")), address)


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
