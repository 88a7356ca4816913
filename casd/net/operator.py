"""A listener for the operator of this machine: a few pages to read, and nothing to change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.net.exchange import Exchange
from casd.net.http import Limits
from casd.net.spawn import spawn
from casd.net.unnoted import Unnoted
from protocols.http1 import Response

Page = Callable[[], Awaitable[Response]]

_HERE = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})


class Operator(Unnoted):
    """Answers GET of its pages, by path, to who calls this machine by a name that only it has."""

    _log = Logger()

    def __init__(self, pages: Mapping[str, Page], clock: Any) -> None:
        super().__init__(Limits(), clock)
        self._pages = pages

    def serve(self, exchange: Exchange) -> None:
        """Answer one page. A foreign Host is a web page that tries to read us through a browser."""
        host = (exchange.head.get(b"host") or b"").rpartition(b":")[0] or exchange.head.get(b"host")
        page = self._pages.get(exchange.head.path)
        if host not in _HERE:
            exchange.reply(Response(403))
        elif exchange.head.method not in {b"GET", b"HEAD"}:
            exchange.reply(Response(405, ((b"Allow", b"GET, HEAD"),)))
        elif page is None:
            exchange.reply(Response(404))
        else:
            spawn(self._answer(exchange, page), lambda error: self._failed(exchange, error))

    async def _answer(self, exchange: Exchange, page: Page) -> None:
        exchange.reply(await page())

    def _failed(self, exchange: Exchange, error: Exception) -> None:
        self._log.failure("a page for the operator failed", Failure(error))
        exchange.reply(Response(502))


def figures(page: bytes) -> Response:
    """Return an answer that holds figures in Prometheus' text format."""
    return Response(200, ((b"Content-Type", b"text/plain; version=0.0.4; charset=utf-8"),), page)
