"""Carrying a request to the server of its mailbox, and to another one when that is safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.frontends.passage import Passage
from casd.metrics import Metrics
from casd.model import Proxy, Server
from casd.net.backend import Backend
from casd.net.exchange import Exchange
from casd.net.pool import Lane, Unreachable
from casd.net.relay import SERVED, Abandoned, Crossed, Failed, Misdirected, Outcome, Question, Relay
from casd.net.spawn import spawn
from casd.net.trunk import Stream
from casd.vdirs.vdir import Vdir, failed, later

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Methods that may be sent twice (RFC 9110 section 9.2.1)."""

_PAUSE = 0.05
"""Seconds between two looks at the directory while a database is being moved."""

Told = Callable[[Exchange, Vdir, Exception], None]


class Carrier:
    """What the errands of one door share: the service, the figures, the clock, the door's settings.

    `told` learns of `Busy`, `Unreachable` and surprises: then nothing has been answered.
    """

    __slots__ = ("access", "clock", "handover", "metrics", "pool", "settings", "told", "window")

    def __init__(self, access: ClientAccess, metrics: Metrics, clock: Any, settings: Any, told: Told) -> None:
        self.access = access
        self.metrics = metrics
        self.clock = clock
        self.settings = settings
        self.told = told
        self.pool = access.pool
        self.handover = access.handover
        self.window: int = settings.window


class Errand:
    """Takes one request to its mailbox's server, waits for a database on the move, tries another candidate."""

    __slots__ = ("_breaker", "_carrier", "_exchange", "_next", "_passage", "_question", "_server")

    _log: ClassVar[Logger] = Logger()

    def __init__(self, carrier: Carrier, exchange: Exchange, passage: Passage) -> None:
        self._carrier = carrier
        self._exchange = exchange
        self._passage = passage
        self._next: Callable[[Outcome], None] | None = None

    def begin(self) -> None:
        """Have the request answered by its server, or answer why not.

        Most requests are whole and find a free connection: they are on their way before this returns.
        """
        exchange, passage, carrier = self._exchange, self._passage, self._carrier
        if not exchange.ended or exchange.held_size > carrier.window or passage.tunnel:
            spawn(self._receive(), self._told)
            return
        self._question = self._ask_with(exchange.take_held())
        lane = carrier.pool.lane(passage.server, passage.protocol)
        waits = passage.waits(exchange.head, self._question.body)
        connection = None if waits or lane.breaker.open else lane.take()
        if connection is None:
            spawn(self._carry(None), self._told)
        else:
            try:
                self._send(passage.server, passage.server_name, connection)
            except Unreachable:
                spawn(self._carry(None), self._told)

    def _told(self, error: Exception) -> None:
        self._carrier.told(self._exchange, self._passage.vdir, error)

    async def _receive(self) -> None:
        """Carry a request whose body is still on its way: wait for a short one, stream a long one."""
        length, window = self._exchange.head.length, self._carrier.window
        short = not self._passage.tunnel and length is not None and length <= window
        self._question = self._ask_with(await self._exchange.read(window) if short else None)
        await self._carry(None)

    async def _carry(self, outcome: Outcome | None) -> None:
        """Ask until there is an answer that is not "elsewhere", as long as a move may take."""
        carrier, exchange = self._carrier, self._exchange
        give_up = carrier.clock.seconds() + carrier.settings.hold_time
        while True:
            outcome = await self._try(outcome)
            if not isinstance(outcome, Misdirected):
                self._conclude(outcome)
                return
            outcome = None
            if carrier.clock.seconds() >= give_up:
                exchange.reply(later(b"DatabaseMoving"))
                return
            await deferLater(carrier.clock, _PAUSE)
            if not await self._look_again():
                return

    async def _look_again(self) -> bool:
        """Ask the directory where the mailbox is by now; False when there is nothing left to carry."""
        exchange, passage, access = self._exchange, self._passage, self._carrier.access
        await access.directory.refresh()
        decision = await access.locate(passage.identity, passage.anchor, passage.protocol, exchange.client)
        if exchange.done:
            return False
        if not isinstance(decision, Proxy):
            exchange.reply(later(b"DatabaseMoving"))
            return False
        self._passage = exchange.passage = passage.leading_to(decision)
        return True

    async def _try(self, first: Outcome | None) -> Outcome:
        """Ask the active copy's server (unless it has just given its `first` outcome), then those with other copies."""
        proxy = self._passage.proxy
        candidates = (proxy.server, *proxy.others)
        trouble: Exception | None = None
        for server in candidates:
            try:
                outcome = first or await self._ask(server, last=len(candidates) == 1)
            except Unreachable as error:
                self._log.warn("{error}", error=str(error))
                trouble = error
                continue
            first = None
            if isinstance(outcome, Misdirected) and server is not proxy.server:
                continue  # it has a copy, but not the active one
            if isinstance(outcome, Failed) and _may_repeat(outcome, self._question):
                trouble = Unreachable(f"{server.name}: {outcome.reason}")
                continue
            return outcome
        raise trouble or Unreachable(f"no server of {proxy.database.name} has it mounted")

    async def _ask(self, server: Server, *, last: bool) -> Outcome:
        passage = self._passage
        access = self._carrier.access
        waits = passage.waits(self._exchange.head, self._question.body)
        for again in (True, False):
            connection = await access.connect(server, passage.protocol, passage.identity.user, last=last, waits=waits)
            if self._exchange.done:
                connection.lane.release(connection)
                return Abandoned()
            answered: Deferred[Outcome] = Deferred()
            self._next = answered.callback
            self._send(server, server.name, connection)
            outcome = await answered
            if not (again and isinstance(outcome, Failed) and outcome.refused):
                break
        return outcome

    def _send(self, server: Server, name: str, connection: Backend | Stream) -> None:
        """Prove who asks, and let the relay do the rest; `_answered` is told how it ended."""
        exchange = self._exchange
        lane: Lane = connection.lane
        head = exchange.head
        try:
            proof = self._carrier.handover.prove(
                self._passage.bearer, name, head.method, head.target.line, exchange.request_id
            )
        except (OSError, ValueError) as error:
            lane.release(connection)
            raise Unreachable(f"{name}: no hand-over key: {error}") from error
        exchange.server = name
        self._server, self._breaker = server, lane.breaker
        Relay(exchange, connection, self._question, proof, lane.trace, self._answered).begin()

    def _answered(self, outcome: Outcome) -> None:
        """Go on; nearly always there is nothing more to do."""
        if outcome is SERVED:
            self._breaker.good()
        else:
            self._judge(outcome)
        if self._next is not None:
            self._next(outcome)
        elif outcome is not SERVED:
            spawn(self._carry(outcome), self._told)

    def _judge(self, outcome: Outcome) -> None:
        """Tell the breaker and the figures what went wrong."""
        metrics, breaker, server = self._carrier.metrics, self._breaker, self._server
        match outcome:
            case Misdirected():
                metrics.misdirected.labels(server.name).inc()
            case Failed(refused=False):
                breaker.failed(self._passage.identity.user)
                metrics.backend_failures.labels(server.name).inc()
            case Crossed():
                breaker.distrust()
                metrics.identity_mismatch.labels(server.name).inc()
                self._log.error(
                    "{server} answered for another request or mailbox; it is kept out for a while", server=server.name
                )

    def _conclude(self, outcome: Outcome) -> None:
        exchange = self._exchange
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

    def _ask_with(self, body: bytes | None) -> Question:
        """Return the request as a server gets it; its body is None when it is streamed."""
        exchange, passage, head = self._exchange, self._passage, self._exchange.head
        first = b"%b %b HTTP/1.1\r\n" % (head.method, head.target.line)
        request_id = exchange.request_id.encode("ascii")
        lines = b"%brequest-id: %b\r\n" % (passage.asks(head), request_id)
        return Question(head.method, first, lines, body, passage.patience)


def _may_repeat(outcome: Failed, question: Question) -> bool:
    """Say whether a request without an answer may go to another server: nothing was sent, or it is safe to repeat."""
    return not outcome.answered and (not outcome.sent or (question.method in _SAFE and question.body is not None))
