"""What one mailbox is asked on behalf of another: a small JSON question, and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from casd.mailbox import oof
from casd.mailbox.call import Call
from casd.mailbox.store.mailbox import MailboxStore
from protocols.http1 import Response

Answer = dict[str, Any]

_LARGEST = 64 * 1024
_MECHANISM = "submission"
"""What an assertion must say: it comes from another mailbox server, through a front door."""


async def asked(call: Call, answer: Callable[[MailboxStore, str, Any], Answer]) -> Response:
    """Answer a question about the mailbox of a call, beside its writer; `answer` is given who asks, and what."""
    if call.assertion.mechanism != _MECHANISM or call.exchange.head.method != b"POST":
        return Response(403)
    try:
        what = json.loads(await call.exchange.read(_LARGEST))
        said = await call.database.read(answer, call.mailbox, call.assertion.user, what)
    except ValueError:
        return _response(400, {"reason": "the question is not understood"})
    return _response(200, said)


def _response(status: int, said: Answer) -> Response:
    return Response(status, ((b"Content-Type", b"application/json"),), json.dumps(said).encode())


async def tips(call: Call) -> Response:
    """Answer /casd/tips: what somebody should know before he writes."""
    return await asked(call, _tips)


def _tips(mailbox: MailboxStore, who: str, _what: Any) -> Answer:
    absence, full = oof.load(mailbox), mailbox.quota.receive
    inside = who.rpartition("@")[2].casefold() == mailbox.address.rpartition("@")[2].casefold()
    said = absence.internal if inside else absence.external if absence.audience == "All" else ""
    away = absence.away(datetime.now(UTC))
    return {
        "away": said if away else "",
        "start": absence.start.isoformat() if away and absence.start and absence.state == "Scheduled" else None,
        "end": absence.end.isoformat() if away and absence.end and absence.state == "Scheduled" else None,
        "full": full is not None and mailbox.settings.size() >= full,
    }
