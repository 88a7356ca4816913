"""The server's side of HTTP/1.1: exchanges in order, bodies within their window, a deadline for every phase."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from casd.net.exchange import BodyTooLarge, Exchange, Lost, RequestIds
from casd.net.http import Limits
from casd.net.unnoted import Unnoted
from protocols.http1 import Field, Response
from tests.casd.estate import Client, get, outcome_of, result

GET = get("/")
HEAD = get("/", method="HEAD")
OK = Response(200, ((b"X-Is", b"ok"),), b"ok")


def post(length: int, body: bytes = b"", *lines: bytes) -> bytes:
    return get("/", b"Content-Length: %d\r\n" % length, *lines, method="POST") + body


class Shop(Unnoted):
    """A door that answers by hand, or at once."""

    def __init__(self, **limits: Any) -> None:
        self.clock = Clock()
        super().__init__(Limits(**limits), self.clock)
        self.exchanges: list[Exchange] = []
        self.ended: list[str] = []
        self.refused: list[int] = []
        self.answer: Callable[[Exchange], None] | None = None

    def serve(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if self.answer is not None:
            self.answer(exchange)

    def decorate(self, exchange: Exchange | None) -> bytes:
        return b"X-Door: shop\r\n"

    def finished(self, exchange: Exchange) -> None:
        self.ended.append(f"{exchange.head.path}{' lost' if exchange.lost else ''}")

    def rejected(self, client: str, status: int, text: str) -> None:
        self.refused.append(status)

    def client(self) -> Client:
        return Client(self, self.clock)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.clock.advance(1)


class Sink:
    """Takes a body."""

    def __init__(self) -> None:
        self.taken = b""
        self.trailers: list[Field] | None = None

    def body(self, data: bytes) -> None:
        self.taken += data

    def end(self, trailers: list[Field]) -> None:
        self.trailers = trailers


class Producer:
    """Notes how it is paced."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")


@pytest.fixture
def shop() -> Shop:
    return Shop()


# Answers


def test_a_request_is_answered_and_the_connection_kept(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].reply(OK)
    assert client.wire.taken() == b"HTTP/1.1 200 OK\r\nX-Is: ok\r\nContent-Length: 2\r\nX-Door: shop\r\n\r\nok"
    assert client.wire.open
    assert shop.ended == ["/"]


def test_a_second_answer_to_a_request_is_not_given(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    for _ in range(2):
        shop.exchanges[0].reply(OK)
        shop.exchanges[0].finish()
    assert client.wire.taken().count(b"HTTP/1.1") == 1


def test_an_answer_without_a_length_is_sent_in_chunks(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    exchange = shop.exchanges[0]
    exchange.begin(200, [])
    exchange.write(b"hello")
    exchange.write(b"")
    exchange.finish([(b"x-sum", b"X-Sum", b"7")])
    data = client.wire.taken()
    assert data.startswith(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n")
    assert data.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")
    assert exchange.sent == 5


def test_to_a_client_of_1_0_such_an_answer_ends_with_the_connection(shop: Shop) -> None:
    client = shop.client()
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    shop.exchanges[0].begin(200, [])
    shop.exchanges[0].write(b"hello")
    shop.exchanges[0].finish()
    assert client.wire.taken() == b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Door: shop\r\n\r\nhello"
    assert not client.wire.open


def test_a_client_of_1_0_that_asks_for_it_keeps_its_connection(shop: Shop) -> None:
    client = shop.client()
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    shop.exchanges[0].reply(OK)
    assert b"Connection: keep-alive\r\n" in client.wire.taken()
    assert client.wire.open


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.0\r\n\r\n", get("/", b"Connection: close\r\n")])
def test_a_client_that_wants_the_connection_to_end_gets_that(shop: Shop, request_: bytes) -> None:
    client = shop.client()
    client.send(request_)
    shop.exchanges[0].reply(OK)
    assert b"Connection: close\r\n" in client.wire.taken()
    assert not client.wire.open


def test_the_answer_to_head_has_the_length_of_get_and_no_body(shop: Shop) -> None:
    client = shop.client()
    client.send(HEAD)
    shop.exchanges[0].reply(OK)
    assert client.wire.taken().endswith(b"Content-Length: 2\r\nX-Door: shop\r\n\r\n")


def test_a_streamed_answer_to_head_has_no_body_and_no_chunks(shop: Shop) -> None:
    client = shop.client()
    client.send(HEAD)
    shop.exchanges[0].begin(200, [])
    shop.exchanges[0].write(b"hello")
    shop.exchanges[0].finish()
    assert client.wire.taken() == b"HTTP/1.1 200 OK\r\nX-Door: shop\r\n\r\n"
    assert client.wire.open


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(shop: Shop, status: int) -> None:
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].reply(Response(status, (), b"never"))
    data = client.wire.taken()
    assert data.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in data
    assert b"chunked" not in data


def test_what_is_corked_is_written_at_once(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    exchange = shop.exchanges[0]
    exchange.cork()
    exchange.begin(200, [], length=2)
    exchange.write(b"ok")
    assert client.wire.taken() == b""
    exchange.uncork()
    assert client.wire.taken().endswith(b"ok")


def test_an_aborted_answer_is_seen_to_be_cut_off(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].begin(200, [], length=10)
    shop.exchanges[0].abort()
    shop.clock.advance(0)
    assert client.wire.aborted
    assert shop.ended == ["/ lost"]


def test_a_request_id_is_a_guid_and_never_the_same(shop: Shop) -> None:
    one, other = RequestIds(), RequestIds()
    ids = [one(), one(), other()]
    assert len(set(ids)) == 3
    assert all(len(each) == 36 and each.count("-") == 4 for each in ids)


# Pipelining


def test_pipelined_requests_are_answered_in_order_one_at_a_time(shop: Shop) -> None:
    client = shop.client()
    client.send(get("/1") + get("/2") + get("/3"))
    assert [exchange.head.path for exchange in shop.exchanges] == ["/1"]
    shop.exchanges[0].reply(OK)
    assert [exchange.head.path for exchange in shop.exchanges] == ["/1", "/2"]
    shop.exchanges[1].reply(OK)
    shop.exchanges[2].reply(OK)
    assert len(client.read()) == 3
    assert shop.ended == ["/1", "/2", "/3"]


def test_pipelined_requests_with_bodies_keep_them_apart(shop: Shop) -> None:
    shop.answer = lambda exchange: exchange.reply(Response(200, (), exchange.take_held()))
    client = shop.client()
    client.send(post(3, b"one") + post(3, b"two") + GET)
    assert [answer.body for answer in client.read()] == [b"one", b"two", b""]


@pytest.mark.negative
def test_what_a_client_sends_ahead_is_read_a_few_requests_at_a_time() -> None:
    shop = Shop(pipelined=3)
    client = shop.client()
    client.send(GET * 9 + b"\x16\x03\x01")
    for number in range(6):
        shop.exchanges[number].reply(OK)
        assert client.wire.open
        assert client.wire.paused
    shop.exchanges[6].reply(OK)
    assert client.wire.paused
    for number in (7, 8):
        shop.exchanges[number].reply(OK)
    assert [answer.status for answer in client.read()] == [200] * 9 + [400]
    assert not client.wire.open


@pytest.mark.negative
@pytest.mark.parametrize("pipelined", [1, 2, 32])
def test_however_few_are_read_ahead_the_rest_waits_unread_and_is_not_late(pipelined: int) -> None:
    shop = Shop(pipelined=pipelined, head_time=30)
    client = shop.client()
    client.send(GET * 50)
    assert client.wire.paused
    for number in range(50):
        shop.wait(31)
        shop.exchanges[number].reply(OK)
    assert [answer.status for answer in client.read()] == [200] * 50
    assert client.wire.open
    assert not client.wire.paused


def test_nothing_is_read_ahead_of_two_waiting_requests(shop: Shop) -> None:
    client = shop.client()
    client.send(GET, GET)
    assert client.wire.paused
    shop.exchanges[0].reply(OK)
    assert not client.wire.paused


@pytest.mark.negative
def test_garbage_after_a_good_request_ends_the_connection_after_its_answer(shop: Shop) -> None:
    client = shop.client()
    client.send(GET + b"\x16\x03\x01garbage\r\n\r\n")
    assert shop.refused == []
    shop.exchanges[0].reply(OK)
    assert [answer.status for answer in client.read()] == [200, 400]
    assert not client.wire.open
    assert shop.refused == [400]


@pytest.mark.negative
def test_an_answer_given_at_the_end_of_a_body_lets_no_later_request_overtake_the_next(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"he"))
    read = Deferred.fromCoroutine(shop.exchanges[0].read(5))
    read.addCallback(lambda body: shop.exchanges[0].reply(Response(200, (), body)))
    client.send(b"llo" + get("/2"), get("/3"))
    assert [exchange.head.path for exchange in shop.exchanges] == ["/", "/2"]
    for number in (1, 2):
        shop.exchanges[number].reply(Response(200, (), shop.exchanges[number].head.path.encode()))
    assert [answer.body for answer in client.read()] == [b"hello", b"/2", b"/3"]


@pytest.mark.negative
def test_nothing_behind_a_bad_head_is_taken_for_a_request(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5))
    sink = Sink()
    sink.body = lambda _: shop.exchanges[0].reply(OK)  # type: ignore[method-assign]
    shop.exchanges[0].attach(sink)
    bad = post(33, b"", b"Content-Length: 44\r\n")
    client.send(b"hello" + get("/2") + bad + get("/smuggled"))
    shop.exchanges[1].reply(OK)
    assert [answer.status for answer in client.read()] == [200, 200, 400]
    assert [exchange.head.path for exchange in shop.exchanges] == ["/", "/2"]
    assert not client.wire.open


# What is no request


@pytest.mark.negative
@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"EHLO mail\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (get("/owa/../ews"), 400),
        (get("/", b"X: " + b"a" * 70_000 + b"\r\n"), 431),
        (get("/", b"Transfer-Encoding: gzip\r\n", method="POST"), 501),
    ],
)
def test_bytes_that_are_no_request_are_refused_and_end_their_connection_only(
    shop: Shop, data: bytes, status: int
) -> None:
    client, other = shop.client(), shop.client()
    client.send(data, GET)
    (answer,) = client.read()
    assert answer.status == status
    assert answer.fields == {"content-length": "0", "connection": "close", "x-door": "shop"}
    assert not client.wire.open
    assert shop.refused == [status]
    assert shop.exchanges == []
    other.send(GET)
    assert len(shop.exchanges) == 1


@pytest.mark.negative
def test_a_body_that_breaks_its_framing_loses_its_request(shop: Shop) -> None:
    client = shop.client()
    client.send(get("/", b"Transfer-Encoding: chunked\r\n", method="POST") + b"5\r\nhello\r\nX")
    assert shop.ended == ["/ lost"]
    assert client.read()[0].status == 400
    assert not client.wire.open


def test_a_body_that_breaks_its_framing_during_its_answer_is_cut_off(shop: Shop) -> None:
    client = shop.client()
    client.send(get("/", b"Transfer-Encoding: chunked\r\n", method="POST"))
    shop.exchanges[0].begin(200, [], length=5)
    client.send(b"Z\r\n")
    assert client.wire.aborted
    assert client.wire.taken().count(b"HTTP/1.1") == 1


# Bodies


def test_a_whole_body_is_read(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"hello"))
    assert result(shop.exchanges[0].read(5)) == b"hello"


def test_a_body_is_read_while_it_comes(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"he"))
    outcome = outcome_of(shop.exchanges[0].read(5))
    client.send(b"ll")
    assert outcome == []
    client.send(b"o")
    assert outcome == [b"hello"]


def test_a_body_larger_than_the_window_is_read_by_who_wants_it(shop: Shop) -> None:
    client = shop.client()
    client.send(post(300_000))
    outcome = outcome_of(shop.exchanges[0].read(300_000))
    for _ in range(3):
        client.send(b"a" * 100_000)
    assert outcome == [b"a" * 300_000]


def test_a_body_that_can_come_no_more_is_not_waited_for(shop: Shop) -> None:
    client = shop.client()
    client.send(post(6))
    client.channel.connectionLost()
    with pytest.raises(Lost):
        result(shop.exchanges[0].read(100))


@pytest.mark.negative
def test_a_body_over_the_readers_limit_is_refused_at_its_length(shop: Shop) -> None:
    client = shop.client()
    client.send(post(6))
    with pytest.raises(BodyTooLarge):
        result(shop.exchanges[0].read(5))


@pytest.mark.negative
@pytest.mark.parametrize(
    "pieces", [[b"6\r\nhello!\r\n"], [b"3\r\nhel\r\n", b"3\r\nlo!\r\n"], [b"6\r\nhello!\r\n0\r\n\r\n"]]
)
@pytest.mark.parametrize("early", [False, True])
def test_a_body_in_chunks_over_the_readers_limit_is_refused_when_it_gets_there(
    shop: Shop, pieces: list[bytes], early: bool
) -> None:
    client = shop.client()
    client.send(get("/", b"Transfer-Encoding: chunked\r\n", method="POST"))
    outcome = outcome_of(shop.exchanges[0].read(5)) if early else []
    client.send(*pieces)
    outcome = outcome or outcome_of(shop.exchanges[0].read(5))
    assert isinstance(outcome[0], Failure)
    assert outcome[0].check(BodyTooLarge)


def test_a_client_that_goes_away_within_its_body_is_lost(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"he"))
    outcome = outcome_of(shop.exchanges[0].read(5))
    client.wire.hang_up()
    assert outcome[0].check(Lost)


@pytest.mark.negative
def test_no_more_than_a_window_is_held_of_a_body_that_nobody_takes() -> None:
    shop = Shop(window=1000)
    client = shop.client()
    client.send(post(100_000))
    for _ in range(100):
        client.send(b"a" * 600)
    exchange = shop.exchanges[0]
    assert client.wire.paused
    assert exchange.held_size == 1200
    sink = Sink()
    exchange.attach(sink)
    assert len(sink.taken) == 1200
    shop.clock.advance(0)
    assert len(sink.taken) == 60_000
    assert exchange.held_size == 0


def test_a_sink_takes_what_is_held_and_all_that_follows_with_its_trailers(shop: Shop) -> None:
    client = shop.client()
    client.send(get("/", b"Transfer-Encoding: chunked\r\n", method="POST") + b"2\r\nhe\r\n")
    sink = Sink()
    shop.exchanges[0].attach(sink)
    client.send(b"3\r\nllo\r\n0\r\nX-Sum: 7\r\n\r\n")
    assert sink.taken == b"hello"
    assert sink.trailers == [(b"x-sum", b"X-Sum", b"7")]
    late = Sink()
    shop.exchanges[0].attach(late)
    assert late.trailers == sink.trailers


def test_a_client_that_waits_for_it_is_told_to_go_on_once_its_body_is_wanted(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"", b"Expect: 100-continue\r\n"))
    assert client.wire.taken() == b""
    outcome = outcome_of(shop.exchanges[0].read(5))
    assert client.wire.taken() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert outcome == [b"hello"]


def test_a_client_that_did_not_wait_is_not_told_to_go_on(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"he", b"Expect: 100-continue\r\n"))
    outcome_of(shop.exchanges[0].read(5))
    assert client.wire.taken() == b""


def test_a_client_whose_body_is_not_wanted_is_answered_instead_and_the_connection_ends(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"", b"Expect: 100-continue\r\n"))
    shop.exchanges[0].reply(OK)
    assert b"Connection: close\r\n" in client.wire.taken()
    shop.wait(2)
    assert not client.wire.open


def test_a_short_body_that_nobody_wants_is_read_and_forgotten(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5, b"he"))
    shop.exchanges[0].reply(OK)
    client.send(b"llo" + GET)
    shop.exchanges[1].reply(OK)
    assert [answer.status for answer in client.read()] == [200, 200]
    assert client.wire.open


@pytest.mark.parametrize(
    "request_", [post(1 << 30), get("/", b"Transfer-Encoding: chunked\r\n", method="POST")], ids=["long", "chunked"]
)
def test_after_a_long_body_that_nobody_wants_the_connection_ends_but_not_before_the_answer_is_read(
    shop: Shop, request_: bytes
) -> None:
    client = shop.client()
    client.send(request_)
    shop.exchanges[0].reply(OK)
    assert b"Connection: close\r\n" in client.wire.taken()
    client.send(b"a" * 100_000)
    assert client.wire.open
    shop.wait(2)
    assert not client.wire.open
    assert not client.wire.aborted


# Back-pressure


def test_a_client_that_does_not_read_pauses_the_answers_source(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    producer = shop.exchanges[0].producer = Producer()
    client.wire.producer.pauseProducing()
    client.wire.producer.resumeProducing()
    assert producer.told == ["pause", "resume"]


def test_without_an_answer_there_is_nothing_to_pause(shop: Shop) -> None:
    client = shop.client()
    client.wire.producer.pauseProducing()
    client.wire.producer.resumeProducing()
    client.send(GET)
    client.wire.producer.pauseProducing()
    client.wire.producer.resumeProducing()
    client.wire.producer.stopProducing()
    assert client.wire.open


def test_reading_is_paused_and_resumed_once(shop: Shop) -> None:
    client = shop.client()
    client.send(post(10))
    exchange = shop.exchanges[0]
    for _ in range(2):
        exchange.pause()
        assert client.wire.paused
    for _ in range(2):
        exchange.resume()
        assert not client.wire.paused


@pytest.mark.negative
@pytest.mark.parametrize("first", [b"", GET])
def test_the_rest_of_a_body_that_nobody_wants_is_read_once_the_client_reads_its_answer(
    shop: Shop, first: bytes
) -> None:
    client = shop.client()
    client.send(first + post(10, b"a"))
    if first:
        shop.exchanges[0].reply(OK)
    exchange = shop.exchanges[-1]
    exchange.pause()
    client.wire.producer.pauseProducing()
    exchange.reply(OK)
    client.send(b"b" * 9 + GET)
    assert client.wire.paused
    client.wire.producer.resumeProducing()
    shop.clock.advance(0)
    shop.exchanges[-1].reply(OK)
    assert [answer.status for answer in client.read()] == [200] * len(shop.exchanges)
    shop.wait(301)
    assert not client.wire.open


@pytest.mark.negative
def test_a_client_that_goes_on_with_a_body_that_nobody_wants_is_let_go_when_it_has_read_its_answer(shop: Shop) -> None:
    client = shop.client()
    client.send(post(1 << 30, b"a"))
    client.wire.producer.pauseProducing()
    shop.exchanges[0].reply(OK)
    client.wire.producer.resumeProducing()
    shop.wait(3)
    assert not client.wire.open


def test_a_client_that_reads_slowly_has_its_time_also_when_it_has_begun_its_next_request() -> None:
    shop = Shop(head_time=30, body_time=60, write_time=300)
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].begin(200, [])
    client.wire.producer.pauseProducing()
    client.send(GET[:5])
    shop.wait(299)
    assert client.wire.open
    shop.wait(2)
    assert client.wire.aborted


# The client goes away


def test_everyone_who_waits_is_told_once_that_the_client_is_gone(shop: Shop) -> None:
    client = shop.client()
    client.send(get("/1") + get("/2"))
    told: list[int] = []
    for number in range(2):
        shop.exchanges[0].on_lost(lambda number=number: told.append(number))  # type: ignore[misc]
    client.wire.hang_up()
    assert told == [0, 1]
    assert shop.exchanges[0].lost
    assert shop.ended == ["/1 lost", "/2 lost"]
    shop.exchanges[0].reply(OK)
    shop.exchanges[0].write(b"x")
    assert client.wire.taken() == b""


def test_nobody_is_told_after_an_answer(shop: Shop) -> None:
    client = shop.client()
    client.send(GET)
    told: list[int] = []
    shop.exchanges[0].on_lost(lambda: told.append(1))
    shop.exchanges[0].reply(OK)
    client.wire.hang_up()
    assert told == []
    assert shop.clock.getDelayedCalls() == []


# Deadlines


@pytest.mark.negative
def test_a_client_that_says_nothing_is_let_go() -> None:
    shop = Shop(head_time=30)
    client = shop.client()
    shop.wait(30)
    assert not client.wire.open
    assert client.wire.taken() == b""


@pytest.mark.negative
@pytest.mark.parametrize("first", [b"", GET])
def test_a_head_that_trickles_in_times_out(first: bytes) -> None:
    shop = Shop(head_time=30, idle_time=300)
    shop.answer = lambda exchange: exchange.reply(OK)
    client = shop.client()
    client.send(first)
    client.wire.clear()
    for byte in get("/", b"X: " + b"a" * 50 + b"\r\n"):
        client.send(bytes([byte]))
        shop.wait(1)
    assert client.read()[0].status == 408
    assert not client.wire.open


@pytest.mark.negative
@pytest.mark.parametrize("begun", [b"", b"a"])
def test_a_body_that_stays_away_times_out(begun: bytes) -> None:
    shop = Shop(body_time=60)
    client = shop.client()
    client.send(post(5, begun))
    outcome = outcome_of(shop.exchanges[0].read(5))
    shop.wait(61)
    assert outcome[0].check(Lost)
    assert client.read()[0].status == 408
    assert not client.wire.open


def test_a_body_that_keeps_coming_may_take_its_time() -> None:
    shop = Shop(body_time=60)
    client = shop.client()
    client.send(post(10))
    outcome = outcome_of(shop.exchanges[0].read(10))
    for _ in range(10):
        shop.wait(59)
        client.send(b"a")
    assert outcome == [b"a" * 10]


def test_a_body_that_we_do_not_read_does_not_time_out() -> None:
    shop = Shop(body_time=60)
    client = shop.client()
    client.send(post(10, b"a"))
    sink = Sink()
    exchange = shop.exchanges[0]
    exchange.attach(sink)
    exchange.pause()
    shop.wait(1000)
    assert client.wire.open
    exchange.resume()
    shop.wait(61)
    assert client.read()[0].status == 408


@pytest.mark.negative
def test_a_client_that_does_not_read_its_answer_times_out() -> None:
    shop = Shop(write_time=300)
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].begin(200, [])
    client.wire.producer.pauseProducing()
    shop.wait(301)
    assert client.wire.aborted


@pytest.mark.negative
def test_a_client_that_does_not_read_the_end_of_its_answer_times_out_too() -> None:
    shop = Shop(write_time=300)
    client = shop.client()
    client.send(get("/", b"Connection: close\r\n"))
    shop.exchanges[0].reply(OK)
    client.wire.full = True
    shop.wait(299)
    assert client.wire.connected
    shop.wait(2)
    assert not client.wire.connected
    assert client.wire.aborted


@pytest.mark.negative
def test_a_client_that_reads_no_answers_is_not_given_more_of_them() -> None:
    shop = Shop(idle_time=300)
    client = shop.client()
    shop.answer = lambda exchange: (client.wire.producer.pauseProducing(), exchange.reply(OK))[0]
    for _ in range(9):
        client.send(GET)
    assert len(shop.exchanges) == 1
    assert client.wire.paused
    shop.answer = lambda exchange: exchange.reply(OK)
    client.wire.producer.resumeProducing()
    shop.clock.advance(0)
    assert len(shop.exchanges) == 9
    assert [answer.status for answer in client.read()] == [200] * 9


@pytest.mark.negative
def test_a_client_that_sends_thousands_of_requests_in_one_piece_is_answered_at_its_pace(shop: Shop) -> None:
    client = shop.client()
    write = client.wire.write

    def fill(data: bytes) -> None:
        write(data)
        client.wire.producer.pauseProducing()

    client.wire.write = fill  # type: ignore[method-assign]
    shop.answer = lambda exchange: exchange.reply(OK)
    client.send(GET * 5000)
    assert len(shop.exchanges) < 50
    while len(shop.exchanges) < 5000:
        client.wire.producer.resumeProducing()
    assert [answer.status for answer in client.read()] == [200] * 5000
    assert client.wire.open


@pytest.mark.negative
def test_others_have_their_turn_between_answers_to_thousands_of_requests_in_one_piece(shop: Shop) -> None:
    client, turns = shop.client(), [0]
    shop.answer = lambda exchange: exchange.reply(OK)
    later = shop.clock.callLater

    def counted(seconds: float, call: Any, *args: Any) -> Any:
        if not seconds:
            turns.append(len(shop.exchanges))
        return later(seconds, call, *args)

    shop.clock.callLater = counted  # type: ignore[method-assign]
    client.send(GET * 5000)
    assert len(shop.exchanges) < 50
    shop.clock.advance(0)
    assert max(after - before for before, after in pairwise(turns)) < 50
    assert [answer.status for answer in client.read()] == [200] * 5000
    assert client.wire.open


def test_a_client_that_goes_while_others_have_their_turn_is_asked_for_nothing_more(shop: Shop) -> None:
    client = shop.client()
    shop.answer = lambda exchange: exchange.reply(OK)
    client.send(GET * 5000)
    known = len(shop.exchanges)
    client.channel.connectionLost()
    assert shop.clock.getDelayedCalls() == []
    assert len(shop.exchanges) == known


@pytest.mark.negative
@pytest.mark.parametrize("end", ["times out", "is drained"])
def test_a_client_that_reads_no_answers_is_let_go(end: str) -> None:
    shop = Shop(idle_time=300)
    client = shop.client()
    shop.answer = lambda exchange: (client.wire.producer.pauseProducing(), exchange.reply(OK))[0]
    client.send(GET, GET)
    if end == "is drained":
        client.channel.drain()
    else:
        shop.wait(301)
    assert (len(shop.exchanges), client.wire.open) == (1, False)


def test_a_connection_that_is_closed_has_no_producer(shop: Shop) -> None:
    client = shop.client()
    client.wire.full = True
    client.send(get("/", b"Connection: close\r\n"))
    shop.exchanges[0].reply(OK)
    assert client.wire.disconnecting
    assert client.wire.producer is None  # Twisted's transports close only then
    client.channel.drain()
    assert client.wire.connected


@pytest.mark.parametrize("pieces", [[post(1, b"a")], [post(1), b"a"]])
def test_an_answer_may_take_its_time(pieces: list[bytes]) -> None:
    shop = Shop(head_time=1, body_time=1, write_time=1)
    client = shop.client()
    for piece in pieces:
        client.send(piece)
    shop.wait(1000)
    shop.exchanges[0].begin(200, [], length=2)
    shop.wait(1000)
    shop.exchanges[0].write(b"ok")
    shop.exchanges[0].finish()
    assert client.read()[0].body == b"ok"
    assert client.wire.open
    assert shop.refused == []


def test_a_request_that_has_come_whole_may_wait_for_its_turn() -> None:
    shop = Shop(head_time=30)
    client = shop.client()
    for piece in (GET, GET[:10], GET[10:]):
        client.send(piece)
    shop.wait(100)
    shop.exchanges[0].reply(OK)
    shop.exchanges[1].reply(OK)
    assert [answer.status for answer in client.read()] == [200, 200]
    assert client.wire.open


def test_an_answer_is_not_cut_off_because_the_next_head_is_slow() -> None:
    shop = Shop(head_time=30)
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].begin(200, [], length=2)
    client.send(b"GET /next HT")
    shop.wait(100)
    shop.exchanges[0].write(b"ok")
    shop.exchanges[0].finish()
    assert [answer.status for answer in client.read()] == [200, 408]
    assert not client.wire.open


@pytest.mark.negative
def test_an_idle_connection_is_let_go() -> None:
    shop = Shop(idle_time=300)
    client = shop.client()
    client.send(GET)
    shop.exchanges[0].reply(OK)
    shop.wait(299)
    assert client.wire.open
    shop.wait(1)
    assert not client.wire.open


def test_an_authenticated_tunnel_has_no_deadline() -> None:
    shop = Shop(head_time=1, body_time=1, write_time=1, idle_time=1)
    client = shop.client()
    client.send(post(1 << 30))
    exchange = shop.exchanges[0]
    exchange.patient = True
    sink = Sink()
    exchange.attach(sink)
    shop.wait(1000)
    client.send(b"a")
    shop.wait(1000)
    exchange.begin(200, [])
    client.wire.producer.pauseProducing()
    shop.wait(1000)
    client.wire.producer.resumeProducing()
    client.send(b"b")
    assert sink.taken == b"ab"
    assert client.wire.open


# The end of the door


def test_a_drained_connection_ends_after_what_is_under_way(shop: Shop) -> None:
    idle, busy = shop.client(), shop.client()
    busy.send(GET, GET)
    for client in (idle, busy):
        client.channel.drain()
    assert not idle.wire.open
    assert busy.wire.open
    shop.exchanges[0].reply(OK)
    assert b"Connection: close\r\n" in busy.wire.taken()
    assert not busy.wire.open
    assert len(shop.exchanges) == 1


def test_a_drained_connection_does_not_wait_for_a_body_that_nobody_wants(shop: Shop) -> None:
    client = shop.client()
    client.send(post(5))
    shop.exchanges[0].reply(OK)
    client.channel.drain()
    shop.wait(2)
    assert not client.wire.open
