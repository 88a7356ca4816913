"""Carrying a request to the server of its mailbox, and to another one when that is safe (reference 1.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.frontends.passage import Passage
from casd.metrics import Metrics
from casd.model import Proxy, Server
from casd.net.backend import Backend
from casd.net.http import Exchange
from casd.net.pool import Unreachable
from casd.net.relay import Abandoned, Crossed, Failed, Misdirected, Outcome, Question, Relay, Served
from casd.net.scrub import request_lines
from casd.net.spawn import spawn
from casd.vdirs.vdir import failed, later

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Methods that may be sent twice (RFC 9110 section 9.2.1)."""

_PAUSE = 0.05
"""Seconds between two looks at the directory while a database is being moved."""

Told = Callable[[Exception], None]


class Carrier:
    """Takes requests to their mailbox's server, waits for a database on the move, tries another candidate."""

    _log = Logger()

    def __init__(self, access: ClientAccess, metrics: Metrics, clock: Any, settings: Any) -> None:
        self._access = access
        self._metrics = metrics
        self._clock = clock
        self._settings = settings

    def carry(self, exchange: Exchange, passage: Passage, told: Told) -> None:
        """Have a request answered by its server, or answer why not; `told` learns of `Busy`, `Unreachable`, surprises.

        Most requests are whole and find a free connection: they are on their way before this returns.
        """
        if exchange.ended and exchange.held_size <= self._settings.window and not passage.vdir.tunnel:
            question = self._question(exchange, passage, exchange.take_held())
            server = passage.proxy.server
            lane = self._access.pool.lane(server, passage.vdir.protocol)
            connection = None if lane.breaker.open else lane.take()
            if connection is not None:
                self._send(
                    exchange,
                    passage,
                    server,
                    connection,
                    question,
                    lambda outcome: self._first(exchange, passage, question, outcome, told),
                )
                return
            spawn(self._carry(exchange, passage, question, None), told)
        else:
            spawn(self._receive(exchange, passage), told)

    def _first(self, exchange: Exchange, passage: Passage, question: Question, outcome: Outcome, told: Told) -> None:
        """Go on after the first answer; nearly always there is nothing more to do."""
        if not isinstance(outcome, Served):
            spawn(self._carry(exchange, passage, question, outcome), told)

    async def _receive(self, exchange: Exchange, passage: Passage) -> None:
        """Carry a request whose body is still on its way: wait for a short one, stream a long one."""
        length = exchange.head.length
        short = not passage.vdir.tunnel and length is not None and length <= self._settings.window
        body = await exchange.read(self._settings.window) if short else None
        await self._carry(exchange, passage, self._question(exchange, passage, body), None)

    async def _carry(self, exchange: Exchange, passage: Passage, question: Question, outcome: Outcome | None) -> None:
        """Ask until there is an answer that is not "elsewhere", as long as a move may take."""
        give_up = self._clock.seconds() + self._settings.hold_time
        while True:
            outcome = await self._try(exchange, passage, question, outcome)
            if not isinstance(outcome, Misdirected):
                self._conclude(exchange, outcome)
                return
            outcome = None
            if self._clock.seconds() >= give_up:
                exchange.reply(later(b"DatabaseMoving"))
                return
            await deferLater(self._clock, _PAUSE)
            await self._access.directory.refresh()
            decision = await self._access.locate(
                passage.identity, passage.anchor, passage.vdir.protocol, exchange.client
            )
            if exchange.done:
                return
            if not isinstance(decision, Proxy):
                exchange.reply(later(b"DatabaseMoving"))
                return
            about = (*passage.about[:-1], ("why", "; ".join(decision.trace)))
            passage = exchange.passage = evolve(passage, proxy=decision, about=about)

    async def _try(self, exchange: Exchange, passage: Passage, question: Question, first: Outcome | None) -> Outcome:
        """Ask the active copy's server (unless it has just given its `first` outcome), then those with other copies."""
        candidates = (passage.proxy.server, *passage.proxy.others)
        trouble: Exception | None = None
        for server in candidates:
            try:
                outcome = first or await self._ask(exchange, passage, server, question, last=len(candidates) == 1)
            except Unreachable as error:
                self._log.warn("{error}", error=str(error))
                trouble = error
                continue
            first = None
            if isinstance(outcome, Misdirected) and server is not passage.proxy.server:
                continue  # it has a copy, but not the active one
            if isinstance(outcome, Failed) and _may_repeat(outcome, question):
                trouble = Unreachable(f"{server.name}: {outcome.reason}")
                continue
            return outcome
        raise trouble or Unreachable(f"no server of {passage.proxy.database.name} has it mounted")

    async def _ask(
        self, exchange: Exchange, passage: Passage, server: Server, question: Question, *, last: bool
    ) -> Outcome:
        connection = await self._access.connect(server, passage.vdir.protocol, passage.identity.user, last=last)
        if exchange.done:
            connection.lane.release(connection)
            return Abandoned()
        answered: Deferred[Outcome] = Deferred()
        self._send(exchange, passage, server, connection, question, answered.callback)
        return await answered

    def _send(
        self,
        exchange: Exchange,
        passage: Passage,
        server: Server,
        connection: Backend,
        question: Question,
        done: Callable[[Outcome], None],
    ) -> None:
        """Prove who asks, and let the relay do the rest."""
        head, identity = exchange.head, passage.identity
        try:
            proof = self._access.handover.prove(
                passage.proxy,
                server.name,
                head.method,
                head.target.line,
                exchange.request_id,
                identity.user,
                exchange.client,
                identity.method,
            )
        except (OSError, ValueError) as error:
            connection.lane.release(connection)
            raise Unreachable(f"{server.name}: no hand-over key: {error}") from error
        exchange.notes["server"] = server.name
        trace = b"X-CalculatedBETarget: %b\r\n" % (server.tls_name or server.name).encode("ascii")

        def judged(outcome: Outcome) -> None:
            self._judge(outcome, connection.lane.breaker, server, identity.user)
            done(outcome)

        Relay(exchange, connection, question, proof, trace, judged).begin()

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
                breaker.distrust()
                self._metrics.identity_mismatch.labels(server.name).inc()
                self._log.error(
                    "{server} answered for another request or mailbox; it is kept out for a while", server=server.name
                )

    def _conclude(self, exchange: Exchange, outcome: Outcome) -> None:
        match outcome:
            case Crossed():
                exchange.notes["end"] = "the answer was not for this request: nothing of it was passed on"
                exchange.keep = False
                exchange.reply(failed(b"IdentityMismatch"))
            case Failed(reason, answered, _):
                exchange.notes["end"] = f"the server failed: {reason}"
                if answered:
                    exchange.abort()
                else:
                    exchange.reply(failed(b"BackendFailed"))

    def _question(self, exchange: Exchange, passage: Passage, body: bytes | None) -> Question:
        head = exchange.head
        first = b"%b %b HTTP/1.1\r\n" % (head.method, head.target.line)
        client = exchange.client.encode("ascii")
        lines = (
            b"%bHost: %b\r\nX-Forwarded-For: %b\r\nX-FE-ClientIP: %b\r\nX-Forwarded-Proto: https\r\nrequest-id: %b\r\n"
            % (
                request_lines(head),
                passage.host,
                client,
                client,
                exchange.request_id.encode("ascii"),
            )
        )
        return Question(head.method, first, lines, body, passage.vdir.patience)


def _may_repeat(outcome: Failed, question: Question) -> bool:
    """Say whether a request without an answer may go to another server: nothing was sent, or it is safe to repeat."""
    return not outcome.answered and (not outcome.sent or (question.method in _SAFE and question.body is not None))
