"""One request to somebody else's server, answered in time and in bounds or not at all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from attrs import field, frozen
from twisted.internet.defer import Deferred, DeferredLock, DeferredSemaphore, succeed
from twisted.internet.defer import TimeoutError as Late
from twisted.internet.error import TimeoutError as NotConnected

from casd.access import ClientAccess
from casd.availability.accounts import Account, filled
from casd.model import Server
from casd.net.backend import Backend
from casd.net.fetch import Answer, Unheard, fetch
from casd.net.handover import ANSWER_FIELD, Proof
from casd.net.pool import Busy, Unreachable
from casd.net.trunk import Stream
from protocols.http1 import Headers, write_fields

T = TypeVar("T")

PROTOCOL = "availability"
"""The word for endpoints and switches."""

PROXIED = b"X-CASD-Proxied"
"""Stands on a request that a front end has passed on, so that nobody passes it on again."""

_SHARE = 4
"""Of a server's connections this part at most is busy with what is asked here: others have work for it too."""

_LARGE = 16 * 1024
"""Bytes of an answer that are not read in the reactor's thread."""

_NOT_TAKEN = frozenset({403, 431})
"""Said of hand-overs that an older version takes one by one, or that are more than a head may hold: it is no lie."""

_REFUSED = {401: "ErrorMailboxLogonFailed", 403: "ErrorNoFreeBusyAccess", 503: "ErrorServerBusy"}


class Unanswered(Exception):
    """A server has told nothing of its mailboxes; `code` is a ResponseCode of EWS, the text is for the log."""

    def __init__(self, code: str, why: str = "") -> None:
        self.code = code
        super().__init__(f"{code}: {why}" if why else code)


class Apart(Unanswered):
    """What was asked of several mailboxes at once is to be asked again, of each by itself."""


@frozen
class Question:
    """A request; `headers` do not say how long the body is. With a `proof` it is handed over, and so is its answer."""

    method: bytes
    target: bytes
    headers: Headers = ()
    body: bytes = b""
    proof: Proof | None = None


@frozen
class Wire:
    """The way to other servers. `largest` is how many bytes are read of what is told of one mailbox."""

    access: ClientAccess
    largest: int
    in_thread: Callable[..., Deferred[Any]]
    _turns: WeakValueDictionary[str, DeferredSemaphore] = field(factory=WeakValueDictionary, init=False, repr=False)
    """Of servers that are asked now: partners may send us on to ever other ones."""

    @property
    def now(self) -> float:
        """The time of the clock."""
        return float(self.access.clock.seconds())

    async def fetch(self, server: Server, who: str, question: Question, until: float, mailboxes: int = 1) -> Answer:
        """Return what a server answers, asked when it is its turn. Raises `Unanswered`."""
        most = max(1, self.access.pool.settings.connections // _SHARE)
        turns = self._turns.setdefault(server.name, DeferredSemaphore(most))
        async with self.turn(turns, until, f"{server.name} is asked for too many already"):
            return await self._fetch(server, who, question, until, mailboxes)

    @asynccontextmanager
    async def turn(self, turns: DeferredLock | DeferredSemaphore, until: float, why: str) -> AsyncIterator[None]:
        """Do something when it is its turn, if that comes before a time. Raises `Unanswered`."""
        try:
            await turns.acquire().addTimeout(max(0.0, until - self.now), self.access.clock)
        except Late as error:
            raise Unanswered("ErrorTimeoutExpired", why) from error
        try:
            if self.now >= until:
                raise Unanswered("ErrorTimeoutExpired", why)
            yield
        finally:
            self.access.clock.callLater(0, turns.release)  # not from here: each would call the next

    async def _fetch(self, server: Server, who: str, question: Question, until: float, mailboxes: int) -> Answer:
        connection = await self._connected(server, who, until)
        has_served, left = connection.served > 0, until - self.now
        lines = write_fields((*question.headers, (b"Host", _host(server))))
        lines += question.proof.line if question.proof else b""
        limit = self.largest * mailboxes
        silence = left + 1  # which says no more than being late, but says it in other words
        asked = fetch(connection, question.method, question.target, lines, question.body, silence, limit)
        answered: Deferred[Answer] = Deferred.fromCoroutine(asked)
        try:
            answer = await answered.addTimeout(left, self.access.clock)
        except Late as error:
            connection.abandon()
            raise Unanswered("ErrorTimeoutExpired", f"{server.name} did not answer in time") from error
        except Unreachable as error:
            if has_served and isinstance(error, Unheard):
                # It has closed what was idle; a question may be asked twice, and at last there is a new connection.
                return await self._fetch(server, who, question, until, mailboxes)
            raise Unanswered(_FAILED, str(error)) from error
        if question.proof and not question.proof.answered_by(answer.head.get(ANSWER_FIELD)):
            if mailboxes > 1 and answer.head.status in _NOT_TAKEN:
                connection.expired = True
                raise Apart(_FAILED, f"{server.name} takes no hand-over of {mailboxes} mailboxes")
            connection.distrust()
            connection.lane.breaker.distrust()
            raise Unanswered(_FAILED, f"{server.name} answered for another request or mailbox")
        return answer

    async def _connected(self, server: Server, who: str, until: float) -> Backend | Stream:
        try:
            connection = await self.access.connect(server, PROTOCOL, who, last=True)
        except Busy as error:
            raise Unanswered("ErrorServerBusy", str(error)) from error
        except Unreachable as error:
            late = isinstance(error.__cause__, _LATE)
            raise Unanswered("ErrorTimeoutExpired" if late else _FAILED, str(error)) from error
        if self.now >= until:
            connection.lane.release(connection)
            raise Unanswered("ErrorTimeoutExpired", "no connection in time")
        return connection

    async def read(self, function: Callable[..., T], answer: Answer, *args: Any) -> T:
        """Return what a function makes of an answer's body; what is large is read beside the reactor."""
        run = self.in_thread if len(answer.body) > _LARGE else _here
        found: T = await run(function, *args, answer.body)
        return found


_FAILED = "ErrorProxyRequestProcessingFailed"
_LATE = (TimeoutError, Late, NotConnected)


def _here(function: Callable[..., T], *args: Any) -> Deferred[T]:
    return succeed(function(*args))


def check(answer: Answer, *fine: int) -> None:
    """Raise `Unanswered` unless an answer has one of these statuses."""
    status = answer.head.status
    if status not in fine:
        raise Unanswered(_REFUSED.get(status, _FAILED), f"answered {status}")


def signed_in(account: Account, values: Mapping[str, str]) -> Headers:
    """Return the fields by which an account signs in."""
    own = ((name.encode(), filled(value, values).encode()) for name, value in account.headers)
    if not account.user:
        return tuple(own)
    login = f"{filled(account.user, values)}:{account.password}".encode()
    return (*own, (b"Authorization", b"Basic " + b64encode(login)))


def _host(server: Server) -> bytes:
    return (server.tls_name or server.name).encode("idna")
