from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from casd.mailbox.call import Meant, Person, Receipt, Said
from casd.mailbox.submission import Submission, SubmissionFailed
from casd.model import Endpoint
from casd.net.backend import Backend
from casd.net.pool import Connector
from casd.net.tls import ClientTLS
from protocols.handover import verify
from tests.casd.mailbox.conversation import KEYS, Transport
from tests.casd.mailbox.store.world import NOON, mail, result


class FrontDoor:
    """A front door that a submission connects to without sockets."""

    def __init__(self) -> None:
        self.transports: list[Transport] = []
        self.connections: list[Backend] = []
        self.to: list[tuple[Endpoint, ClientTLS]] = []
        self.clock = Clock()
        self.submission = Submission(
            server="mbx1",
            front="https://localhost:8443",
            ca="PEM",
            keys=KEYS,
            clock=self.clock,
            connector=self.connect,
            now=lambda: NOON,
        )

    async def connect(self, endpoint: Endpoint, protocol: Backend, tls: ClientTLS, timeout: float) -> None:
        transport = Transport()
        protocol.makeConnection(transport)
        self.transports.append(transport)
        self.connections.append(protocol)
        self.to.append((endpoint, tls))

    def submit(self, *recipients: str) -> Deferred[Sequence[Receipt]]:
        return Deferred.fromCoroutine(self.submission("alice@example.org", recipients, mail()))

    def answer(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self.connections[-1].dataReceived(head + body)


@pytest.fixture
def front() -> FrontDoor:
    return FrontDoor()


def test_a_message_goes_to_the_front_door_under_this_servers_name(front: FrontDoor) -> None:
    receipts = front.submit("bob@example.org", "zoë@example.org")
    head, _, body = front.transports[0].value().partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    fields = [tuple(line.split(": ", 1)) for line in lines]
    headers = dict(fields)
    assert first == "POST /casd/submit HTTP/1.1"
    assert body == mail()
    assert headers["Host"] == "localhost:8443"
    assert headers["X-CASD-Server"] == "mbx1"
    assert headers["Content-Length"] == str(len(body))
    assert [value for name, value in fields if name == "X-CASD-Recipient"] == ["bob@example.org", "zoë@example.org"]
    token = headers["X-CASD-Identity"].encode()
    assertion = verify(token, KEYS, server="front", method="POST", target="/casd/submit", now=NOON)
    assert (assertion.user, assertion.mechanism) == ("alice@example.org", "submission")
    assert front.to == [(Endpoint("localhost", 8443), ClientTLS("localhost", "PEM"))]
    listed = [
        {"address": "bob@example.org", "delivered": True, "reason": ""},
        {"address": "zoë@example.org", "delivered": False, "reason": "no such user"},
    ]
    front.answer(b"200 OK", json.dumps({"receipts": listed}).encode())
    assert result(receipts) == [
        Receipt("bob@example.org", delivered=True),
        Receipt("zoë@example.org", delivered=False, reason="no such user"),
    ]
    assert front.transports[0].disconnecting


def test_who_has_sent_a_message_on_is_said_beside_it(front: FrontDoor) -> None:
    passed = ("carol@example.org", "dave@example.org")
    Deferred.fromCoroutine(front.submission("alice@example.org", ["bob@example.org"], mail(), passed))
    for one in passed:
        assert f"X-CASD-Forwarded-By: {one}\r\n".encode() in front.transports[0].value()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (b"503 Later", b"", "the front door answered 503"),
        (b"200 OK", b"<html>", "the front door's answer is no list of receipts"),
        (b"200 OK", b'{"receipts": [1]}', "the front door's answer is no list of receipts"),
        (b"200 OK", b"[]", "the front door's answer is no list of receipts"),
        (b"200 OK", b" " * (5 << 20), "the answer is too large"),
    ],
)
def test_an_answer_that_says_nothing_is_no_delivery(front: FrontDoor, status: bytes, body: bytes, reason: str) -> None:
    receipts = front.submit("bob@example.org")
    front.answer(status, body)
    assert result(receipts) == [Receipt("bob@example.org", delivered=False, reason=reason)]


def test_a_front_door_that_is_silent_is_given_up(front: FrontDoor) -> None:
    receipts = front.submit("bob@example.org")
    front.clock.advance(121)
    assert result(receipts)[0].reason == "no answer in time"


def test_a_front_door_that_cannot_be_reached_is_said_in_the_receipts(front: FrontDoor) -> None:
    async def refused(*_: Any) -> None:
        raise ConnectionRefusedError("nobody listens")

    front.submission._connector = cast(Connector, refused)
    (receipt,) = result(front.submit("bob@example.org"))
    assert (receipt.delivered, receipt.reason) == (False, "nobody listens")


def test_an_address_forges_no_header(front: FrontDoor) -> None:
    (receipt,) = result(front.submit("bob@example.org\r\nX-CASD-Server: mbx2"))
    assert not receipt.delivered
    assert front.transports == []


def test_many_recipients_take_several_requests(front: FrontDoor) -> None:
    receipts = front.submit(*(f"user{number}@example.org" for number in range(501)))
    for recipients in (500, 1):
        listed = [{"address": "x", "delivered": True}] * recipients
        assert front.transports[-1].value().count(b"X-CASD-Recipient") == recipients
        front.answer(b"200 OK", json.dumps({"receipts": listed}).encode())
    assert len(result(receipts)) == 501


def test_other_mailboxes_are_asked_through_the_front_door(front: FrontDoor) -> None:
    asked = Deferred.fromCoroutine(front.submission.others("tips", "alice@example.org", ["bob@example.org"], {"x": 1}))
    head, _, body = front.transports[0].value().partition(b"\r\n\r\n")
    assert (head.startswith(b"POST /casd/ask "), json.loads(body)) == (True, {"x": 1})
    assert b"X-CASD-Question: tips" in head
    listed = [{"address": "bob@example.org", "reason": "", "said": {"full": False}}]
    front.answer(b"200 OK", json.dumps({"answers": listed}).encode())
    assert result(asked) == [Said("bob@example.org", "", {"full": False})]


@pytest.mark.parametrize(("status", "body"), [(b"403 Forbidden", b""), (b"200 OK", b"nonsense"), (b"200 OK", b"{}")])
def test_what_cannot_be_asked_is_told_of_each(front: FrontDoor, status: bytes, body: bytes) -> None:
    asked = Deferred.fromCoroutine(front.submission.others("tips", "alice@example.org", ["bob@example.org"], {}))
    front.answer(status, body)
    (said,) = result(asked)
    assert (said.address, bool(said.reason)) == ("bob@example.org", True)
    assert result(Deferred.fromCoroutine(front.submission.others("tips", "alice@example.org", [], {}))) == ()


def test_people_are_looked_up_at_the_front_door(front: FrontDoor) -> None:
    asked = Deferred.fromCoroutine(front.submission.people("bo", 5))
    assert front.transports[0].value().startswith(b"POST /casd/people ")
    front.answer(b"200 OK", json.dumps({"people": [{"address": "bob@example.org", "name": "Bob"}]}).encode())
    assert result(asked) == [Person("bob@example.org", "Bob")]
    broken = Deferred.fromCoroutine(front.submission.people("bo", 5))
    front.answer(b"200 OK", b"[]")
    with pytest.raises(SubmissionFailed):
        result(broken)


def test_the_members_of_a_group_are_looked_up_at_the_front_door(front: FrontDoor) -> None:
    asked = Deferred.fromCoroutine(front.submission.members("team@example.org"))
    head, _, body = front.transports[0].value().partition(b"\r\n\r\n")
    assert (head.startswith(b"POST /casd/members "), json.loads(body)) == (True, {"address": "team@example.org"})
    front.answer(b"200 OK", json.dumps({"members": [{"address": "r@x.example", "name": "R", "kind": "room"}]}).encode())
    assert result(asked) == [Person("r@x.example", "R", "room")]
    for listed, members in (([], []), (None, None)):
        asked = Deferred.fromCoroutine(front.submission.members("team@example.org"))
        front.answer(b"200 OK", json.dumps({"members": listed}).encode())
        assert result(asked) == members


def test_who_is_meant_is_asked_at_the_front_door(front: FrontDoor) -> None:
    asked = Deferred.fromCoroutine(front.submission.meant("bob@example.org", ("team@example.org",)))
    head, _, body = front.transports[0].value().partition(b"\r\n\r\n")
    assert head.startswith(b"POST /casd/meant ")
    assert json.loads(body) == {"who": "bob@example.org", "addresses": ["team@example.org"]}
    said = {"address": "team@example.org", "name": "Bob", "group": True}
    front.answer(b"200 OK", json.dumps({"meant": said}).encode())
    assert result(asked) == Meant("team@example.org", "Bob", group=True)
    for body in (b'{"meant": null}', b'{"meant": 7}', b"[]"):
        asked = Deferred.fromCoroutine(front.submission.meant("bob@example.org", ()))
        front.answer(b"200 OK", body)
        if b"null" in body:
            assert result(asked) is None
        else:
            with pytest.raises(SubmissionFailed):
                result(asked)


@pytest.mark.parametrize("body", [b"nonsense", b"{}", b"[]", b'{"members": [1]}', b'{"members": [{"name": "R"}]}'])
def test_an_answer_that_lists_no_members_is_none(front: FrontDoor, body: bytes) -> None:
    asked = Deferred.fromCoroutine(front.submission.members("team@example.org"))
    front.answer(b"200 OK", body)
    with pytest.raises(SubmissionFailed):
        result(asked)
