"""The door by which front ends bring a message to a mailbox: POST /casd/deliver."""

from __future__ import annotations

import json

from casd.mailbox.call import Call
from protocols.http1 import Response

LARGEST = 150 * 1024 * 1024
"""Bytes of a message: the front door's own limit of a body."""

MECHANISM = "submission"
"""What an assertion must say: a user's own request is never taken for a delivery."""


async def serve(call: Call) -> Response:
    """Put the message into the inbox; the answer comes when it is on the disk."""
    if call.assertion.mechanism != MECHANISM or call.exchange.head.method != b"POST":
        return Response(403)
    mime = await call.exchange.read(LARGEST)
    item = await call.database.run(call.mailbox.deliver, mime)
    return Response(200, ((b"Content-Type", b"application/json"),), json.dumps({"item": item.id}).encode())
