"""When the owner of a mailbox is busy, and how much of that others are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from casd.mailbox import delegation, permissions
from casd.mailbox.ews import appointments, windows
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.ews.windows import Entry
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.availability import Event, details
from protocols.ews.paths import Property
from protocols.ews.permissions import SUBJECTS, TIMES
from protocols.ews.views import Window

_PRIVATE = 2
_WORDS = {status: word for word, status in BUSY.items()}
_REMINDS, _END = Property("item:ReminderIsSet"), Property("calendar:End")


class Sight(Enum):
    """What somebody is told of events."""

    NOTHING = "nothing"
    TIMES = "when"
    SUBJECTS = "and where and about what, if that is not private"
    PUBLIC = "and with what, if that is not private"
    ALL = "and with what"


_SIGHTS = {"None": Sight.NOTHING, TIMES: Sight.TIMES, SUBJECTS: Sight.SUBJECTS}


def sight(mailbox: MailboxStore, who: str) -> Sight:
    """Return what somebody may see: the owner all, whoever may read the calendar what he may read there."""
    if who.casefold() == mailbox.address.casefold():
        return Sight.ALL
    level = permissions.level(mailbox, mailbox.folders.distinguished("calendar"), who)
    if level not in delegation.READS:
        return _SIGHTS[level]
    delegate = delegation.find(delegation.load(mailbox), who)
    return Sight.ALL if delegate and delegate.private else Sight.PUBLIC


def events(mailbox: MailboxStore, start: datetime, end: datetime, seen: Sight) -> Sequence[Event]:
    """Return, in UTC without offset, what overlaps a time, each occurrence for itself. Raises `Refusal`."""
    home = mailbox.folders.distinguished("calendar")
    window = Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC))
    return [_event(mailbox, entry, seen) for entry in windows.entries(mailbox, home.id, window, UTC)]


def _event(mailbox: MailboxStore, entry: Entry, seen: Sight) -> Event:
    item, one = entry.item, entry.occurrence
    own = appointments.own(one.component) if one and one.component is not None else {}
    status = own.get(Property("calendar:LegacyFreeBusyStatus")) or _WORDS.get(item.busy, "Busy")
    whole = seen is Sight.TIMES and (one or (item.end and not item.all_day))  # a day in the store is one in UTC
    said = {} if whole else _read(mailbox, entry)
    end = one.end if one else said.get(_END) or item.end or entry.start
    shown = () if seen is Sight.TIMES else _details(entry, own, reminds=bool(said.get(_REMINDS)), seen=seen)
    return Event(entry.start.replace(tzinfo=None), end.replace(tzinfo=None), status, shown)


def _read(mailbox: MailboxStore, entry: Entry) -> dict[Any, Any]:
    component = entry.occurrence.component if entry.occurrence else None
    try:
        return appointments.read(mailbox.items.content(entry.item.id), component)
    except BadContent:
        return {}


def _details(entry: Entry, own: dict[Any, Any], *, reminds: bool, seen: Sight) -> tuple[tuple[str, str], ...]:
    """Return what is told beside the time; of what is private only that it is."""
    item = entry.item
    private = item.sensitivity >= _PRIVATE
    told = seen is Sight.ALL or not private
    return details(
        {
            "ID": item.id.upper() if told and seen is not Sight.SUBJECTS else "",
            "Subject": str(own.get(Property("item:Subject"), item.subject)) if told else "",
            "Location": str(own.get(Property("calendar:Location"), item.location)) if told else "",
            "IsMeeting": bool(item.to or item.cc),
            "IsRecurring": item.recurring,
            "IsException": bool(own),
            "IsReminderSet": reminds,
            "IsPrivate": private,
        }
    )
