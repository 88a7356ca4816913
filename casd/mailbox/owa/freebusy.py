"""When others are free and busy, for whoever invites them: times and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from casd.mailbox.call import Call
from casd.mailbox.owa import calendar
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.store.mailbox import MailboxStore

_LONGEST = timedelta(days=42)
_MOST = 100


async def get_free_busy(call: Call, arguments: Arguments) -> Any:
    """Return for each address its busy times between two moments; null where this server does not know the mailbox."""
    start, end = (_moment(arguments.text(name)) for name in ("start", "end"))
    if not timedelta(0) <= end - start <= _LONGEST:
        raise BadArgument("A window of free and busy times has at most 42 days.")
    addresses = arguments.texts("addresses", _MOST)
    return await call.database.run(lambda: {"people": [_person(call, each, start, end) for each in addresses]})


def _person(call: Call, address: str, start: datetime, end: datetime) -> dict[str, Any]:
    mailbox = call.database.mailbox_at(address)
    return {"address": address, "busy": None if mailbox is None else _busy(mailbox, start, end)}


def _busy(mailbox: MailboxStore, start: datetime, end: datetime) -> list[dict[str, str]]:
    found = calendar.within(mailbox, start, end)
    return [
        {
            "start": each.start.isoformat(),
            "end": ((each.occurrence.end if each.occurrence else each.item.end) or each.start).isoformat(),
            "busy": each.item.busy,
        }
        for each in found
        if each.item.busy != "free"
    ]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time.") from None
    if moment.tzinfo is None:
        raise BadArgument(f"{text} says no time zone.")
    return moment
