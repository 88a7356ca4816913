"""What appointments and tasks have in common in iCalendar (RFC 5545): the object, its texts, its recurrence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from icalendar import Alarm, Calendar, Component, vRecur, vText

from casd.mailbox.ews import zones
from casd.mailbox.store import bombs
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.extract import plain
from protocols.ews.recurrence import Recurrence
from protocols.ews.values import Body

HTML = "X-ALT-DESC"
_ZONE = "X-WR-TIMEZONE"


def parse(content: bytes) -> Calendar:
    """Return an iCalendar object. Raises `BadContent`."""
    try:
        bombs.check(content)
        calendar = Calendar.from_ical(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise BadContent(f"not iCalendar: {error}") from error
    if not isinstance(calendar, Calendar):
        raise BadContent("not one iCalendar object")
    return calendar


@lru_cache(64)
def shared(content: bytes) -> Calendar:
    """Return an iCalendar object that nobody may change: a series is read several times for each answer."""
    return parse(content)


def new(component: Component) -> Calendar:
    """Return an iCalendar object that holds one component."""
    calendar = Calendar()
    calendar.add("PRODID", "-//casd//Mailbox//EN")
    calendar.add("VERSION", "2.0")
    calendar.add_component(component)
    return calendar


def main(calendar: Calendar, name: str) -> Component:
    """Return the component that is no exception of another. Raises `BadContent`."""
    found = calendar.walk(name)
    if not found:
        raise BadContent(f"the iCalendar object holds no {name}")
    return next((component for component in found if "RECURRENCE-ID" not in component), found[0])


def put(component: Component, name: str, value: Any, parameters: Mapping[str, str] | None = None) -> None:
    """Give a property one value in place of what it has; None takes it away."""
    component.pop(name, None)
    if value is not None:
        component.add(name, value, parameters=dict(parameters or {}))


def string(component: Component, name: str) -> str:
    """Return a property as text, empty if it is absent."""
    value = component.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def value(component: Component, name: str) -> Any:
    """Return a date, time or number as a value, None if it is absent or malformed."""
    try:
        return component.decoded(name, None)
    except (ValueError, TypeError):
        return None


def moment(component: Component, name: str) -> datetime | None:
    """Return a DATE-TIME in UTC, None if it is absent or something else."""
    found = value(component, name)
    return instant(found, UTC) if isinstance(found, datetime) else None


def number(component: Component, name: str) -> int:
    """Return a whole number, 0 if it is absent or something else."""
    found = value(component, name)
    return found if isinstance(found, int) else 0


def end(event: Component) -> Any:
    """Return DTEND, or what stands in its place (RFC 5545 section 3.6.1), in the form that DTSTART has."""
    return getattr(event, "end", None) or value(event, "DTSTART")


def body(component: Component) -> Body:
    """Return the description, as HTML where there is one."""
    if markup := string(component, HTML):
        return Body("HTML", markup)
    return Body("Text", string(component, "DESCRIPTION"))


def text_body(component: Component) -> Body:
    """Return the description without markup."""
    return Body("Text", string(component, "DESCRIPTION") or plain(string(component, HTML)))


def put_body(component: Component, new_body: Body | None) -> None:
    """Replace the description; beside HTML its plain text stands, for those who read no HTML."""
    markup = new_body.text if new_body and new_body.type == "HTML" else None
    put(component, HTML, None if markup is None else vText(markup), {"FMTTYPE": "text/html"})
    put(component, "DESCRIPTION", new_body and (new_body.text if markup is None else plain(markup)))


def instant(moment: date, zone: tzinfo) -> datetime:
    """Return a DATE or DATE-TIME in UTC: a day begins, and a floating time is taken, in `zone`."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def reminder(component: Component) -> int | None:
    """Return how many minutes before its start an item reminds of itself, None if it does not."""
    for alarm in component.walk("VALARM"):
        if isinstance(trigger := value(alarm, "TRIGGER"), timedelta):
            return max(0, -int(trigger.total_seconds()) // 60)
    return None


def put_reminder(component: Component, minutes: int | None) -> None:
    """Set, move or end the reminder."""
    component.subcomponents[:] = [inner for inner in component.subcomponents if inner.name != "VALARM"]
    if minutes is not None:
        alarm = Alarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", "Reminder")
        alarm.add("TRIGGER", timedelta(minutes=-minutes))
        component.add_component(alarm)


def recurrence(component: Component, zone: tzinfo) -> Recurrence | None:
    """Return when a series happens; None for no series, or one that EWS has no words for."""
    rule = component.get("RRULE")
    if not isinstance(rule, vRecur) or str(rule.get("FREQ", [""])[0]).upper() not in _FREQUENCIES:
        return None
    until, count = (next(iter(rule.get(name, ())), None) for name in ("UNTIL", "COUNT"))
    parts = {name.upper(): ",".join(map(str, values)) for name, values in rule.items()}
    start = value(component, "DTSTART") or value(component, "DUE")
    if start is None:
        return None
    end = until and (until.astimezone(zone) if isinstance(until, datetime) and until.tzinfo else until)
    last = end.date() if isinstance(end, datetime) else end
    return Recurrence(parts, start.date() if isinstance(start, datetime) else start, last, count)


_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def put_recurrence(component: Component, wanted: Recurrence | None, zone: tzinfo) -> None:
    """Make a series of an item, another one, or none."""
    component.pop("RRULE", None)
    if wanted is None:
        return
    parts: dict[str, Any] = {name: text.split(",") for name, text in wanted.rule.items()}
    if wanted.count is not None:
        parts["COUNT"] = [wanted.count]
    elif wanted.end is not None:
        last = datetime.combine(wanted.end, time(23, 59, 59), zone).astimezone(UTC)
        parts["UNTIL"] = [last if isinstance(value(component, "DTSTART"), datetime) else wanted.end]
    component.add("RRULE", vRecur(parts))


def zone_of(calendar: Calendar, component: Component, default: tzinfo = UTC) -> tzinfo:
    """Return the time zone of an item's start: its own, else that in which the days of its calendar begin."""
    own: tzinfo | None = getattr(value(component, "DTSTART"), "tzinfo", None)
    return own or zones.find(string(calendar, _ZONE) or "?") or default


def put_day_zone(calendar: Calendar, name: str | None) -> None:
    """Say in which time zone the days of a calendar begin."""
    put(calendar, _ZONE, name)


def serialise(calendar: Calendar) -> bytes:
    """Return an iCalendar object as bytes, with a VTIMEZONE for each time zone that it names."""
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content
