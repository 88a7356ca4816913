"""When the owner of a mailbox is busy, and how much of that others are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from attrs import asdict, frozen

from casd.mailbox.call import Call
from casd.mailbox.ews import appointments, windows
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.ews.windows import Entry
from casd.mailbox.question import Answer, asked
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.paths import Property
from protocols.ews.views import Window
from protocols.http1 import Response

MOST = 1000
"""Events of one answer; more are ErrorResultSetTooBig."""

_PRIVATE = 2
_WORDS = {status: word for word, status in BUSY.items()}
_REMINDS, _END = Property("item:ReminderIsSet"), Property("calendar:End")


@frozen
class Busy:
    """One event: when, and how the time counts (a word of EWS); the rest is for those who may see details."""

    start: datetime
    end: datetime
    status: str
    id: str = ""
    subject: str = ""
    location: str = ""
    meeting: bool = False
    recurring: bool = False
    exception: bool = False
    reminds: bool = False
    private: bool = False


def busy(mailbox: MailboxStore, start: datetime, end: datetime) -> list[Busy]:
    """Return all events of the calendar that overlap a time, each occurrence for itself. Raises `Refusal`."""
    home = mailbox.folders.distinguished("calendar")
    window = Window(start, end)
    return [_event(mailbox, entry) for entry in windows.entries(mailbox, home.id, window, UTC)]


def _event(mailbox: MailboxStore, entry: Entry) -> Busy:
    item, one = entry.item, entry.occurrence
    own = one.component if one else None
    try:
        said = appointments.read(mailbox.items.content(item.id), own)
    except BadContent:
        said = {}
    shown = appointments.own(own) if own is not None else {}
    end = one.end if one else said.get(_END) or item.end or entry.start
    return Busy(
        start=entry.start,
        end=end,
        status=shown.get(Property("calendar:LegacyFreeBusyStatus")) or _WORDS.get(item.busy, "Busy"),
        id=item.id,
        subject=shown.get(Property("item:Subject"), item.subject),
        location=shown.get(Property("calendar:Location"), item.location),
        meeting=bool(item.to or item.cc),
        recurring=item.recurring,
        exception=own is not None,
        reminds=bool(said.get(_REMINDS)),
        private=item.sensitivity >= _PRIVATE,
    )


def hidden(events: list[Busy]) -> Iterator[Busy]:
    """Yield events without what is nobody else's business."""
    for event in events:
        yield Busy(event.start, event.end, event.status)


async def serve(call: Call) -> Response:
    """Answer /casd/freebusy: the owner sees all, others when he is busy."""
    return await asked(call, _answer)


def _answer(mailbox: MailboxStore, who: str, what: Any) -> Answer:
    events = busy(mailbox, datetime.fromisoformat(what["start"]), datetime.fromisoformat(what["end"]))
    detailed = who.casefold() == mailbox.address.casefold()
    shown = events if detailed else list(hidden(events))
    return {"detailed": detailed, "events": [asdict(event, value_serializer=_text) for event in shown[: MOST + 1]]}


def _text(_owner: Any, _field: Any, value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def load(events: list[Any]) -> list[Busy]:
    """Return events as an answer tells them."""
    times = ("start", "end")
    return [Busy(**{**one, **{name: datetime.fromisoformat(one[name]) for name in times}}) for one in events]
