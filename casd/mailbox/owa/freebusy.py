"""When others are free and busy, and at work, for whoever invites them: times and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from casd.mailbox.call import Call, Said
from casd.mailbox.ews.columns import BUSY
from casd.mailbox.owa.appointments import shown
from casd.mailbox.owa.arguments import Arguments, BadArgument

_LONGEST = timedelta(days=42)
_MOST = 100


async def get_free_busy(call: Call, arguments: Arguments) -> Any:
    """Return for each address its busy times between two moments; null where nobody knows, with the reason.

    `working` are the times at which he works, null where nobody knows them.
    """
    start, end = (_moment(arguments.text(name)) for name in ("start", "end"))
    if not timedelta(0) <= end - start <= _LONGEST:
        raise BadArgument("A window of free and busy times has at most 42 days.")
    what = {"start": start.isoformat(), "end": end.isoformat()}
    said = await call.others("freebusy", call.assertion.user, arguments.texts("addresses", _MOST), what)
    return {"people": [_person(one) for one in said]}


def _person(said: Said) -> dict[str, Any]:
    if said.reason:
        return {"address": said.address, "busy": None, "reason": said.reason}
    listed = ((one, BUSY.get(one["status"], "busy")) for one in said.value["events"])
    busy = [{"start": one["start"], "end": one["end"], "busy": shown(how)} for one, how in listed if how != "free"]
    return {"address": said.address, "busy": busy, "working": said.value.get("working")}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadArgument(f"{text} is no time.") from None
    if moment.tzinfo is None:
        raise BadArgument(f"{text} says no time zone.")
    return moment
