"""Which appointments, and which occurrences of series, a window of time shows."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from itertools import takewhile

from attrs import frozen

from casd.mailbox.ews import appointments, occurrences, zones
from casd.mailbox.ews.occurrences import Occurrence
from casd.mailbox.ews.soundness import sound
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import And, Compare, Operator, Or, Order, Page
from casd.mailbox.store.values import Item, Kind
from protocols.ews.errors import Refusal
from protocols.ews.paths import Property
from protocols.ews.views import Window

_LONGEST = timedelta(days=2 * 366)
"""The longest CalendarView (its reference page)."""

_ZONES = timedelta(hours=15)
"""How far a day in the store, which is one in UTC, may lie from the same day in its own time zone."""

_START, _END = Property("calendar:Start"), Property("calendar:End")


@frozen
class Entry:
    """An appointment in a view, or one `occurrence` of it."""

    item: Item
    start: datetime
    occurrence: Occurrence | None = None


def entries(mailbox: MailboxStore, folder: str, window: Window, zone: tzinfo, *, touching: bool = False) -> list[Entry]:
    """Return all that overlaps a window, by its start; with `touching` also what ends as it begins.

    Raises `Refusal` for a window that is none, or too long.
    """
    start, end = zones.settle(window.start, zone), zones.settle(window.end, zone)
    if end < start:
        raise Refusal("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end - start > _LONGEST:
        raise Refusal("ErrorCalendarViewRangeTooBig")
    first = start - timedelta(microseconds=touching)  # the store counts in seconds
    late = Or((Compare("recurring", Operator.EQUAL, True), Compare("end", Operator.GREATER, start - _ZONES)))
    kind = Compare("kind", Operator.EQUAL, Kind.APPOINTMENT)
    near = And((kind, Compare("start", Operator.LESS, end + _ZONES), late))
    found = mailbox.items.find([folder], near, (Order("start"),), Page(limit=-1)).items
    seen = [entry for item in found for entry in _overlapping(mailbox, item, first, end)]
    return sorted(seen, key=lambda entry: entry.start)


def _overlapping(mailbox: MailboxStore, item: Item, start: datetime, end: datetime) -> list[Entry]:
    content = mailbox.items.content(item.id) if item.recurring or item.all_day else b""
    try:
        return (_of_series if item.recurring else _of_one)(item, content, start, end)
    except BadContent:  # one that cannot be read hides no other
        return _of_one(item, b"", start, end)


@sound
def _of_series(item: Item, content: bytes, start: datetime, end: datetime) -> list[Entry]:
    last = occurrences.last_moved(content)  # which may have been moved to before others
    near = takewhile(lambda one: one.original < end or one.original <= last, occurrences.expand(content))
    return [Entry(item, one.start, one) for one in near if one.start < end and one.end > start]


@sound
def _of_one(item: Item, content: bytes, start: datetime, end: datetime) -> list[Entry]:
    first, last = item.start, item.end
    if content:
        found = appointments.read(content)
        first, last = found[_START], found[_END]
    if first is not None and last is not None and first < end and (last > start or first == last == start):
        return [Entry(item, first)]
    return []
