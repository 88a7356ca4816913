"""What happens in a mailbox, told to an open page as it happens.

The answer is a stream of JSON lines that lasts as long as the page wants it, or the database is mounted here.
Beats keep proxies from taking it for dead, and let us notice a page that is gone.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from casd.mailbox.call import Call
from casd.mailbox.owa.answers import PRIVATE
from casd.mailbox.store.values import Dismounted, Event, EventKind

BEAT = 25.0
"""Seconds between two beats: idle limits of proxies start at 30."""

_HEADERS = ((b"Content-Type", b"application/x-ndjson"), (b"X-Accel-Buffering", b"no"), *PRIVATE)


async def follow(call: Call) -> None:
    """Answer with the events of a mailbox until the client goes away or the database leaves this server."""
    stream = _Stream(call)
    call.exchange.on_lost(stream.end)
    stop = call.database.watch(call.assertion.mailbox, stream.tell)
    beat = LoopingCall(stream.line, {})
    beat.clock = call.clock
    call.exchange.begin(200, _HEADERS)
    beat.start(BEAT)  # begins with a beat: whatever happens from now on will be told
    await stream.ended
    beat.stop()
    stop()
    if not call.exchange.lost:
        call.exchange.finish()


@define
class _Stream:
    _call: Call
    ended: Deferred[None] = field(factory=Deferred)

    def tell(self, event: Event | Dismounted) -> None:
        """Write an event of a mail folder, or end."""
        if isinstance(event, Dismounted):
            self.end()
        else:
            folders = [folder for folder in (event.folder, event.old_folder) if folder]
            new = {"new": event.item} if event.kind is EventKind.NEW_MAIL else {}
            self.line({"folders": folders, "item": event.item, **new})

    def line(self, value: Any) -> None:
        """Write one line."""
        self._call.exchange.write(json.dumps(value).encode() + b"\n")

    def end(self) -> None:
        """End the stream."""
        if not self.ended.called:
            self.ended.callback(None)
