"""A mailbox server's stand-in for measurements: checks the assertion, seals the answer, sends N bytes or waits."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())

from twisted.internet import reactor  # noqa: E402, TID251
from twisted.internet.defer import Deferred  # noqa: E402

from casd.certificates import Pair  # noqa: E402
from casd.model import Endpoint  # noqa: E402
from casd.net.exchange import Exchange  # noqa: E402
from casd.net.handover import read_keys  # noqa: E402
from casd.net.http import Limits  # noqa: E402
from casd.net.shown import Shown  # noqa: E402
from casd.net.tls import ServerTLS  # noqa: E402
from casd.net.transports import listen  # noqa: E402
from casd.net.unnoted import Unnoted  # noqa: E402
from protocols.handover import ANSWER_HEADER, BadAssertion, seal, verify  # noqa: E402
from protocols.http1 import Response  # noqa: E402

BLOCK = b"x" * 65536


class Backend(Unnoted):
    """`GET /path?size=N` answers N bytes; a body is read and forgotten."""

    def __init__(self, name: str, keys: dict[str, bytes]) -> None:
        super().__init__(Limits(idle_time=3600), reactor)
        self._name = name
        self._keys = keys

    def serve(self, exchange: Exchange) -> None:
        head = exchange.head
        size = int(parse_qs(head.query).get("size", ["1024"])[0])
        token = head.get(b"x-casd-identity")
        if token is not None:
            try:
                assertion = verify(
                    token,
                    self._keys,
                    server=self._name,
                    method=head.method.decode(),
                    target=head.target.line.decode(),
                    now=time.time(),
                )
            except BadAssertion:
                exchange.reply(Response(403))
                return
            key_id, key = next(iter(self._keys.items()))
            answer = seal(assertion.request_id, assertion.mailbox, key_id, key)
            exchange.lines = b"%b: %b\r\n" % (ANSWER_HEADER, answer)
        if exchange.ended and size <= len(BLOCK):
            exchange.reply(Response(200, ((b"Content-Type", b"application/octet-stream"),), BLOCK[:size]))
        else:
            _Stream(exchange, size)

    def decorate(self, exchange: Exchange | None) -> bytes:
        return exchange.lines if exchange else b""

    def rejected(self, client: str, status: int, text: str) -> None:
        print(client, status, text, file=sys.stderr)


class _Stream:
    """Reads the body to its end, then sends an answer at the client's pace."""

    def __init__(self, exchange: Exchange, size: int) -> None:
        self._exchange = exchange
        self._left = size
        self._paused = False
        exchange.producer = self
        exchange.proceed()
        exchange.attach(self)

    def body(self, data: bytes) -> None:
        pass

    def end(self, _trailers: Any) -> None:
        self._exchange.begin(200, ((b"Content-Type", b"application/octet-stream"),), length=self._left)
        reactor.callLater(0, self._send)  # not within the read of the request, where nothing slows it down

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._send()

    def _send(self) -> None:
        while self._left and not self._paused and not self._exchange.lost:
            block = BLOCK[: min(self._left, len(BLOCK))]
            self._left -= len(block)
            self._exchange.write(block)
        if not self._left and not self._exchange.done:
            self._exchange.finish()


def main(name: str, port: int, folder: Path, plain_port: int) -> None:
    """Listen with TLS for a front end, and without for proxies that verify nothing."""
    keys = read_keys(folder / "keys" / f"{name}.key")
    factory = Backend(name, keys)
    tls = ServerTLS((Pair(folder / f"{name}.pem", folder / f"{name}.key"),), folder / "ca.pem")
    for endpoint, how in ((Endpoint("127.0.0.1", port), Shown(tls)), (Endpoint("127.0.0.1", plain_port), None)):
        Deferred.fromCoroutine(listen(reactor, endpoint, factory, how))
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
