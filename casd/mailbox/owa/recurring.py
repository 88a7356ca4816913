"""How often an appointment happens: what a form shows of it, and what becomes of it when the form is saved."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from attrs import evolve, frozen

from casd.mailbox.ews import ical, occurrences
from casd.mailbox.ews.soundness import sound
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.owa.moments import wall
from protocols.ews.recurrence import Recurrence

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_EXTENT = frozenset({"COUNT", "UNTIL"})
"""Parts of a rule that say when it ends, which a `Recurrence` has beside them."""


@frozen
class Series:
    """A series: when it happens (None if EWS has no words for that), and by the clock of which zone."""

    rule: Recurrence | None
    zone: tzinfo


@sound
def series(content: bytes) -> Series:
    """Return what a series is. Raises `BadContent`."""
    calendar = ical.shared(content)
    event = ical.main(calendar, "VEVENT")
    zone = ical.zone_of(calendar, event)
    return Series(ical.recurrence(event, zone), zone)


@sound
def shown(content: bytes) -> dict[str, Any]:
    """Return what a form shows. Raises `BadContent`."""
    known = series(content)
    rule = known.rule
    if rule is None:
        return {"repeat": "", "interval": 1, "until": ""}
    last = rule.end
    if rule.count is not None:
        last = max((one.original.astimezone(known.zone).date() for one in occurrences.every(content)), default=None)
    interval = int(rule.rule.get("INTERVAL", "1"))
    return {"repeat": rule.rule["FREQ"], "interval": interval, "until": last.isoformat() if last else ""}


def asked(arguments: Arguments, first: date, known: Recurrence | None) -> Recurrence | None:
    """Return when a series is to happen that begins on a day; of the one there is stays what the form does not have."""
    frequency = arguments.text("repeat")
    if not frequency:
        return None
    if frequency not in _FREQUENCIES:
        raise BadArgument("repeat must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    same = known is not None and known.rule["FREQ"] == frequency
    rule = dict(moved(known, first).rule) if same and known else {"FREQ": frequency, "INTERVAL": "1"}
    if arguments.has("interval"):
        rule["INTERVAL"] = str(arguments.number("interval", 999) or 1)
    if frequency == "WEEKLY":
        days = ",".join(day for day in arguments.texts("days") if day in _DAYS)
        rule["BYDAY"] = days or rule.get("BYDAY") or _DAYS[first.weekday()]
    until = arguments.text("until", "")
    return Recurrence(rule, first, wall(until).date() if until else None)


def moved(known: Recurrence, first: date) -> Recurrence:
    """Return a series that begins on another day: its only day of the week, month or year moves along."""
    rule = {name: text for name, text in known.rule.items() if name not in _EXTENT}
    was = known.start
    said = {
        "BYDAY": (_DAYS[was.weekday()], _DAYS[first.weekday()]),
        "BYMONTHDAY": (str(was.day), str(first.day)),
        "BYMONTH": (str(was.month), str(first.month)),
    }
    for name, (before, after) in said.items():
        if rule.get(name) == before:
            rule[name] = after
    return evolve(known, rule=rule, start=first)
