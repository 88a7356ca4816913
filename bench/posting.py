"""Posts mail as a mailbox server does, at a front end's delivery listener, on connections that it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from time import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from casd.model import Endpoint
from casd.net.backend import Backend
from casd.net.fetch import fetch
from casd.net.tls import ClientTLS
from casd.net.transports import connect
from protocols.handover import REQUEST_HEADER, Assertion, sign
from protocols.http1 import write_fields

_PATH = "/casd/submit"
_PATIENCE = 60.0


class Poster:
    """Keeps the connections that are free; a message takes one of them, or a new one."""

    def __init__(self, front: str, authority: str, keys: Mapping[str, bytes], reactor: Any) -> None:
        url = urlsplit(front)
        self._endpoint = Endpoint(url.hostname or "", url.port or 443)
        self._tls = ClientTLS(self._endpoint.host, authority)
        self._key = next(iter(keys.items()))
        self._reactor = reactor
        self._connect = partial(connect, reactor)
        self._free: list[Backend] = []

    async def __call__(self, sender: str, recipients: Sequence[str], mime: bytes) -> None:
        """Post one message; raises unless it has been delivered to all."""
        connection = self._free.pop() if self._free else await self._new()
        lines = self._lines(sender, recipients)
        answer = await fetch(connection, b"POST", _PATH.encode(), lines, mime, _PATIENCE, 1 << 20)
        if answer.head.status != 200 or b'"delivered": false' in answer.body:
            raise RuntimeError(f"not delivered: {answer.head.status} {answer.body[:200]!r}")

    def release(self, connection: Backend) -> None:
        """Take a connection back."""
        self._free.append(connection)

    def gone(self, connection: Backend) -> None:
        """Forget a connection."""
        if connection in self._free:
            self._free.remove(connection)

    async def _new(self) -> Backend:
        connection = Backend(self._reactor, self)
        await self._connect(self._endpoint, connection, self._tls, _PATIENCE)
        return connection

    def _lines(self, sender: str, recipients: Sequence[str]) -> bytes:
        assertion = Assertion(
            issued=int(time()),
            server="front",
            method="POST",
            target=_PATH,
            request_id=str(uuid4()),
            user=sender,
            mailbox="",
            address=sender,
            display_name="",
            database="",
            client="",
            mechanism="submission",
        )
        fields = [
            (b"Host", self._endpoint.host.encode()),
            (REQUEST_HEADER, sign(assertion, *self._key)),
            (b"X-CASD-Server", b"mbx1"),
            *((b"X-CASD-Recipient", recipient.encode()) for recipient in recipients),
            (b"Content-Type", b"message/rfc822"),
        ]
        return write_fields(fields)
