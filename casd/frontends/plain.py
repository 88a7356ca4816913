"""Plain HTTP: every request is sent to https, and no credentials are ever asked for here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casd.net.exchange import Exchange
from casd.net.http import Limits
from casd.net.unnoted import Unnoted
from protocols.http1 import Response


class PlainDoor(Unnoted):
    """Redirects to the port of the encrypted door, which logs the request that follows."""

    def __init__(self, namespaces: frozenset[str], port: Callable[[], int], clock: Any) -> None:
        super().__init__(Limits(idle_time=30), clock)
        self._namespaces = namespaces
        self._port = port

    def serve(self, exchange: Exchange) -> None:
        """Redirect what names one of our hosts; refuse a form with a password in it, and all else."""
        asked = (exchange.head.target.authority or exchange.head.get(b"host") or b"").decode("latin-1").lower()
        host = asked.rpartition(":")[0] if asked.rpartition(":")[2].isdigit() else asked
        exchange.keep = False
        if host not in self._namespaces:
            exchange.reply(Response(400))
        elif exchange.head.method not in {b"GET", b"HEAD"}:
            exchange.reply(Response(403, (), b"Use https.\n"))
        else:
            port = self._port()
            where = host if port == 443 else f"{host}:{port}"
            exchange.reply(
                Response(302, ((b"Location", b"https://" + where.encode("ascii") + exchange.head.target.line),))
            )
