"""Carrying a request to the server of its mailbox, and to another one when that is safe (reference 1.9)."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import deferLater
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.metrics import Metrics
from casd.model import Anchor, Identity, Proxy, Server
from casd.net.http import Exchange
from casd.net.pool import Unreachable
from casd.net.relay import Abandoned, Crossed, Failed, Misdirected, Outcome, Question, Relay, Served
from casd.net.scrub import request_lines
from casd.vdirs.vdir import Vdir, failed, later

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Methods that may be sent twice (RFC 9110 section 9.2.1)."""

_PAUSE = 0.05
"""Seconds between two looks at the directory while a database is being moved."""


class Carrier:
    """Takes one request to its mailbox's server, waits for a database on the move, tries another candidate."""

    _log = Logger()

    def __init__(self, access: ClientAccess, metrics: Metrics, clock: Any, settings: Any) -> None:
        self._access = access
        self._metrics = metrics
        self._clock = clock
        self._settings = settings

    async def carry(self, exchange: Exchange, vdir: Vdir, identity: Identity, anchor: Anchor, proxy: Proxy) -> None:
        """Have the request answered by its server, or answer why not; `Busy` or `Unreachable` when nothing was done."""
        question = await self._question(exchange, vdir)
        give_up = self._clock.seconds() + self._settings.hold_time
        while True:
            outcome = await self._try(exchange, vdir, identity, proxy, question)
            if not isinstance(outcome, Misdirected):
                self._conclude(exchange, outcome)
                return
            if self._clock.seconds() >= give_up:
                exchange.reply(later(b"DatabaseMoving"))
                return
            await deferLater(self._clock, _PAUSE)
            await self._access.directory.refresh()
            decision = await self._access.locate(identity, anchor, vdir.protocol, exchange.client)
            if exchange.done:
                return
            if not isinstance(decision, Proxy):
                exchange.reply(later(b"DatabaseMoving"))
                return
            proxy = decision
            exchange.notes["why"] = "; ".join(proxy.trace)

    async def _try(self, exchange: Exchange, vdir: Vdir, identity: Identity, proxy: Proxy, question: Question) -> Outcome:
        """Ask the active copy's server, then those with other copies as long as nothing can have been done."""
        candidates = (proxy.server, *proxy.others)
        trouble: Exception | None = None
        for server in candidates:
            try:
                outcome = await self._ask(exchange, vdir, identity, proxy, server, question, last=len(candidates) == 1)
            except Unreachable as error:
                self._log.warn("{error}", error=str(error))
                trouble = error
                continue
            if isinstance(outcome, Misdirected) and server is not proxy.server:
                continue  # it has a copy, but not the active one
            if isinstance(outcome, Failed) and not outcome.answered and _may_repeat(outcome, question):
                trouble = Unreachable(f"{server.name}: {outcome.reason}")
                continue
            return outcome
        raise trouble or Unreachable(f"no server of {proxy.database.name} has it mounted")

    async def _ask(
        self, exchange: Exchange, vdir: Vdir, identity: Identity, proxy: Proxy, server: Server, question: Question, *, last: bool
    ) -> Outcome:
        head = exchange.head
        try:
            proof = self._access.handover.prove(
                proxy, server.name, head.method, head.target.line, exchange.request_id, identity.user, exchange.client, identity.method
            )
        except (OSError, ValueError) as error:
            raise Unreachable(f"{server.name}: no hand-over key: {error}") from error
        connection = await self._access.connect(server, vdir.protocol, identity.user, last=last)
        if exchange.done:
            connection.lane.release(connection)
            return Abandoned()
        exchange.notes["server"] = server.name
        trace = b"X-CalculatedBETarget: %b\r\n" % (server.tls_name or server.name).encode("ascii")
        outcome = await Relay(exchange, connection, question, proof, trace).begin()
        self._judge(outcome, connection.lane.breaker, server, identity.user)
        return outcome

    def _judge(self, outcome: Outcome, breaker: Any, server: Server, user: str) -> None:
        """Tell the breaker and the figures."""
        match outcome:
            case Served():
                breaker.good()
            case Misdirected():
                self._metrics.misdirected.labels(server.name).inc()
            case Failed():
                breaker.failed(user)
                self._metrics.backend_failures.labels(server.name).inc()
            case Crossed():
                breaker.trip()
                self._metrics.identity_mismatch.labels(server.name).inc()
                self._log.error("{server} answered for another request or mailbox; it is kept out for a while", server=server.name)

    def _conclude(self, exchange: Exchange, outcome: Outcome) -> None:
        match outcome:
            case Crossed():
                exchange.notes["why"] += "; the answer was not for this request: nothing of it was passed on"
                exchange.keep = False
                exchange.reply(failed(b"IdentityMismatch"))
            case Failed(reason, answered, _):
                exchange.notes["why"] += f"; the server failed: {reason}"
                if answered:
                    exchange.abort()
                else:
                    exchange.reply(failed(b"BackendFailed"))

    async def _question(self, exchange: Exchange, vdir: Vdir) -> Question:
        head = exchange.head
        body: bytes | None = None
        if not vdir.tunnel and head.length is not None and head.length <= self._settings.window:
            body = exchange.take_held() if exchange.ended else await exchange.read(self._settings.window)
        first = b"%b %b HTTP/1.1\r\n" % (head.method, head.target.line)
        client = exchange.client.encode("ascii")
        lines = b"%bHost: %b\r\nX-Forwarded-For: %b\r\nX-FE-ClientIP: %b\r\nX-Forwarded-Proto: https\r\nrequest-id: %b\r\n" % (
            request_lines(head),
            exchange.notes["host"].encode("ascii"),
            client,
            client,
            exchange.request_id.encode("ascii"),
        )
        return Question(head.method, first, lines, body, vdir.patience)


def _may_repeat(outcome: Failed, question: Question) -> bool:
    """Say whether a request without an answer may go to another server: nothing was sent, or it is safe to repeat."""
    return not outcome.sent or (question.method in _SAFE and question.body is not None)
