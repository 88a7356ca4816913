from typing import Any

import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived

from bench.answers import Answers
from bench.authenticator import NO, YES, Authenticator
from bench.backend import Backend
from bench.backend_http2 import Multiplexed
from protocols.handover import Assertion, sealed, sign

KEYS = {"1": b"k" * 32}
PING = "/Microsoft-Server-ActiveSync?Cmd=Ping"


class Wire:
    """A transport without TLS, or with it and HTTP/2."""

    def __init__(self, protocol: Any) -> None:
        self.written = b""
        self.closed = False
        protocol.connection_made(self)

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, _name: str) -> None:
        return None

    def taken(self) -> bytes:
        data, self.written = self.written, b""
        return data


@pytest.fixture
def answers() -> Answers:
    return Answers("mbx1", KEYS)


def asked(answers: Answers, *pieces: bytes) -> Wire:
    backend = Backend(answers)
    wire = Wire(backend)
    for piece in pieces:
        backend.data_received(piece)
    return wire


def test_an_answer_is_a_kibibyte_or_as_long_as_is_asked_for(answers: Answers) -> None:
    assert asked(answers, b"GET /a HTTP/1.1\r\n\r\n").written.endswith(b"Content-Length: 1024\r\n\r\n" + b"x" * 1024)
    long = asked(answers, b"GET /a?size=200000 HTTP/1.1\r\n\r\n").written
    assert len(long.partition(b"\r\n\r\n")[2]) == 200000


def test_a_body_is_waited_for_and_forgotten(answers: Answers) -> None:
    head = b"POST /a HTTP/1.1\r\ncontent-length: 6\r\nExpect: 100-continue\r\n\r\n"
    assert asked(answers, head, b"abc").written == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert b" 200 " in asked(answers, head + b"abc", b"def").written


def test_a_client_of_old_is_answered_and_let_go(answers: Answers) -> None:
    assert asked(answers, b"GET /a HTTP/1.0\r\n\r\n").closed
    assert asked(answers, b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n").closed
    assert not asked(answers, b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").closed


def test_a_ping_is_answered_when_it_is_released(answers: Answers) -> None:
    wire = asked(answers, f"POST {PING} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())
    assert (wire.written, len(answers.waiting)) == (b"", 1)
    assert asked(answers, b"GET /release HTTP/1.1\r\n\r\n").written.endswith(b"\r\n\r\n1")
    assert b" 200 " in wire.written
    assert not answers.waiting


def test_an_assertion_is_checked_and_the_answer_sealed(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1000.0)
    who = ("alice", "guid", "alice@example.org", "Alice", "DB01", "192.0.2.7", "basic")
    token = sign(Assertion(1000, "mbx1", "GET", "/a", "id-1", *who), "1", KEYS["1"])
    head = b"GET %b HTTP/1.1\r\nX-CASD-Identity: %b\r\n\r\n"
    written = asked(answers, head % (b"/a", token)).written
    seal = written.partition(b"X-CASD-Served: ")[2].partition(b"\r\n")[0]
    assert sealed(seal, KEYS, request_id="id-1", mailbox="guid")
    wire = asked(answers, head % (b"/other", token))
    assert (wire.written, wire.closed) == (b"", True)


def test_many_pings_wait_on_one_connection_of_http2(answers: Answers) -> None:
    server, client = Multiplexed(answers), H2Connection()
    wire = Wire(server)
    client.initiate_connection()
    target = [(":method", "POST"), (":path", PING), (":scheme", "https"), (":authority", "mbx1")]
    for number in (1, 3, 5):
        client.send_headers(number, target, end_stream=True)
    server.data_received(client.data_to_send())
    assert len(answers.waiting) == 3
    assert answers.release() == 3
    events = client.receive_data(wire.taken())
    assert sum(isinstance(event, ResponseReceived) for event in events) == 3
    assert sum(len(event.data) for event in events if isinstance(event, DataReceived)) == 3 * 1024


def test_a_ping_that_is_given_up_waits_no_more(answers: Answers) -> None:
    server, client = Multiplexed(answers), H2Connection()
    Wire(server)
    client.initiate_connection()
    for number in (1, 3):
        client.send_headers(
            number,
            [(":method", "POST"), (":path", PING), (":scheme", "https"), (":authority", "mbx1")],
            end_stream=True,
        )
    client.reset_stream(1)
    server.data_received(client.data_to_send())
    assert len(answers.waiting) == 1
    server.connection_lost(None)
    assert not answers.waiting


def test_the_authenticator_knows_whom_its_table_has() -> None:
    authenticator = Authenticator()
    authenticator.table = frozenset({b"Basic abc"})
    wire = Wire(authenticator)
    authenticator.data_received(
        b"GET / HTTP/1.1\r\nAuthorization: Basic abc\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nauthor"
    )
    assert wire.taken() == YES
    authenticator.data_received(b"ization: Basic abcd\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert wire.taken() == NO + NO
