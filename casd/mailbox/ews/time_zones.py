"""GetServerTimeZones: the time zones that are known, with when their clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from casd.mailbox.ews import daylight, zones
from casd.mailbox.ews.daylight import Years
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import responses, time_zones
from protocols.ews.codecs import parse_boolean
from protocols.ews.markup import Element, children, m
from protocols.ews.time_zones import Group, Recurring


def get_server_time_zones(_mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetServerTimeZones: those that are known, or of these those asked for."""
    asked = [node.text or "" for node in children(body, "Ids")]
    full = parse_boolean(body.get("ReturnFullTimeZoneData", "true"))
    now = datetime.now(UTC)
    found = [_shown(name, now, full=full) for name in asked or zones.NAMES if name in zones.NAMES]
    message = responses.success("GetServerTimeZones", m("TimeZoneDefinitions", found))
    return responses.answer("GetServerTimeZones", [message])


def _shown(name: str, now: datetime, *, full: bool) -> Element:
    zone = zones.find(name) or UTC
    rules = daylight.rules(zone, now.year)
    present = next(rule for rule in reversed(rules) if rule.first <= now.year)
    groups = tuple(map(_group, rules)) if full else ()
    return time_zones.write(name, _called(name, zone, present.standard), groups)


def _group(years: Years) -> Group:
    summer = max((change.offset for change in years.changes), default=years.standard)
    changes = [
        Recurring(change.offset == summer, change.month, change.weekday, change.week, change.time)
        for change in years.changes
    ]
    return Group(years.first, years.standard, summer, tuple(changes))


def _called(name: str, zone: tzinfo, offset: timedelta) -> str:
    """Return what people call a time zone: how far from UTC it is, and its greatest city."""
    if zone is UTC:
        return "(UTC) Coordinated Universal Time"
    minutes = int(offset.total_seconds()) // 60
    ahead = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    city = str(getattr(zone, "key", name)).rpartition("/")[2].replace("_", " ")
    return f"(UTC{ahead}) {city}"
