"""The door of a mailbox server: only front ends come in, and each request says under seal for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from casd.mailbox.dispatch import Dispatch
from casd.net import http2
from casd.net.exchange import Exchange
from casd.net.http import Channel, Limits
from casd.net.unnoted import Unnoted
from protocols.handover import ANSWER_HEADER, REQUEST_HEADER, Assertion, BadAssertion, seal, verify_all
from protocols.http1 import Response

_IDENTITY = REQUEST_HEADER.lower()
_HEALTH = "/casd/health"
"""The only path that takes no assertion: it says that this server answers, and nothing else."""


class MailboxDoor(Unnoted):
    """A Twisted factory (and `casd.net.http.Door`) that verifies assertions and seals answers."""

    _log = Logger()

    def __init__(
        self,
        *,
        server: str,
        keys: Mapping[str, bytes],
        dispatch: Dispatch,
        limits: Limits,
        clock: Any,
        now: Callable[[], float],
    ) -> None:
        super().__init__(limits, clock)
        self._server = server
        self._keys = keys
        self._dispatch = dispatch
        self._now = now
        self._channels: set[Channel | http2.Channel] = set()
        self._common = b"X-BEServer: %b\r\n" % server.encode("ascii")

    def buildMultiplexed(self, _address: Any) -> http2.Channel:
        """Return a channel for a front end's connection that many requests share."""
        return http2.Channel(self, self._clock)

    def drain(self) -> None:
        """Finish what is under way on each connection, then close it."""
        for channel in tuple(self._channels):
            channel.drain()

    def entered(self, channel: Channel | http2.Channel) -> None:
        """Take note of a connection's begin."""
        self._channels.add(channel)

    def left(self, channel: Channel | http2.Channel) -> None:
        """Take note of a connection's end."""
        self._channels.discard(channel)

    # casd.net.http.Door

    def serve(self, exchange: Exchange) -> None:
        """Answer a request of a front end."""
        if exchange.head.path == _HEALTH:
            exchange.reply(Response(200))
            return
        try:
            assertion, *beside = self._verified(exchange)
        except BadAssertion as error:
            self._log.warn("refused a request from {client}: {error}", client=exchange.client, error=error)
            exchange.reply(Response(403))
            return
        exchange.notes["user"] = assertion.user
        exchange.notes["mailbox"] = f"{assertion.mailbox}+{len(beside)}" if beside else assertion.mailbox
        answering = Deferred.fromCoroutine(self._dispatch.answer(exchange, assertion, beside))
        answering.addErrback(self._surprised, exchange)

    def decorate(self, exchange: Exchange | None) -> bytes:
        """Return the lines that stand on every answer."""
        if exchange is None:
            return self._common
        return b"%b%brequest-id: %b\r\n" % (exchange.lines, self._common, exchange.request_id.encode("ascii"))

    def finished(self, exchange: Exchange) -> None:
        """Write the session's line; a health check's is for whoever looks closely."""
        level = LogLevel.debug if exchange.head.path == _HEALTH else LogLevel.info
        self._log.emit(
            level,
            "{id} user={user} mailbox={mailbox} {method} {path} {status} in={received} out={sent} {seconds} s",
            id=exchange.request_id,
            user=exchange.notes.get("user", "-"),
            mailbox=exchange.notes.get("mailbox", "-"),
            method=exchange.head.method.decode("ascii"),
            path=exchange.head.path,
            status=499 if exchange.lost else exchange.status,
            received=exchange.received,
            sent=exchange.sent,
            seconds=round(self._clock.seconds() - exchange.started, 4),
        )
        self._dispatch.finished(exchange)

    def rejected(self, client: str, status: int, text: str) -> None:
        """Write a line for bytes that were no request."""
        self._log.warn("{status} to {client}: {text}", status=status, client=client, text=text)

    # One request

    def _verified(self, exchange: Exchange) -> list[Assertion]:
        """Return what a request asserts, with the seal put on its answer; or raise `BadAssertion`."""
        head = exchange.head
        tokens = head.all(_IDENTITY)
        method, target = head.method.decode("ascii"), head.target.line.decode("ascii")
        asserted = verify_all(tokens, self._keys, server=self._server, method=method, target=target, now=self._now())
        assertion, key_id = asserted[0], tokens[0].split(b".")[1].decode("ascii")
        proof = seal(assertion.request_id, assertion.mailbox, key_id, self._keys[key_id])
        exchange.request_id = assertion.request_id
        exchange.lines = b"%b: %b\r\n" % (ANSWER_HEADER, proof)
        return asserted

    def _surprised(self, failure: Failure, exchange: Exchange) -> None:
        self._log.failure("request {id} failed", failure, id=exchange.request_id)
        if exchange.begun:
            exchange.abort()  # what was begun cannot be ended properly
        else:
            exchange.reply(Response(500))
