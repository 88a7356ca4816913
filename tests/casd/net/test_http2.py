"""The server's side of HTTP/2: exchanges side by side, bodies within their windows, little that wastes time."""

from __future__ import annotations

from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from twisted.internet.defer import Deferred

from casd.net import http2
from casd.net.exchange import BodyTooLarge, Lost
from protocols.http1 import Response
from tests.casd.client2 import Client2, asking
from tests.casd.estate import outcome_of, result
from tests.casd.net.test_http import Producer, Shop, Sink

OK = Response(200, ((b"X-Is", b"ok"),), b"ok")
POST = asking(method="POST")


class Shop2(Shop):
    """The door of the tests of HTTP/1.1, with this entrance."""

    def client2(self, **more: Any) -> Client2:
        return Client2(http2.Channel(self, self.clock), self.clock, **more)  # type: ignore[arg-type]


@pytest.fixture
def shop() -> Shop2:
    return Shop2()


# Answers


def test_requests_are_answered_in_any_order(shop: Shop2) -> None:
    client = shop.client2()
    first, second = client.ask(asking("/1")), client.ask(asking("/2"))
    shop.exchanges[1].reply(OK)
    shop.exchanges[0].reply(Response(404))
    client.read()
    assert (second.status, second.body, second.ended) == (200, b"ok", True)
    assert second.fields == {"x-is": "ok", "x-door": "shop", "content-length": "2"}
    assert (first.status, first.body, first.ended) == (404, b"", True)
    assert shop.ended == ["/2", "/1"]
    assert client.wire.open


def test_a_second_answer_to_a_request_is_not_given(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(asking())
    for _ in range(2):
        shop.exchanges[0].reply(OK)
        shop.exchanges[0].begin_with(200, b"OK", b"", 0)
        shop.exchanges[0].finish()
    client.read()
    assert client.last().body == b"ok"


def test_an_answer_without_a_length_ends_with_its_trailers(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking())
    exchange = shop.exchanges[0]
    exchange.begin(200, [(b"Connection", b"close"), (b"Transfer-Encoding", b"chunked")])
    exchange.write(b"hello")
    exchange.write(b"")
    exchange.finish([(b"x-sum", b"X-Sum", b"7")])
    client.read()
    assert (answer.fields, answer.body, answer.ended) == ({"x-door": "shop"}, b"hello", True)
    assert answer.trailers == [(b"x-sum", b"7")]


def test_the_answer_to_head_has_a_length_and_no_body(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking(method="HEAD"))
    shop.exchanges[0].begin(200, [], length=1000)
    shop.exchanges[0].write(b"x")
    shop.exchanges[0].finish()
    client.read()
    assert (answer.fields["content-length"], answer.body, answer.ended) == ("1000", b"", True)


def test_a_client_that_waits_for_it_is_told_to_go_on(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking("/", (b"expect", b"100-continue"), method="POST"), more=True)
    reading = outcome_of(shop.exchanges[0].read(100))
    client.read()
    assert answer.interim == [100]
    client.say(1, b"hello", ended=True)
    assert reading == [b"hello"]


def test_an_exchange_that_fails_ends_its_stream_alone(shop: Shop2) -> None:
    client = shop.client2()
    answer, other = client.ask(asking("/1")), client.ask(asking("/2"))
    shop.exchanges[0].begin(200, [])
    shop.exchanges[0].abort()
    shop.exchanges[1].reply(OK)
    client.read()
    assert (answer.reset, other.status) == (ErrorCodes.INTERNAL_ERROR, 200)
    assert shop.ended == ["/1 lost", "/2"]


def test_the_rest_of_a_body_that_nobody_wants_is_not_waited_for(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(POST, b"half", more=True)
    shop.exchanges[0].reply(Response(413, (), b"no"))
    client.read()
    assert (answer.status, answer.body, answer.reset) == (413, b"no", ErrorCodes.NO_ERROR)
    client.frames(DataFrame(1, b"more").serialize())
    assert client.ask(asking()).reset is None


def test_a_request_may_end_after_its_answer(shop: Shop2) -> None:
    client = shop.client2(window=1)
    client.generous = False
    client.ask(POST, b"half", more=True)
    shop.exchanges[0].reply(OK)
    client.say(1, b"done", ended=True)
    client.open(10, 1)
    assert (client.last().body, client.last().reset) == (b"ok", None)


# Bodies


def test_a_body_is_read_whole(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, b"hel", more=True)
    reading = outcome_of(shop.exchanges[0].read(5))
    client.say(1, b"lo", ended=True)
    assert reading == [b"hello"]
    assert shop.exchanges[0].received == 5


@pytest.mark.negative
def test_a_body_over_its_limit_is_not_read(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, b"123456", more=True)
    with pytest.raises(BodyTooLarge):
        result(shop.exchanges[0].read(5))


def test_a_stream_that_ends_while_its_body_comes_leaves_no_timer(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, b"123", more=True)
    reading = Deferred.fromCoroutine(shop.exchanges[0].read(5))
    reading.addErrback(lambda _: shop.exchanges[0].reply(Response(413)))
    client.say(1, b"456")
    client.read()
    assert client.last().status == 413
    shop.clock.advance(40)  # what was set earlier, and stands no more, has gone off
    assert len(shop.clock.getDelayedCalls()) == 1  # the connection's own


def test_trailers_reach_whoever_takes_the_body(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, b"hi", more=True)
    sink = Sink()
    shop.exchanges[0].attach(sink)
    client.h2.send_headers(1, [(b"x-sum", b"7")], end_stream=True)
    client.talk()
    assert (sink.taken, sink.trailers) == (b"hi", [(b"x-sum", b"x-sum", b"7")])


@pytest.mark.negative
def test_nothing_over_the_window_is_held_of_a_body_that_nobody_takes(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, more=True)
    while client.h2.local_flow_control_window(1):
        client.say(1, bytes(min(client.h2.local_flow_control_window(1), 16384)))
    assert shop.exchanges[0].held_size == shop.exchanges[0].received == 65535
    sink = Sink()
    shop.exchanges[0].attach(sink)
    client.read()
    assert len(sink.taken) == 65535
    assert client.h2.local_flow_control_window(1) > 0


@pytest.mark.negative
def test_a_sink_that_does_not_keep_up_holds_the_client(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, more=True)
    exchange = shop.exchanges[0]
    exchange.attach(Sink())
    exchange.pause()
    for _ in range(3):
        client.say(1, bytes(16384))
    assert client.h2.local_flow_control_window(1) == 65535 - 3 * 16384
    exchange.resume()
    client.read()
    assert client.h2.local_flow_control_window(1) == 65535


def test_one_body_that_nobody_takes_does_not_hold_the_others(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, more=True)
    client.ask(POST, more=True)
    for _ in range(3):
        client.say(1, bytes(16384))
    sink = Sink()
    shop.exchanges[1].attach(sink)
    for _ in range(20):
        client.say(3, bytes(16384))
    assert len(sink.taken) == 20 * 16384


def test_a_window_of_another_size_is_announced(shop: Shop2) -> None:
    shop = Shop2(window=1 << 20)
    client = shop.client2()
    assert client.h2.remote_settings[SettingCodes.INITIAL_WINDOW_SIZE] == 1 << 20


# The client's windows


def test_an_answer_comes_at_the_pace_of_its_windows(shop: Shop2) -> None:
    client = shop.client2(generous=False)
    answer = client.ask(asking())
    exchange, producer = shop.exchanges[0], Producer()
    exchange.producer = producer
    exchange.begin(200, [], length=200_000)
    exchange.write(bytes(100_000))
    client.read()
    assert (len(answer.body), producer.told) == (65535, ["pause"])
    exchange.write(bytes(100_000))
    exchange.finish()
    assert producer.told == ["pause"]
    client.open(100_000, 1)
    assert (len(answer.body), answer.ended) == (65535, False)
    client.open(134_465)
    assert (len(answer.body), answer.ended) == (165_535, False)
    client.open(34_465, 1)
    assert (len(answer.body), answer.ended, producer.told) == (200_000, True, ["pause"])
    assert client.wire.open


def test_trailers_wait_for_the_window_too(shop: Shop2) -> None:
    client = shop.client2(generous=False, window=3)
    answer = client.ask(asking())
    shop.exchanges[0].begin(200, [])
    shop.exchanges[0].write(b"hello")
    shop.exchanges[0].finish([(b"x-sum", b"X-Sum", b"7")])
    client.read()
    assert (answer.body, answer.trailers) == (b"hel", [])
    client.open(2, 1)
    assert (answer.body, answer.trailers, answer.ended) == (b"hello", [(b"x-sum", b"7")], True)


def test_streams_take_turns_at_the_windows_of_their_connection(shop: Shop2) -> None:
    client = shop.client2(generous=False, window=1 << 20)
    answers = [client.ask(asking(f"/{number}")) for number in range(2)]
    for exchange in shop.exchanges:
        exchange.begin(200, [])
        exchange.write(bytes(65535))
    client.read()
    shop.exchanges[0].write(bytes(65535))
    client.open(40_000)
    client.open(40_000)
    assert [len(answer.body) for answer in answers] == [65535 + 14465, 65535]


def test_a_socket_that_takes_no_more_holds_whoever_sends(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking())
    exchange, producer = shop.exchanges[0], Producer()
    exchange.producer = producer
    exchange.begin(200, [])
    client.channel.pauseProducing()
    exchange.write(b"hello")
    client.read()
    assert (answer.body, producer.told) == (b"", ["pause"])
    client.channel.resumeProducing()
    client.read()
    assert (answer.body, producer.told) == (b"hello", ["pause", "resume"])


# What is no request


@pytest.mark.negative
def test_a_malformed_request_ends_its_stream_alone(shop: Shop2) -> None:
    client = shop.client2()
    good = client.ask(asking())
    client.frames(client.head([*asking(), (b"Upper", b"case")]))
    assert client.last().reset == ErrorCodes.PROTOCOL_ERROR
    shop.exchanges[0].reply(OK)
    client.read()
    assert (good.status, len(shop.exchanges), shop.refused) == (200, 1, [400])


@pytest.mark.negative
def test_a_target_that_can_be_read_in_two_ways_is_answered_400(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking("/ews/%2e%2e/owa"))
    assert (answer.status, answer.ended, shop.exchanges, shop.refused) == (400, True, [], [400])
    assert client.wire.open


@pytest.mark.negative
def test_a_body_of_another_length_than_its_head_says_is_none(shop: Shop2) -> None:
    client = shop.client2()
    client.begin(asking("/", (b"content-length", b"3"), method="POST"))
    client.frames(DataFrame(1, b"four"))
    assert client.goodbye is not None
    assert client.goodbye.error_code == ErrorCodes.PROTOCOL_ERROR
    assert shop.exchanges[0].lost


@pytest.mark.negative
def test_trailers_with_a_pseudo_field_spoil_their_request(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(POST, b"hi", more=True)
    encoded = Encoder().encode([(b":path", b"/owa")])
    client.frames(HeadersFrame(1, encoded, flags=["END_HEADERS", "END_STREAM"]))
    assert (answer.reset, shop.exchanges[0].lost) == (ErrorCodes.PROTOCOL_ERROR, True)


@pytest.mark.negative
def test_bytes_that_are_no_http2_end_the_connection(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(asking())
    client.frames(b"\0\0\1\0\0\0\0\0\0x")  # DATA of no stream
    assert not client.wire.open
    assert (shop.exchanges[0].lost, shop.refused) == (True, [400])


@pytest.mark.negative
def test_streams_over_the_limit_are_refused_and_nothing_else(shop: Shop2) -> None:
    shop = Shop2(streams=2)
    client = shop.client2()
    assert client.h2.remote_settings.max_concurrent_streams == 2
    client.ask(asking("/1"))
    client.ask(asking("/2"))
    client.h2.remote_settings.max_concurrent_streams = 3
    client.h2.remote_settings.acknowledge()
    client.frames(client.head(asking("/3")))
    assert client.last().reset == ErrorCodes.REFUSED_STREAM
    assert (len(shop.exchanges), client.wire.open) == (2, True)


# What wastes time


def calmed(client: Client2) -> bool:
    """Say whether a client has been told to calm down, and its connection closed."""
    return client.goodbye is not None and client.goodbye.error_code == ErrorCodes.ENHANCE_YOUR_CALM


@pytest.mark.negative
def test_a_client_that_takes_back_requests_again_and_again_is_sent_away(shop: Shop2) -> None:
    shop = Shop2(resets=20)
    client = shop.client2()
    for _ in range(20):
        client.begin(asking(), ended=True)
        client.take_back(max(client.answers))
    assert client.wire.open
    assert len(shop.ended) == 20
    client.begin(asking(), ended=True)
    client.take_back(max(client.answers))
    assert calmed(client)
    assert (client.wire.open, shop.refused) == (False, [429])


@pytest.mark.negative
def test_what_is_taken_back_with_the_same_breath_is_not_begun(shop: Shop2) -> None:
    client = shop.client2()
    client.frames(
        *(piece for number in range(1, 100, 2) for piece in (client.head(asking()), RstStreamFrame(number, 8)))
    )
    assert (shop.exchanges, shop.ended, client.wire.open) == ([], [], True)


def test_a_request_may_end_and_be_taken_back_with_the_same_breath(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(POST, b"half", more=True)

    class Answering(Sink):
        def end(self, trailers: Any) -> None:
            shop.exchanges[0].begin(200, [])
            shop.exchanges[0].write(b"whole")
            shop.exchanges[0].finish()

    shop.exchanges[0].attach(Answering())
    client.frames(DataFrame(1, b"", flags=["END_STREAM"]), RstStreamFrame(1, 8))
    assert client.ask(asking()).reset is None
    assert shop.ended == ["/ews/"]


def test_a_few_requests_may_be_taken_back_for_ever(shop: Shop2) -> None:
    shop = Shop2(resets=20)
    client = shop.client2()
    for _ in range(100):
        client.begin(asking(), ended=True)
        client.take_back(max(client.answers))
        shop.wait(2)
    assert client.wire.open


@pytest.mark.negative
def test_requests_that_have_us_reset_them_count_as_well(shop: Shop2) -> None:
    shop = Shop2(resets=20)
    client = shop.client2()
    client.frames(*(client.head([*asking(), (b"connection", b"x")]) for _ in range(21)))
    assert calmed(client)


@pytest.mark.negative
@pytest.mark.parametrize(
    "frame",
    [
        PingFrame(0, b"12345678"),
        SettingsFrame(0),
        SettingsFrame(0, settings={SettingCodes.HEADER_TABLE_SIZE: 1 << 30}),
        SettingsFrame(0, flags=["ACK"]),
        PriorityFrame(5, depends_on=3),
        WindowUpdateFrame(0, window_increment=1),
        RstStreamFrame(1, 8),
        DataFrame(1),
        DataFrame(1, b"1"),
    ],
    ids=lambda frame: repr(frame).partition("(")[0],
)
def test_frames_that_bring_nothing_are_not_borne_for_ever(shop: Shop2, frame: Frame) -> None:
    shop = Shop2(frames=100)
    client = shop.client2()
    client.ask(POST, more=True)
    client.frames(*[frame] * 90)
    assert client.wire.open
    client.frames(*[frame] * 20)
    assert calmed(client)
    assert not client.wire.open


@pytest.mark.negative
def test_a_table_that_a_client_would_have_us_fill_stays_small(shop: Shop2) -> None:
    client = shop.client2()
    client.frames(SettingsFrame(0, settings={SettingCodes.HEADER_TABLE_SIZE: 1 << 30}))
    for number in range(200):
        client.ask(asking())
        shop.exchanges[-1].reply(Response(200, ((b"X-Id", b"%d" % (number // 2) * 100),)))
    client.read()
    assert client.channel._wire.encoder.header_table_size == 4096
    assert client.h2.decoder.header_table.maxsize == 4096


def test_windows_may_be_opened_for_all_that_is_sent(shop: Shop2) -> None:
    shop = Shop2(frames=100)
    client = shop.client2()
    client.ask(asking())
    exchange = shop.exchanges[0]
    exchange.begin(200, [])
    for _ in range(500):
        exchange.write(bytes(1000))
        client.read()
        client.open(1000)
        client.open(1000, 1)
    assert client.wire.open


@pytest.mark.negative
def test_a_frame_over_the_longest_is_not_waited_for(shop: Shop2) -> None:
    client = shop.client2()
    client.frames(DataFrame(1, bytes(16385)).serialize()[:9])
    assert client.goodbye is not None
    assert client.goodbye.error_code == ErrorCodes.FRAME_SIZE_ERROR


@pytest.mark.negative
def test_a_head_without_end_is_cut_off(shop: Shop2) -> None:
    client = shop.client2()
    client.frames(HeadersFrame(1, bytes(16000), flags=["END_STREAM"]))
    for _ in range(5):
        client.frames(ContinuationFrame(1, bytes(16000)))
    assert calmed(client)


@pytest.mark.negative
def test_a_small_head_that_would_unpack_to_a_large_one_is_not_unpacked(shop: Shop2) -> None:
    client = shop.client2()
    large = (b"x-large", b"a" * 4000)
    encoder = Encoder()
    bomb = encoder.encode(asking()) + encoder.encode([large]) + encoder.encode([large]) * 10_000
    assert len(bomb) < 16000
    client.frames(HeadersFrame(1, bomb, flags=["END_HEADERS", "END_STREAM"]))
    assert calmed(client)
    assert shop.exchanges == []


@pytest.mark.negative
def test_a_client_that_reads_nothing_but_asks_for_answers_is_cut_off(shop: Shop2) -> None:
    shop = Shop2(frames=1_000_000)
    client = shop.client2()
    client.channel.pauseProducing()
    for _ in range(20):
        client.wire.deliver(PingFrame(0, b"12345678").serialize() * 1000)
    assert client.wire.aborted


# Time


@pytest.mark.negative
def test_a_client_that_never_opens_its_window_has_its_time(shop: Shop2) -> None:
    client = shop.client2(generous=False, window=0)
    answer = client.ask(asking())
    shop.exchanges[0].reply(OK)
    shop.wait(299)
    client.read()
    assert answer.reset is None
    shop.wait(1)
    client.read()
    assert (answer.status, answer.reset) == (200, ErrorCodes.CANCEL)
    assert shop.clock.getDelayedCalls()  # of the idle connection


@pytest.mark.negative
def test_a_client_that_opens_its_window_a_little_keeps_its_time_only_by_that(shop: Shop2) -> None:
    client = shop.client2(generous=False, window=0)
    answer = client.ask(asking())
    shop.exchanges[0].begin(200, [])
    shop.exchanges[0].write(b"hello")
    shop.wait(299)
    client.open(1, 1)
    shop.wait(299)
    assert answer.reset is None
    shop.wait(1)
    client.read()
    assert (answer.body, answer.reset, shop.exchanges[0].lost) == (b"h", ErrorCodes.CANCEL, True)


@pytest.mark.negative
def test_a_body_that_comes_too_slowly_is_answered_408(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(POST, b"a", more=True)
    shop.exchanges[0].attach(Sink())
    shop.wait(59)
    client.say(1, b"b")
    shop.wait(59)
    client.read()
    assert answer.status == 0
    shop.wait(1)
    client.read()
    assert (answer.status, answer.reset, shop.refused) == (408, ErrorCodes.NO_ERROR, [408])
    assert shop.exchanges[0].lost


def test_a_body_that_comes_too_slowly_for_an_answer_that_has_begun_is_reset(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(POST, b"a", more=True)
    shop.exchanges[0].attach(Sink())
    shop.exchanges[0].begin(200, [])
    shop.wait(60)
    client.read()
    assert answer.reset == ErrorCodes.CANCEL


def test_a_body_that_we_do_not_take_is_not_late(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(POST, b"a", more=True)
    exchange = shop.exchanges[0]
    shop.wait(200)
    exchange.attach(Sink())
    exchange.pause()
    shop.wait(200)
    client.read()
    assert (answer.status, answer.reset) == (0, None)
    exchange.resume()
    shop.wait(61)
    client.read()
    assert answer.status == 408


def test_an_answer_may_take_its_time(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking())
    shop.wait(3600)
    shop.exchanges[0].reply(OK)
    client.read()
    assert answer.status == 200


@pytest.mark.negative
def test_a_connection_that_asks_nothing_is_closed(shop: Shop2) -> None:
    client = shop.client2()
    shop.wait(29)
    assert client.wire.open
    shop.wait(1)
    client.read()
    assert client.goodbye is not None
    assert client.goodbye.error_code == ErrorCodes.NO_ERROR
    assert not client.wire.open


def test_a_connection_may_be_idle_between_requests(shop: Shop2) -> None:
    shop.answer = lambda exchange: exchange.reply(OK)
    client = shop.client2()
    client.ask(asking())
    shop.wait(299)
    client.ask(asking())
    shop.wait(299)
    assert client.wire.open
    shop.wait(1)
    assert not client.wire.open
    assert shop.clock.getDelayedCalls() == []


@pytest.mark.negative
def test_a_head_that_comes_too_slowly_ends_the_connection(shop: Shop2) -> None:
    shop.answer = lambda exchange: exchange.reply(OK)
    client = shop.client2()
    client.ask(asking())
    client.frames(HeadersFrame(3, bytes(10), flags=["END_STREAM"]))
    for _ in range(29):
        client.frames(ContinuationFrame(3, b"a"))
        shop.wait(1)
    assert client.wire.open
    shop.wait(1)
    assert not client.wire.open


def test_a_client_that_does_not_let_itself_be_closed_is_cut_off(shop: Shop2) -> None:
    client = shop.client2()
    client.wire.full = True
    shop.wait(30)
    assert not client.wire.aborted
    shop.wait(300)
    assert client.wire.aborted


# The end


def test_the_end_of_a_connection_loses_all_that_is_on_it(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(asking("/1"))
    client.ask(POST, b"half", more=True)
    reading = outcome_of(shop.exchanges[1].read(100))
    lost: list[str] = []
    shop.exchanges[0].on_lost(lambda: lost.append("told"))
    client.wire.hang_up()
    assert lost == ["told"]
    assert isinstance(reading[0].value, Lost)
    assert sorted(shop.ended) == ["/1 lost", "/ews/ lost"]
    shop.exchanges[0].reply(OK)
    assert shop.clock.getDelayedCalls() == []


def test_a_request_that_is_taken_back_is_lost(shop: Shop2) -> None:
    client = shop.client2()
    client.ask(asking())
    client.take_back(1)
    assert shop.exchanges[0].lost
    shop.exchanges[0].reply(OK)
    assert client.ask(asking()).reset is None


def test_a_drained_connection_finishes_what_it_has_and_takes_no_more(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking())
    client.channel.drain()
    client.channel.drain()
    client.read()
    assert client.goodbye is not None
    assert (client.goodbye.last_stream_id, client.goodbye.error_code) == (1, ErrorCodes.NO_ERROR)
    client.frames(client.head(asking()))
    shop.exchanges[0].reply(OK)
    client.read()
    assert (answer.status, client.last().reset) == (200, ErrorCodes.REFUSED_STREAM)
    assert (client.wire.open, len(shop.exchanges)) == (False, 1)


def test_an_idle_connection_is_drained_at_once(shop: Shop2) -> None:
    client = shop.client2()
    client.channel.drain()
    assert not client.wire.open
    assert client.wire.producer is None  # Twisted's transports close only then


def test_a_client_that_is_leaving_gets_its_answers(shop: Shop2) -> None:
    client = shop.client2()
    answer = client.ask(asking())
    client.frames(GoAwayFrame(0))
    shop.exchanges[0].reply(OK)
    client.read()
    assert answer.status == 200
