"""Plain HTTP: every request is sent to https but an authority's question, and no credentials are ever asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from casd.model import Networks
from casd.net.exchange import Exchange
from casd.net.http import Limits
from casd.net.unnoted import Unnoted
from protocols.http1 import Response


class PlainDoor(Unnoted):
    """Redirects to the port of the encrypted door, which logs the request that follows.

    `challenges` is the folder of what an authority is answered that speaks ACME (RFC 8555 section 8.3). Whoever of an
    array laid it out, any front end that shares the folder answers.
    """

    def __init__(
        self,
        namespaces: frozenset[str],
        port: Callable[[], int],
        clock: Any,
        challenges: Path | None = None,
        proxies: Networks = (),
    ) -> None:
        super().__init__(Limits(idle_time=30), clock)
        self.proxies = proxies
        self._namespaces = namespaces
        self._port = port
        self._challenges = challenges

    def serve(self, exchange: Exchange) -> None:
        """Redirect what names one of our hosts; refuse a form with a password in it, and all else."""
        asked = (exchange.head.target.authority or exchange.head.get(b"host") or b"").decode("latin-1").lower()
        host = asked.rpartition(":")[0] if asked.rpartition(":")[2].isdigit() else asked
        exchange.keep = False
        if host not in self._namespaces:
            exchange.reply(Response(400))
        elif exchange.head.method not in {b"GET", b"HEAD"}:
            exchange.reply(Response(403, (), b"Use https.\n"))
        elif self._challenges and (asked_for := _CHALLENGE.fullmatch(exchange.head.path)):
            exchange.reply(_answer(self._challenges / asked_for[1]))
        else:
            port = self._port()
            where = host if port == 443 else f"{host}:{port}"
            exchange.reply(
                Response(302, ((b"Location", b"https://" + where.encode("ascii") + exchange.head.target.line),))
            )


_CHALLENGE = re.compile(r"/\.well-known/acme-challenge/([A-Za-z0-9_-]{1,128})")
"""A token is base64url, so none leads out of the folder."""


def _answer(file: Path) -> Response:
    try:
        return Response(200, ((b"Content-Type", b"application/octet-stream"),), file.read_bytes())
    except OSError:
        return Response(404)
