"""When people are free and busy, for a mailbox server that asks for web mail: times and nothing else."""

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
    return json.dumps({"answers": [_told(address, view) for address, view in views]}).encode()


def _told(address: str, view: View) -> dict[str, Any]:
    if view.refusal is not None or view.only_merged:
        code = view.refusal.code if view.refusal else "ErrorFreeBusyGenerationFailed"
        return {"address": address, "reason": code, "said": None}
    return {"address": address, "reason": "", "said": {"events": [_event(one) for one in view.events]}}


def _event(one: Event) -> dict[str, str]:
    times = {"start": one.start, "end": one.end}
    return {"status": one.status, **{name: moment.replace(tzinfo=UTC).isoformat() for name, moment in times.items()}}
