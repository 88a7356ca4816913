"""A stand-in for a mailbox server: it checks who asks, and answers with what it was asked.

    python -m tests.integration.echo NAME PORT FOLDER

The answer is JSON: server, user, mailbox, address, client, and the request's body. A query changes what it does:
`seal=other` answers for another mailbox, `size=N` sends N bytes at the client's pace, `slow=yes` takes a body at
64 KiB in 50 ms, `wait=S` answers after S seconds.
RPC_IN_DATA and RPC_OUT_DATA are joined by the first 16 bytes of their bodies: what comes in goes out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())

from twisted.internet import reactor  # noqa: E402, TID251 (a process of its own)
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.python.failure import Failure  # noqa: E402

from casd.certificates import Pair  # noqa: E402
from casd.model import Endpoint  # noqa: E402
from casd.net import http2  # noqa: E402
from casd.net.exchange import Exchange  # noqa: E402
from casd.net.handover import read_keys  # noqa: E402
from casd.net.http import Limits  # noqa: E402
from casd.net.shown import Shown  # noqa: E402
from casd.net.tls import HTTP2, ServerTLS  # noqa: E402
from casd.net.transports import listen  # noqa: E402
from casd.net.unnoted import Unnoted  # noqa: E402
from protocols.handover import ANSWER_HEADER, Assertion, seal, verify  # noqa: E402
from protocols.http1 import Response  # noqa: E402

BLOCK = bytes(65536)
COOKIE = 16
"""Bytes by which the channels of a virtual connection know each other."""


class Echo(Unnoted):
    """A `casd.net.http.Door`."""

    def __init__(self, server: str, keys: dict[str, bytes]) -> None:
        super().__init__(Limits(idle_time=3600, streams=1000, windows=1000, resets=100_000, frames=100_000), reactor)
        self._server = server
        self._keys = keys
        self._channels: dict[bytes, Exchange] = {}

    def buildMultiplexed(self, _address: Any) -> http2.Channel:
        return http2.Channel(self, reactor)

    def decorate(self, exchange: Exchange | None) -> bytes:
        return exchange.lines if exchange else b""

    def rejected(self, client: str, status: int, text: str) -> None:
        say(f"{client} {status} {text}")

    def serve(self, exchange: Exchange) -> None:
        if exchange.head.path == "/casd/health":
            exchange.reply(Response(200))
            return
        Deferred.fromCoroutine(self._answer(exchange)).addErrback(self._failed, exchange)

    async def _answer(self, exchange: Exchange) -> None:
        head = exchange.head
        query = {name: values[0] for name, values in parse_qs(head.query).items()}
        assertion = self._verified(exchange, other="seal" in query)
        match head.method:
            case b"RPC_OUT_DATA":
                exchange.proceed()
                cookie = await exchange.read(1 << 16)
                exchange.begin(200, (), length=1 << 30)
                exchange.write(self._server.encode())
                self._channels[cookie[:COOKIE]] = exchange
            case b"RPC_IN_DATA":
                exchange.patient = True
                exchange.proceed()
                exchange.attach(_Inward(exchange, self._channels))
            case _ if "size" in query:
                _Outward(exchange, int(query["size"]))
            case _ if "wait" in query:
                reactor.callLater(float(query["wait"]), exchange.reply, Response(200, (), self._echo(assertion, b"")))
            case _ if "slow" in query:
                exchange.proceed()
                exchange.attach(_Slow(exchange))
            case _:
                body = await exchange.read(1 << 20)
                exchange.reply(Response(200, ((b"Content-Type", b"application/json"),), self._echo(assertion, body)))

    def _verified(self, exchange: Exchange, *, other: bool) -> Assertion:
        head = exchange.head
        method, target = head.method.decode(), head.target.line.decode()
        token = head.get(b"x-casd-identity") or b""
        assertion = verify(token, self._keys, server=self._server, method=method, target=target, now=time.time())
        mailbox = str(uuid4()) if other else assertion.mailbox
        proof = seal(assertion.request_id, mailbox, *next(iter(self._keys.items())))
        exchange.lines = b"%b: %b\r\nX-BEServer: %b\r\n" % (ANSWER_HEADER, proof, self._server.encode())
        return assertion

    def _echo(self, assertion: Assertion, body: bytes) -> bytes:
        names = ("user", "mailbox", "address", "client")
        fields = {name: getattr(assertion, name) for name in names}
        return json.dumps({"server": self._server, **fields, "body": body.decode()}).encode()

    def _failed(self, failure: Failure, exchange: Exchange) -> None:
        say(failure.getTraceback())
        exchange.abort()


class _Inward:
    """Takes what comes in on one channel to the other channel of its virtual connection."""

    def __init__(self, exchange: Exchange, channels: dict[bytes, Exchange]) -> None:
        self._exchange = exchange
        self._channels = channels
        self._cookie = b""

    def body(self, data: bytes) -> None:
        missing = COOKIE - len(self._cookie)
        self._cookie += data[:missing]
        if len(self._cookie) == COOKIE and data[missing:]:
            self._channels[self._cookie].write(data[missing:])

    def end(self, _trailers: Any) -> None:
        self._exchange.reply(Response(200))


class _Outward:
    """Sends a number of bytes at the client's pace."""

    def __init__(self, exchange: Exchange, size: int) -> None:
        self._exchange = exchange
        self._left = size
        self._paused = False
        exchange.producer = self
        exchange.begin(200, (), length=size)
        reactor.callLater(0, self.resumeProducing)  # what is written while a request is being read is held back

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._left and not self._paused and not self._exchange.lost:
            block = BLOCK[: self._left]
            self._left -= len(block)
            self._exchange.write(block)
        if not self._left:
            self._exchange.finish()


class _Slow:
    """Takes a body slowly."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._taken = 0

    def body(self, data: bytes) -> None:
        self._taken += len(data)
        self._exchange.pause()
        reactor.callLater(0.05 * len(data) / len(BLOCK), self._exchange.resume)

    def end(self, _trailers: Any) -> None:
        self._exchange.reply(Response(200, (), b"%d" % self._taken))


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(server: str, port: int, folder: Path) -> None:
    factory = Echo(server, read_keys(folder / "keys" / f"{server}.key"))
    tls = ServerTLS((Pair(folder / f"{server}.pem", folder / f"{server}.key"),), folder / "ca.pem", HTTP2)
    listening = Deferred.fromCoroutine(listen(reactor, Endpoint("127.0.0.1", port), factory, Shown(tls)))
    listening.addCallback(lambda _: say("ready"))
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
