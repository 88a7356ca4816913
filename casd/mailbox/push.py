"""The way of notifications to programs that wait for them at a URL of their own, if the operator lets them."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from twisted.internet.interfaces import IReactorTime

from casd.model import Endpoint
from casd.net.backend import Backend
from casd.net.fetch import fetch
from casd.net.tls import ClientTLS
from protocols.http1 import write_fields

Connect = Callable[[Endpoint, Any, ClientTLS | None, float], Awaitable[None]]
"""(endpoint, protocol, what its server must show, seconds): connect, or raise."""

_CONNECT_TIME = 10.0
_PATIENCE = 30.0
_ANSWER = 1 << 16
_PORTS = {"http": 80, "https": 443}


class Push:
    """Posts documents to URLs, of these hosts and ports only: a user's URL must not reach what only servers may.

    No redirection is followed.
    """

    def __init__(self, allowed: Sequence[Endpoint], clock: IReactorTime, connect: Connect) -> None:
        self._allowed = frozenset((endpoint.host.casefold(), endpoint.port) for endpoint in allowed)
        self._clock = clock
        self._connect = connect

    def allows(self, url: str) -> bool:
        """Say whether documents may be posted to a URL."""
        return _place(url) in self._allowed

    async def post(self, url: str, document: bytes, content_type: bytes) -> bytes:
        """Post a document, and return the body of the answer. Raises what the connection does, and `ValueError`."""
        host, port = _place(url)
        if (host, port) not in self._allowed:
            raise ValueError(f"{url!r} is not among the places to which this server pushes")
        parts = urlsplit(url)
        tls = ClientTLS(host, _authorities()) if parts.scheme == "https" else None
        connection = Backend(self._clock, _Once())
        await self._connect(Endpoint(host, port), connection, tls, _CONNECT_TIME)
        fields = [(b"Host", parts.netloc.encode("idna")), (b"Content-Type", content_type)]
        answer = await fetch(connection, b"POST", _target(parts), write_fields(fields), document, _PATIENCE, _ANSWER)
        if not 200 <= answer.head.status < 300:
            raise ValueError(f"{url!r} answered {answer.head.status}")
        return answer.body


def _place(url: str) -> tuple[str, int]:
    """Return host and port of a URL; an empty host if it is none that can be pushed to."""
    try:
        parts = urlsplit(url)
        plain = not (parts.username or parts.password) and url.isascii() and url.isprintable()
        if parts.scheme not in _PORTS or not plain:
            return "", 0
        return (parts.hostname or "").casefold(), parts.port or _PORTS[parts.scheme]
    except ValueError:
        return "", 0


def _target(parts: SplitResult) -> bytes:
    return (parts._replace(scheme="", netloc="", fragment="").geturl() or "/").encode("ascii")


def _authorities() -> str:
    """Return the certificates of the authorities that this machine trusts, as PEM."""
    file = ssl.get_default_verify_paths().cafile
    return "" if file is None else Path(file).read_text(encoding="utf-8")


class _Once:
    """What stands for a lane: a connection that is used once goes back to nobody."""

    def release(self, connection: Backend) -> None:
        """Close the connection."""
        connection.abandon()

    def gone(self, connection: Backend) -> None:
        """Have nothing to forget."""
