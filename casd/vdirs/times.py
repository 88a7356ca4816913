"""When people are free and busy, and at work, for a mailbox server that asks for web mail: times and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from casd.access import ClientAccess
from casd.availability.availability import Availability
from casd.availability.told import Told
from protocols.ews import described_zones
from protocols.ews.availability import Event, Request, View
from protocols.ews.working_hours import WorkingHours, stretches
from protocols.http1 import Response

_INTERVAL = 30


async def answer(access: ClientAccess, sender: str, addresses: Sequence[str], asked: bytes) -> Response:
    """Answer for each address with its events between two moments, or why there are none."""
    service: Availability = access.availability
    try:
        what = json.loads(asked)
        start, end = (datetime.fromisoformat(what[name]).astimezone(UTC).replace(tzinfo=None) for name in _WINDOW)
    except (ValueError, KeyError, TypeError, OverflowError):
        return Response(400)
    if not timedelta(0) < end - start <= service.settings.longest or len(addresses) > service.settings.mailboxes:
        return Response(400)
    request = Request(described_zones.UTC, tuple(addresses), start, end, "FreeBusy", _INTERVAL)
    (told,) = await service.ask(sender, request)
    return Response(200, ((b"Content-Type", b"application/json"),), await service.in_thread(_answered, request, told))


_WINDOW = ("start", "end")


def _answered(request: Request, told: Told) -> bytes:
    views = zip(request.addresses, told.seen(request), strict=True)
    return json.dumps(
        {"answers": [_told(request, address, view, told.hours(address)) for address, view in views]}
    ).encode()


def _told(request: Request, address: str, view: View, hours: WorkingHours | None) -> dict[str, Any]:
    if view.refusal is not None or view.only_merged:
        code = view.refusal.code if view.refusal else "ErrorFreeBusyGenerationFailed"
        return {"address": address, "reason": code, "said": None}
    working = hours and [_times(*one) for one in stretches(hours, request.start, request.end)]
    return {"address": address, "reason": "", "said": {"events": list(map(_event, view.events)), "working": working}}


def _event(one: Event) -> dict[str, str]:
    return {"status": one.status, **_times(one.start, one.end)}


def _times(start: datetime, end: datetime) -> dict[str, str]:
    times = {"start": start, "end": end}
    return {name: moment.replace(tzinfo=UTC).isoformat() for name, moment in times.items()}
