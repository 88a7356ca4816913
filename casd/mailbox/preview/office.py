"""An office server beside the mailbox server: what it shows, and how it is let in to read one attachment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import frozen
from twisted.logger import Logger

from casd.model import Endpoint
from casd.net.backend import Backend
from casd.net.fetch import Once, fetch
from casd.net.pool import Connector
from casd.net.tls import ClientTLS
from protocols import wopi
from protocols.http1 import write_fields
from protocols.wopi import Access
from protocols.wopi_discovery import LARGEST, BadDiscovery, Discovery, parse

LIFETIME = 30 * 60
"""Seconds for which a token opens its attachment; who looks for longer opens it again."""

_FRESH = 12 * 60 * 60.0
_AGAIN = 60.0
"""Seconds until a discovery document is read again, when it was read, and when it could not be."""

_PATIENCE = 10.0


@frozen
class Opening:
    """What a browser needs to show a document by an office server: a URL, the token to post to it, its end."""

    url: str
    token: str
    expires: int


class Office:
    """The office server at `url`; tokens for it are signed with this server's hand-over key."""

    _log = Logger()

    def __init__(
        self,
        url: str,
        ca: str,
        *,
        server: str,
        keys: Mapping[str, bytes],
        proof: bool,
        connector: Connector,
        clock: Any,
        now: Callable[[], float],
    ) -> None:
        parts = urlsplit(url)
        self.origin = f"https://{parts.netloc}"
        self._path = (parts.path.rstrip("/") + "/hosting/discovery").encode("ascii")
        self._endpoint = Endpoint(parts.hostname or "", parts.port or 443)
        self._tls = ClientTLS(parts.hostname or "", ca)
        self._server = server
        self._keys = keys
        self._proof = proof
        self._connector = connector
        self._clock = clock
        self._now = now
        self._known: Discovery | None = None
        self._until = 0.0

    async def opening(self, suffix: str, user: str, mailbox: str, attachment: str, origin: str) -> Opening | None:
        """Return how an attachment is shown, or None if the office server does not show such documents."""
        known = await self._discovery()
        if known is None or suffix not in known.actions:
            return None
        key_id, key = next(iter(self._keys.items()))
        expires = int(self._now()) + LIFETIME
        access = Access(self._server, key_id, expires, user, mailbox, attachment, origin)
        source = quote(f"{origin}/wopi/files/{attachment}", safe="")
        return Opening(f"{known.actions[suffix]}WOPISrc={source}", wopi.issue(access, key), expires)

    def admitted(self, token: str) -> Access:
        """Return what a token opens, or raise `BadToken`."""
        return wopi.verify(token, self._keys, self._now())

    async def proves(self, fields: Mapping[str, str], token: str, url: str) -> bool:
        """Say whether a request comes from the office server, as far as that is to be proved."""
        if not self._proof:
            return True
        known, proof = await self._discovery(), wopi.Proof.read(fields)
        if known is None or known.keys is None or proof is None:
            return False
        return wopi.proved(proof, known.keys, token, url, self._now())

    async def _discovery(self) -> Discovery | None:
        """Return what the office server says about itself; what it said last if it says nothing now."""
        if self._clock.seconds() < self._until:
            return self._known
        self._until = self._clock.seconds() + _AGAIN
        try:
            self._known = parse(await self._read())
            self._until = self._clock.seconds() + _FRESH
        except Exception as error:
            self._log.warn("{url} does not say what it shows: {error}", url=self.origin, error=str(error))
        return self._known

    async def _read(self) -> bytes:
        connection = Backend(self._clock, Once())
        await self._connector(self._endpoint, connection, self._tls, _PATIENCE)
        lines = write_fields([(b"Host", self.origin.removeprefix("https://").encode("idna"))])
        answer = await fetch(connection, b"GET", self._path, lines, b"", _PATIENCE, LARGEST)
        if answer.head.status != 200:
            raise BadDiscovery(f"it answered {answer.head.status}")
        return answer.body
