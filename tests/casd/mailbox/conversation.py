"""A conversation with a mailbox server without sockets: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from casd.mailbox.call import Call, Receipt
from casd.mailbox.dispatch import Dispatch, ServiceOfPath
from casd.mailbox.door import MailboxDoor
from casd.mailbox.roster import Roster
from casd.net.http import Channel, Limits
from protocols.handover import Assertion, sealed, sign
from tests.casd.mailbox.store.world import ALICE, NOON, Reactor, mount, result

KEYS = {"1": b"k" * 32, "2": b"j" * 32}

ALICE_ASKS = Assertion(
    issued=int(NOON),
    server="mbx1",
    method="POST",
    target="/ews/exchange.asmx",
    request_id="0000-1",
    user="alice@example.org",
    mailbox=ALICE,
    address="alice@example.org",
    display_name="Alice",
    database="DB01",
    client="192.0.2.1",
    mechanism="basic",
)
OPERATOR = ALICE_ASKS._replace(
    user="casctl", mailbox="", address="", display_name="", database="DB01", mechanism="control"
)


@frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def is_sealed(self, assertion: Assertion) -> bool:
        """Say whether it is proved to be the answer to this assertion's request."""
        proof = self.headers.get("x-casd-served", "").encode()
        return sealed(proof, KEYS, request_id=assertion.request_id, mailbox=assertion.mailbox)


class Transport(StringTransport):
    """A transport that may be aborted and paused."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class Server:
    """A mailbox server with one connection of a front end."""

    def __init__(self, folder: Path, services: Mapping[str, ServiceOfPath], *first: str) -> None:
        self.reactor = Reactor()
        self.roster = Roster(folder, "mbx1", self.reactor, mount=mount)
        result(Deferred.fromCoroutine(self.roster.begin(first)))
        call = partial(Call, submit=submit, clock=self.reactor)
        dispatch = Dispatch("mbx1", self.roster, services, call)
        self.door = MailboxDoor(
            server="mbx1", keys=KEYS, dispatch=dispatch, limits=Limits(), clock=self.reactor, now=lambda: NOON
        )
        self.connect()

    def connect(self) -> None:
        self.channel: Channel = self.door.buildProtocol(None)
        self.transport = Transport()
        self.channel.makeConnection(self.transport)

    def say(self, assertion: Assertion, body: bytes = b"", *, token: bytes | None = None, more: bytes = b"") -> None:
        """Send a request that an assertion vouches for."""
        proof = sign(assertion, "2", KEYS["2"]) if token is None else token
        self.channel.dataReceived(
            b"%b %b HTTP/1.1\r\nHost: x\r\nX-CASD-Identity: %b\r\n%bContent-Length: %d\r\n\r\n%b"
            % (assertion.method.encode(), assertion.target.encode(), proof, more, len(body), body)
        )

    def ask(self, assertion: Assertion, body: bytes = b"", **how: Any) -> Answer:
        """Send a request and return its answer."""
        self.say(assertion, body, **how)
        return self.answer()

    def answer(self) -> Answer:
        """Return the answer that has come."""
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.transport.clear()
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return Answer(int(status.split()[1]), headers, body)


async def submit(
    _sender: str, recipients: Sequence[str], _mime: bytes, passed: Sequence[str] = ()
) -> Sequence[Receipt]:
    return [Receipt(recipient, delivered=True) for recipient in recipients]
