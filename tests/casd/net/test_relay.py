"""A request carried over a backend's connection: the bytes of both sides, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.casd.estate import CAROL, Asked, Client, Estate, basic_auth, get, post


class Talk:
    """Alice's conversation with her server, through the front door."""

    def __init__(self, folder: Path, **limits: Any) -> None:
        self.estate = Estate(folder, limits=limits)
        self.client: Client = self.estate.client()

    def ask(self, data: bytes) -> Asked:
        """Send a request; return it as the server sees it."""
        self.client.send(data)
        return self.estate.servers.last()


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(tmp_path)


def streamed(target: str = "/ews/", *lines: bytes, method: str = "POST") -> bytes:
    return get(target, basic_auth(), b"Transfer-Encoding: chunked\r\n", *lines, method=method)


# What passes


def test_a_request_passes_with_its_own_fields_and_the_front_ends(talk: Talk) -> None:
    asked = talk.ask(get("/EWS/Exchange.asmx?a=b", basic_auth(), b"Accept: text/xml\r\nX-Forwarded-For: 6.6.6.6\r\n"))
    assert asked.line == "GET /EWS/Exchange.asmx?a=b"
    assert asked.fields["accept"] == "text/xml"
    assert asked.fields["host"] == "mail.example.org"
    assert asked.fields["x-forwarded-for"] == asked.fields["x-fe-clientip"] == "192.0.2.7"
    assert asked.fields["x-forwarded-proto"] == "https"
    assert asked.fields["request-id"] == asked.assertion.request_id
    assert asked.assertion.user == "alice@example.org"
    assert "authorization" not in asked.fields


def test_an_answer_passes_with_its_own_fields_and_the_front_ends(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.answer(b"hello", b"X-BEServer: mbx1\r\nX-CASD-Other: x\r\n", status=207)
    (answer,) = talk.client.read()
    assert (answer.status, answer.head.reason, answer.body) == (207, b"Fine", b"hello")
    assert answer.fields == {
        "x-beserver": "mbx1",
        "x-calculatedbetarget": "mbx1.example.org",
        "x-backendhttpstatus": "207",
        "content-length": "5",
        "x-feserver": "fe1",
        "request-id": asked.assertion.request_id,
    }


def test_a_whole_body_passes_whole(talk: Talk) -> None:
    asked = talk.ask(post(b"<x/>", "/ews/", b"Content-Type: text/xml\r\n"))
    assert (asked.body, asked.fields["content-length"], asked.fields["content-type"]) == (b"<x/>", "4", "text/xml")
    assert "expect" not in asked.fields


def test_a_post_without_a_body_says_so(talk: Talk) -> None:
    asked = talk.ask(post(b""))
    assert asked.fields["content-length"] == "0"
    asked.answer()
    assert "content-length" not in talk.ask(get("/ews/", basic_auth())).fields


def test_a_body_that_comes_in_pieces_is_held_until_it_is_whole(talk: Talk) -> None:
    data = post(b"hello")
    talk.client.send(data[:-3], data[-3:-1])
    assert talk.estate.servers.requests() == []
    assert talk.ask(data[-1:]).body == b"hello"


def test_a_client_that_waits_to_be_told_is_told_by_the_front_end(talk: Talk) -> None:
    data = post(b"hello", "/ews/", b"Expect: 100-continue\r\n")
    talk.client.send(data[:-5])
    assert talk.client.wire.taken() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert talk.ask(data[-5:]).body == b"hello"


def test_trailers_pass_in_both_directions(talk: Talk) -> None:
    asked = talk.ask(streamed())
    asked.go_on()
    talk.client.send(b"2\r\nhi\r\n0\r\nX-Sum: 7\r\nAuthorization: x\r\n\r\n")
    asked.connection.read()
    assert asked.trailers == [(b"x-sum", b"X-Sum", b"7")]
    asked.begin()
    asked.say(b"2\r\nyo\r\n0\r\nX-Sum: 8\r\nX-CASD-Served: x\r\n\r\n")
    assert talk.client.wire.taken().endswith(b"\r\n2\r\nyo\r\n0\r\nX-Sum: 8\r\n\r\n")


# Streams


def test_a_streamed_body_waits_for_the_servers_word_and_flows_as_it_comes(talk: Talk) -> None:
    talk.client.send(streamed(), b"5\r\nhello\r\n")
    asked = talk.estate.servers.last()
    assert (asked.fields["expect"], asked.fields["transfer-encoding"], asked.body) == ("100-continue", "chunked", b"")
    asked.go_on()
    asked.connection.read()
    assert asked.body == b"hello"
    talk.client.send(b"1\r\n!\r\n")
    asked.connection.read()
    assert (asked.body, asked.ended) == (b"hello!", False)
    talk.client.send(b"0\r\n\r\n")
    asked.connection.read()
    assert asked.ended
    asked.answer(b"done")
    assert talk.client.read()[0].body == b"done"


def test_a_long_body_of_known_length_keeps_its_length(talk: Talk) -> None:
    talk.client.send(get("/ews/", basic_auth(), b"Content-Length: 100000\r\n", method="POST"))
    asked = talk.estate.servers.last()
    assert asked.fields["content-length"] == "100000"
    asked.go_on()
    for _ in range(10):
        talk.client.send(b"a" * 10_000)
    asked.connection.read()
    assert (len(asked.body), asked.ended) == (100_000, True)


def test_a_client_that_waits_is_told_once_the_server_wants_its_stream(talk: Talk) -> None:
    asked = talk.ask(streamed("/ews/", b"Expect: 100-continue\r\n"))
    assert talk.client.wire.taken() == b""
    asked.go_on()
    asked.go_on()
    assert talk.client.wire.taken() == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_the_first_byte_of_an_answer_passes_before_its_last(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.begin(b"Content-Type: text/xml\r\n")
    asked.chunk(b"first")
    (answer,) = talk.client.read()
    assert (answer.body, answer.ended, answer.fields["transfer-encoding"]) == (b"first", False, "chunked")
    asked.chunk(b"last")
    asked.chunk(b"")
    talk.client.read()
    assert (answer.body, answer.ended) == (b"firstlast", True)
    assert talk.client.wire.open


def test_to_a_client_of_1_0_a_chunked_answer_ends_with_the_connection(talk: Talk) -> None:
    request = b"GET /ews/ HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n" + basic_auth() + b"\r\n"
    asked = talk.ask(request)
    asked.begin()
    asked.chunk(b"hello")
    asked.chunk(b"")
    data = talk.client.wire.taken()
    assert b"chunked" not in data
    assert b"Connection: close\r\n" in data
    assert data.endswith(b"\r\n\r\nhello")
    assert not talk.client.wire.open


def test_an_answer_that_ends_with_the_servers_connection_is_chunked_for_the_client(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.say(b"HTTP/1.1 200 OK\r\n" + asked.proof() + b"\r\nhello")
    asked.connection.wire.hang_up()
    (answer,) = talk.client.read()
    assert (answer.body, answer.ended, answer.fields["transfer-encoding"]) == (b"hello", True, "chunked")
    assert talk.client.wire.open


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(talk: Talk, status: int) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.say(b"HTTP/1.1 %d Fine\r\n%bETag: x\r\n\r\n" % (status, asked.proof()))
    (answer,) = talk.client.read()
    assert (answer.status, answer.ended) == (status, True)
    assert talk.ask(get("/ews/", basic_auth())).connection is asked.connection


def test_the_answer_to_head_has_a_length_and_no_body(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth(), method="HEAD"))
    assert asked.line == "HEAD /ews/"
    asked.say(b"HTTP/1.1 200 OK\r\n%bContent-Length: 1000\r\n\r\n" % asked.proof())
    (answer,) = talk.client.read(b"HEAD")
    assert (answer.fields["content-length"], answer.ended) == ("1000", True)
    assert talk.ask(get("/ews/", basic_auth())).connection is asked.connection


def test_pipelined_requests_are_carried_one_after_the_other(talk: Talk) -> None:
    talk.client.send(post(b"1", "/ews/1") + post(b"2", "/ews/2") + get("/ews/3", basic_auth()))
    for number in range(3):
        requests = talk.estate.servers.requests()
        assert len(requests) == number + 1
        requests[-1].answer(b"answer %d" % number)
    assert [answer.body for answer in talk.client.read()] == [b"answer 0", b"answer 1", b"answer 2"]
    assert len(talk.estate.servers.connections) == 1


# RPC over HTTP


@pytest.mark.parametrize("method", ["RPC_IN_DATA", "RPC_OUT_DATA"])
def test_a_channel_of_rpc_over_http_streams_both_ways(talk: Talk, method: str) -> None:
    guid = f"{CAROL.guid}@example.org:6002"
    target = f"/rpc/rpcproxy.dll?{guid}"
    head = get(target, basic_auth(), b"Content-Length: 1073741824\r\n", method=method)
    talk.client.send(*[bytes([byte]) for byte in head])
    asked = talk.estate.servers.last()
    assert (asked.line, asked.connection.server) == (f"{method} {target}", "mbx2")
    assert asked.fields["content-length"] == "1073741824"
    assert asked.assertion.mailbox == str(CAROL.guid)
    asked.go_on()
    talk.client.send(b"rts")
    asked.connection.read()
    assert asked.body == b"rts"
    asked.say(b"HTTP/1.1 200 Success\r\n%bContent-Length: 1073741824\r\n\r\nconn" % asked.proof())
    assert talk.client.read()[0].body == b"conn"
    talk.client.send(b"ping")
    asked.connection.read()
    assert asked.body == b"rtsping"


def test_a_channel_of_rpc_over_http_may_be_silent_for_hours(talk: Talk) -> None:
    head = get("/rpc/rpcproxy.dll?mbx1:6002", basic_auth(), b"Content-Length: 1073741824\r\n", method="RPC_IN_DATA")
    talk.client.send(head, b"rts")
    asked = talk.estate.servers.last()
    asked.go_on()
    for _ in range(10):
        talk.estate.pass_time(3000, 60)
        talk.client.send(b"ping")
    asked.connection.read()
    assert asked.body == b"rts" + b"ping" * 10
    assert talk.client.wire.open


def test_a_slow_upload_is_not_taken_for_a_server_that_does_not_answer(talk: Talk) -> None:
    asked = talk.ask(streamed("/api/x"))
    asked.go_on()
    for _ in range(10):
        talk.estate.pass_time(50, 5)
        talk.client.send(b"1\r\na\r\n")
    talk.client.send(b"0\r\n\r\n")
    asked.answer(b"ok")
    assert talk.client.read()[0].body == b"ok"


# Back-pressure


def test_a_client_that_does_not_read_stops_the_server(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.begin()
    talk.client.wire.producer.pauseProducing()
    assert asked.connection.wire.paused
    talk.client.wire.producer.resumeProducing()
    assert not asked.connection.wire.paused
    asked.chunk(b"")
    talk.client.wire.producer.pauseProducing()
    assert not asked.connection.wire.paused


def test_a_server_that_does_not_read_stops_the_client(talk: Talk) -> None:
    asked = talk.ask(streamed())
    asked.go_on()
    asked.connection.wire.producer.pauseProducing()
    assert talk.client.wire.paused
    asked.connection.wire.producer.resumeProducing()
    assert not talk.client.wire.paused
    asked.connection.wire.producer.stopProducing()


@pytest.mark.negative
def test_before_the_server_wants_it_no_more_than_a_window_of_a_stream_is_held(tmp_path: Path) -> None:
    talk = Talk(tmp_path, window=1000)
    talk.client.send(streamed())
    for _ in range(50):
        talk.client.send(b"64\r\n" + b"a" * 100 + b"\r\n")
    assert talk.client.wire.paused
    asked = talk.estate.servers.last()
    asked.go_on()
    asked.connection.read()
    assert len(asked.body) == 1100
    talk.estate.settle()
    asked.connection.read()
    assert len(asked.body) == 5000


# The ends


def test_a_client_that_goes_away_ends_its_request_and_nobody_elses(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    other = talk.estate.client()
    other.send(get("/ews/", basic_auth("bob@example.org")))
    talk.client.wire.hang_up()
    assert asked.connection.wire.aborted
    talk.estate.servers.last().answer(b"bob's")
    assert other.read()[0].body == b"bob's"
    assert "status=499" in talk.estate.logged()[0]


def test_a_client_that_goes_away_while_it_waits_for_a_connection_takes_none(tmp_path: Path) -> None:
    estate = Estate(tmp_path, pool_settings={"connections": 1})
    first, second = estate.client(), estate.client()
    first.send(get("/ews/", basic_auth()))
    second.send(get("/ews/", basic_auth("bob@example.org")))
    second.wire.hang_up()
    estate.servers.last().answer(b"alice's")
    assert len(estate.servers.requests()) == 1
    first.send(get("/ews/", basic_auth()))
    assert len(estate.servers.connections) == 1
    assert len(estate.servers.requests()) == 2


@pytest.mark.negative
def test_an_answer_that_is_cut_off_is_cut_off_for_the_client_too(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.begin()
    asked.chunk(b"part")
    asked.connection.wire.hang_up()
    assert talk.client.wire.aborted
    assert not talk.client.read()[0].ended


def test_an_early_answer_to_a_stream_passes_and_ends_both_connections(talk: Talk) -> None:
    asked = talk.ask(streamed())
    asked.go_on()
    talk.client.send(b"2\r\nhi\r\n")
    asked.answer(b"enough", status=413)
    (answer,) = talk.client.read()
    assert (answer.status, answer.fields["connection"]) == (413, "close")
    assert not asked.connection.wire.open
    talk.client.send(b"2\r\nhi\r\n")
    talk.estate.pass_time(3)
    assert not talk.client.wire.open


def test_an_answer_instead_of_go_on_passes(talk: Talk) -> None:
    asked = talk.ask(streamed())
    asked.answer(b"no", status=403)
    assert talk.client.read()[0].status == 403
    assert not asked.connection.wire.open


# Never mixed up


@pytest.mark.negative
@pytest.mark.parametrize(
    "instead",
    [
        {"request_id": "another request"},
        {"mailbox": str(CAROL.guid)},
        {"server": "mbx2"},
    ],
)
def test_an_answer_for_somebody_else_never_reaches_the_client(talk: Talk, instead: dict[str, str]) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.answer(b"carol's mail", b"Set-Cookie: carol\r\n", proof=asked.proof(**instead))
    data = talk.client.wire.taken()
    assert data.startswith(b"HTTP/1.1 502 ")
    assert b"X-CasErrorCode: IdentityMismatch\r\n" in data
    assert b"carol" not in data.lower()
    assert asked.connection.wire.aborted
    assert talk.estate.figure('identity_mismatch_total{server="mbx1"}') == 1
    assert talk.estate.pool.lanes[0].breaker.open
    assert not talk.client.wire.open
    assert "end=" in talk.estate.logged()[0]


@pytest.mark.negative
@pytest.mark.parametrize("proof", [b"", b"X-CASD-Served: \r\n", b"X-CASD-Served: v1.1.x.y\r\n"])
def test_an_answer_without_a_seal_never_reaches_the_client(talk: Talk, proof: bytes) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.answer(b"whose?", proof=proof)
    assert talk.client.read()[0].status == 502
    assert b"whose" not in talk.client.answers[0].body
    assert asked.connection.wire.aborted


@pytest.mark.negative
def test_a_marker_of_a_moved_database_must_be_sealed_too(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.answer(b"", b"X-CASD-Active-Server: mbx9\r\n", status=421, proof=b"")
    assert talk.client.read()[0].status == 502


@pytest.mark.negative
def test_an_answer_that_nobody_waits_for_never_reaches_the_next_user(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    asked.answer(b"alice's")
    asked.answer(b"alice's other")
    other = talk.estate.client()
    other.send(get("/ews/", basic_auth("bob@example.org")))
    last = talk.estate.servers.last()
    assert last.connection is not asked.connection
    last.answer(b"bob's")
    assert other.read()[0].body == b"bob's"


@pytest.mark.negative
def test_a_second_answer_within_the_same_bytes_ends_the_connection(talk: Talk) -> None:
    asked = talk.ask(get("/ews/", basic_auth()))
    one = b"HTTP/1.1 200 OK\r\n" + asked.proof() + b"Content-Length: 1\r\n\r\n1"
    asked.say(one + one)
    assert [answer.body for answer in talk.client.read()] == [b"1"]
    assert not asked.connection.wire.open


@pytest.mark.negative
def test_many_users_over_few_connections_each_get_their_own(tmp_path: Path) -> None:
    estate = Estate(tmp_path, pool_settings={"connections": 2})
    names = ["alice", "bob", "alice", "bob", "alice", "alice", "bob"]
    clients = [estate.client() for _ in names]
    for _ in range(5):
        for name, client in zip(names, clients, strict=True):
            client.send(get(f"/ews/{name}", basic_auth(f"{name}@example.org")))
        served = 0
        while served < len(names):
            for connection in estate.servers.connections:
                asked = connection.read()[-1]
                if asked.head.get(b"x-answered") is None:
                    asked.head.fields.append((b"x-answered", b"", b""))
                    asked.answer(asked.assertion.user.encode())
                    served += 1
    for name, client in zip(names, clients, strict=True):
        assert {answer.body.decode() for answer in client.read()} == {f"{name}@example.org"}
        assert len(client.answers) == 5
    assert len(estate.servers.connections) == 2


# Smuggling: what passes is written anew


@pytest.mark.negative
def test_no_byte_of_a_head_is_forwarded_as_it_came(talk: Talk) -> None:
    raw = (
        b"GET /ews//a%41?x=1 HTTP/1.1\r\nhOsT: MAIL.example.org:443\r\nX-Odd:    spaced  \r\n" + basic_auth() + b"\r\n"
    )
    talk.client.send(raw)
    sent = talk.estate.servers.connections[-1].wire.value()
    assert sent.startswith(b"GET /ews/aA?x=1 HTTP/1.1\r\n")
    assert b"X-Odd: spaced\r\n" in sent
    assert b"Host: mail.example.org\r\n" in sent
    assert sent.lower().count(b"host:") == 1


@pytest.mark.negative
def test_a_request_within_a_body_stays_within_it(talk: Talk) -> None:
    inner = b"GET /ews/inner HTTP/1.1\r\nHost: mail.example.org\r\nX-CASD-Identity: forged\r\n\r\n"
    asked = talk.ask(post(inner))
    assert asked.body == inner
    assert len(talk.estate.servers.requests()) == 1


@pytest.mark.negative
@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: x\r\n",
    ],
)
def test_a_request_framed_in_two_ways_reaches_no_server(talk: Talk, framing: bytes) -> None:
    talk.client.send(get("/ews/", basic_auth(), framing, method="POST") + b"0\r\n\r\nGET /ews/ HTTP/1.1\r\n\r\n")
    assert talk.estate.servers.connections == []
    assert talk.client.read()[0].status in {400, 501}
    assert not talk.client.wire.open


@pytest.mark.negative
@pytest.mark.parametrize("name", ["X-CASD-Identity", "Host", "X-Forwarded-For", "request-id"])
def test_no_client_has_a_field_of_the_front_end_dropped(talk: Talk, name: str) -> None:
    asked = talk.ask(get("/ews/", basic_auth(), b"Connection: close, %b\r\nX-Identity: x\r\n" % name.encode()))
    assert name.lower() in asked.fields
    assert asked.assertion.user == "alice@example.org"
