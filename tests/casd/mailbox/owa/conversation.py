"""A browser's side of the conversation with web mail, without a socket."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import StringTransport

from casd.mailbox.call import Call, People, Receipt, Said, nobody
from casd.mailbox.owa.service import serve
from casd.mailbox.preview.previews import Previews
from casd.net.exchange import Exchange
from casd.net.http import Channel, Limits
from casd.net.unnoted import Unnoted
from protocols.handover import Assertion
from protocols.http1 import ResponseHead
from protocols.http1_parser import ResponseParser
from tests.casd.mailbox.store.world import ALICE, Reactor, World

CANARY = "c" * 32
ADDRESS = "alice@example.org"


@frozen
class Answer:
    """What came back."""

    head: ResponseHead
    body: bytes

    @property
    def status(self) -> int:
        return self.head.status

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str:
        return (self.head.get(name.encode()) or b"").decode()


class Browser(Unnoted):
    """Alice's browser; a `casd.net.http.Door` that hands her requests to web mail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clock = Reactor()
        super().__init__(Limits(), self.clock)
        self.user = ADDRESS
        self.sent: list[tuple[str, tuple[str, ...], bytes]] = []
        self.unreachable: dict[str, str] = {}
        self.failures: list[Any] = []
        self.previews: Previews | None = None
        self.asked: list[tuple[str, str, Any]] = []
        self.others: dict[str, Said] = {}
        self.people: People = nobody

    def get(self, target: str, method: str = "GET", **headers: str) -> Answer:
        return self.ask(method, target, b"", headers)

    def act(self, action: str, values: object = None, **headers: str) -> Answer:
        body = values if isinstance(values, bytes) else json.dumps(values or {}).encode()
        proof = {"X-OWA-Canary": CANARY, "Cookie": f"a=b; __Host-X-OWA-Canary={CANARY}"}
        return self.ask("POST", f"/owa/service.svc?action={action}", body, {**proof, **headers})

    def ask(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = Connection(self)
        connection.send(method, target, body, headers)
        if self.failures:
            self.failures.pop().raiseException()
        return connection.answer(method)

    # casd.net.http.Door

    def serve(self, exchange: Exchange) -> None:
        Deferred.fromCoroutine(self._answer(exchange)).addErrback(self.failures.append)

    async def _answer(self, exchange: Exchange) -> None:
        assertion = Assertion(
            issued="0", server="mbx1", method="", target="", request_id="", user=self.user, mailbox=ALICE,
            address=ADDRESS, display_name="Alice", database="DB01", client="", mechanism="forms",
        )  # fmt: skip
        world = self.world
        response = await serve(
            Call(
                exchange,
                assertion,
                world.database,
                world.alice,
                self._submit,
                self.clock,
                people=self.people,
                others=self._others,
                previews=self.previews,
            )
        )
        if response is not None:
            exchange.reply(response)

    def rejected(self, client: str, status: int, text: str) -> None:
        raise AssertionError(text)

    async def _submit(
        self, sender: str, recipients: Sequence[str], mime: bytes, passed: Sequence[str] = ()
    ) -> list[Receipt]:
        self.sent.append((sender, tuple(recipients), mime))
        return [Receipt(each, each not in self.unreachable, self.unreachable.get(each, "")) for each in recipients]

    async def _others(self, question: str, who: str, addresses: Sequence[str], what: Any) -> list[Said]:
        self.asked.append((question, who, what))
        return [self.others.get(each) or Said(each, "UserNotFound") for each in addresses]


class Connection:
    """One connection of a browser."""

    def __init__(self, browser: Browser) -> None:
        self.transport = StringTransport()
        self._channel = Channel(browser, browser.clock)
        self._channel.makeConnection(self.transport)

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> None:
        fields = {"Host": "mail.example.org", "Content-Length": str(len(body)), **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        self._channel.dataReceived(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode() + body)

    def answer(self, method: str = "GET") -> Answer:
        """Return the answer as far as it has come."""
        return _read(method, self.transport.value())

    def lose(self) -> None:
        self._channel.connectionLost(connectionDone)


def _read(method: str, data: bytes) -> Answer:
    parser = ResponseParser()
    parser.expect(method.encode())
    parser.feed(data)
    head, body = None, b""
    while (event := parser.next()) is not None:
        if isinstance(event, ResponseHead):
            head = event
        elif isinstance(event, bytes):
            body += event
    assert head is not None, "there is no answer"
    return Answer(head, body)
