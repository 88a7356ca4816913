"""The client's side of HTTP/2: many exchanges on few connections, each by itself, and what a lane makes of them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, TrailersReceived
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from casd.model import Endpoint
from casd.net import trunk
from casd.net.multiplex import Lasting
from casd.net.pool import Unreachable
from casd.net.trunk import Stream, Trunk
from casd.vdirs.reach import Message, reach
from protocols.http1 import Field, ResponseHead
from tests.casd.availability.conversation import begin
from tests.casd.estate import (
    ALICE,
    MBX1,
    Asked,
    Connection,
    Estate,
    Servers,
    Wire,
    basic_auth,
    get,
    outcome_of,
    post,
    result,
)

PING = "/Microsoft-Server-ActiveSync?Cmd=Ping"


AS_IT_STANDS = {"validate_outbound_headers": False, "normalize_outbound_headers": False}


class Asked2:
    """A request as the server sees it."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.body = b""
        self.trailers: list[Any] = []
        self.ended = False
        self.reset: int | None = None


class Server2:
    """The other end of one connection."""

    def __init__(self, clock: Clock, protocol: Any, *, streams: int = 100) -> None:
        self.asked: dict[int, Asked2] = {}
        self.goodbye = False
        self.h2 = H2Connection(
            H2Configuration(
                client_side=False,
                header_encoding="latin-1",
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.h2.state_machine = Lasting()
        self.h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = streams
        self.h2.local_settings.acknowledge()
        self.h2.initiate_connection()
        self.protocol = protocol
        self.wire = Wire(clock, protocol)
        self.talk()

    def talk(self) -> None:
        while data := self.h2.data_to_send():
            self.wire.deliver(data)
            self.read()

    def read(self) -> list[Asked2]:
        """Return all requests that have come so far."""
        for event in self.h2.receive_data(self.wire.taken()):
            match event:
                case RequestReceived():
                    assert event.headers is not None
                    self.asked[event.stream_id or 0] = Asked2({str(name): str(value) for name, value in event.headers})
                case DataReceived():
                    self.asked[event.stream_id].body += event.data
                    if event.flow_controlled_length:
                        self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case TrailersReceived():
                    self.asked[event.stream_id].trailers = list(event.headers)
                case StreamEnded():
                    self.asked[event.stream_id].ended = True
                case StreamReset():
                    self.asked[event.stream_id].reset = event.error_code
        self.talk()
        return list(self.asked.values())

    def answer(self, number: int, body: bytes = b"", *fields: tuple[str, str], status: int = 200) -> None:
        self.h2.send_headers(number, [(":status", str(status)), *fields])
        self.h2.send_data(number, body, end_stream=True)
        self.talk()


class Servers2(Servers):
    """Mailbox servers that speak HTTP/2 to whoever wants it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.trunks: list[Server2] = []
        self.streams = 100

    async def __call__(self, endpoint: Endpoint, protocol: Any, tls: Any, timeout: float) -> None:
        if tls.protocols and tls.name.partition(".")[0] not in self.refusing | self.silent:
            self.trunks.append(Server2(self._clock, protocol, streams=self.streams))
        else:
            await super().__call__(endpoint, protocol, tls, timeout)


class Taker:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.connection: Any = None

    def response(self, head: ResponseHead) -> None:
        self.told.append(head.status)

    def body(self, data: bytes) -> None:
        self.told.append(data)

    def end(self, trailers: list[Field]) -> None:
        self.told.append(trailers)
        self.connection.lane.release(self.connection)

    def broken(self, reason: str) -> None:
        self.told.append(f"broken: {reason}{' untouched' if self.connection.untouched else ''}")

    def cork(self) -> None:
        pass

    def uncork(self) -> None:
        pass


class Yard(Estate):
    """An estate whose servers speak HTTP/2; a lane to one of them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
        monkeypatch.setattr(trunk, "negotiated", lambda transport: "h2" if self.speaks else "http/1.1")
        self.speaks = True
        super().__init__(folder, pool_settings={"connections": 4, "alone": 2, "streams": 3, **more})
        self.servers = self.pool._connector = Servers2(self.clock)
        self.lane = self.pool.lane(MBX1, "eas")

    def stream(self) -> Any:
        return result(self.lane.acquire("alice", waits=True))

    def asking(self, head: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", stream: Any = None) -> tuple[Any, Taker]:
        stream = stream or self.stream()
        taker = Taker()
        taker.connection = stream
        stream.ask(head.partition(b" ")[0], head, taker, 60)
        return stream, taker

    @property
    def server(self) -> Server2:
        return self.servers.trunks[-1]


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    return Yard(tmp_path, monkeypatch)


# One stream


def test_a_request_goes_and_its_answer_comes(yard: Yard) -> None:
    _, taker = yard.asking(b"POST /a?b HTTP/1.1\r\nHost: mbx\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello")
    (asked,) = yard.server.read()
    assert asked.fields == {
        ":method": "POST",
        ":scheme": "https",
        ":path": "/a?b",
        ":authority": "mbx",
        "x-a": "b",
        "content-length": "5",
    }
    assert (asked.body, asked.ended) == (b"hello", True)
    yard.server.answer(1, b"done", ("x-b", "c"))
    assert taker.told == [200, b"done", []]
    assert yard.server.read()[0].reset is None


def test_a_request_without_a_body_ends_with_its_head(yard: Yard) -> None:
    yard.asking()
    assert yard.server.read()[0].ended


def test_a_body_is_streamed_when_the_server_wants_it(yard: Yard) -> None:
    stream, taker = yard.asking(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    )
    (asked,) = yard.server.read()
    assert (asked.ended, asked.fields["expect"]) == (False, "100-continue")
    yard.server.h2.send_headers(1, [(":status", "100")])
    yard.server.h2.send_headers(1, [(":status", "103")])
    yard.server.talk()
    stream.asking()
    stream.send(b"hel", chunked=True)
    stream.send(b"lo", chunked=True)
    stream.send_end([(b"x-sum", b"X-Sum", b"7")], chunked=True)
    yard.server.read()
    assert (asked.body, asked.trailers, asked.ended) == (b"hello", [("x-sum", "7")], True)
    assert taker.told == [100]


def test_whoever_sends_a_body_is_held_by_the_servers_window(yard: Yard) -> None:
    told: list[str] = []

    class Source:
        def pauseProducing(self) -> None:
            told.append("pause")

        def resumeProducing(self) -> None:
            told.append("resume")

    stream, _ = yard.asking(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    stream.transport.registerProducer(Source(), True)
    stream.send(bytes(100_000), chunked=False)
    assert told == ["pause"]
    yard.server.read()
    assert (len(yard.server.asked[1].body), told) == (100_000, ["pause", "resume"])
    stream.transport.unregisterProducer()
    stream.send_end([], chunked=False)
    yard.server.read()
    assert yard.server.asked[1].ended


def test_trailers_of_an_answer_are_told(yard: Yard) -> None:
    _, taker = yard.asking()
    yard.server.read()
    yard.server.h2.send_headers(1, [(":status", "200")])
    yard.server.h2.send_headers(1, [("x-sum", "7")], end_stream=True)
    yard.server.talk()
    assert taker.told == [200, [(b"x-sum", b"x-sum", b"7")]]


@pytest.mark.negative
@pytest.mark.parametrize("fields", [[(":status", "200"), ("connection", "close")], [(":status", "200"), ("a", "b\nc")]])
def test_an_answer_that_is_none_is_not_passed_on(yard: Yard, fields: list[tuple[str, str]]) -> None:
    _, taker = yard.asking()
    yard.server.read()
    yard.server.h2.send_headers(1, fields)
    yard.server.talk()
    assert len(taker.told) == 1
    assert taker.told[0].startswith("broken: no HTTP")
    assert yard.server.read()[0].reset == ErrorCodes.CANCEL


@pytest.mark.negative
def test_trailers_that_are_none_are_not_passed_on(yard: Yard) -> None:
    _, taker = yard.asking()
    yard.server.read()
    yard.server.h2.send_headers(1, [(":status", "200")])
    yard.server.h2.send_headers(1, [("a", "b\nc")], end_stream=True)
    yard.server.talk()
    assert taker.told[1].startswith("broken: no HTTP")


@pytest.mark.negative
def test_an_answer_comes_at_the_pace_of_its_taker(yard: Yard) -> None:
    stream, taker = yard.asking()
    yard.server.read()
    stream.pauseProducing()
    h2 = yard.server.h2
    h2.send_headers(1, [(":status", "200")])
    while h2.local_flow_control_window(1):
        h2.send_data(1, bytes(min(16384, h2.local_flow_control_window(1))))
        yard.server.talk()
        yard.server.read()
    assert sum(map(len, taker.told[1:])) == 65535
    yard.clock.advance(1000)
    stream.resumeProducing()
    yard.server.read()
    assert h2.local_flow_control_window(1) == 65535


@pytest.mark.negative
@pytest.mark.parametrize("end", ["whole", "given up", "reset"])
def test_a_slow_clients_stream_takes_no_window_from_the_others_when_it_ends(yard: Yard, end: str) -> None:
    for _ in range(10):
        stream, _ = yard.asking()
        yard.server.read()
        h2, number = yard.server.h2, max(yard.server.asked)
        stream.pauseProducing()
        h2.send_headers(number, [(":status", "200")])
        for _ in range(3):
            h2.send_data(number, bytes(16384))
        yard.server.talk()
        if end == "whole":
            h2.end_stream(number)
        elif end == "reset":
            h2.reset_stream(number)
        else:
            stream.abandon()
        yard.server.read()
    assert len(yard.servers.trunks) == 1


def test_a_server_that_says_nothing_has_its_time(yard: Yard) -> None:
    _, taker = yard.asking()
    yard.clock.advance(60)
    assert taker.told == ["broken: no answer in time"]
    assert yard.server.read()[0].reset == ErrorCodes.CANCEL


def test_a_stream_that_is_given_up_ends_alone(yard: Yard) -> None:
    first, _ = yard.asking()
    _, other = yard.asking()
    first.abandon()
    first.abandon()
    asked = yard.server.read()
    assert (asked[0].reset, asked[1].reset) == (ErrorCodes.CANCEL, None)
    yard.server.answer(3)
    assert other.told == [200, []]
    assert yard.server.wire.open


@pytest.mark.parametrize("status", ["100", "200"])
def test_what_comes_for_a_stream_that_was_given_up_is_forgotten(yard: Yard, status: str) -> None:
    first, taker = yard.asking(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    yard.server.read()
    yard.server.h2.send_headers(1, [(":status", status)])
    if status == "200":
        yard.server.h2.send_data(1, b"late")
    late = yard.server.h2.data_to_send()
    first.abandon()
    yard.server.wire.deliver(late)
    assert taker.told == []
    assert yard.server.wire.open


def test_a_request_that_is_answered_before_it_has_ended_is_cut_off(yard: Yard) -> None:
    _, taker = yard.asking(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    yard.server.read()
    yard.server.answer(1, status=413)
    assert taker.told == [413, []]
    assert yard.server.read()[0].reset == ErrorCodes.CANCEL


# The connection


@pytest.mark.negative
def test_an_answer_for_somebody_else_ends_all_that_shares_its_connection(yard: Yard) -> None:
    first, taker = yard.asking()
    _, other = yard.asking()
    first.distrust()
    assert taker.told == []
    assert other.told == ["broken: it has answered for somebody else"]
    assert yard.server.wire.aborted
    yard.settle()
    assert yard.lane.open_connections == 0


@pytest.mark.negative
@pytest.mark.parametrize("asks", ["times", "delivers"])
def test_an_answer_for_somebody_else_to_what_the_front_end_asks_itself_ends_it_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    yard = Yard(tmp_path, monkeypatch, alone=0)
    if asks == "times":
        begin(yard, "bob")
    else:
        outcome_of(reach(yard.access, ALICE.address, "bob@example.org", b"/casd/ask", Message(b"text/plain", b"x")))
    _, other = yard.asking()
    yard.server.read()
    yard.server.answer(1)
    assert other.told == ["broken: it has answered for somebody else"]
    assert yard.server.wire.aborted
    yard.settle()
    assert yard.lane.open_connections == 0


def test_an_older_server_that_takes_no_hand_over_of_several_loses_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard(tmp_path, monkeypatch, alone=0)
    begin(yard, "alice", "bob")
    _, other = yard.asking()
    yard.server.read()
    yard.server.answer(1, status=403)
    yard.server.answer(3)
    yard.settle()
    assert other.told == [200, []]
    assert len(yard.server.read()) == 3


@pytest.mark.negative
def test_bytes_that_are_no_http2_end_the_connection(yard: Yard) -> None:
    _, taker = yard.asking()
    yard.server.wire.deliver(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert taker.told[0].startswith("broken: ")
    assert yard.server.wire.aborted


def test_the_end_of_a_connection_is_told_to_all(yard: Yard) -> None:
    takers = [yard.asking()[1] for _ in range(2)]
    yard.server.wire.hang_up()
    assert [taker.told[0].startswith("broken: Connection was closed") for taker in takers] == [True, True]
    assert yard.lane.open_connections == 0


def test_what_a_leaving_server_has_not_looked_at_may_be_asked_again(yard: Yard) -> None:
    (_, seen), (_, unseen) = yard.asking(), yard.asking()
    late = yard.stream()
    yard.server.wire.deliver(GoAwayFrame(0, last_stream_id=1).serialize())
    assert unseen.told == ["broken: the server is leaving untouched"]
    _, taker = yard.asking(stream=late)
    assert taker.told == ["broken: its connection has just ended untouched"]
    yard.asking()
    assert len(yard.servers.trunks) == 2
    leaving = yard.servers.trunks[0]
    leaving.read()
    leaving.answer(1)
    assert seen.told == [200, []]
    assert not leaving.wire.open


def test_a_refused_stream_may_be_asked_again(yard: Yard) -> None:
    (_, refused), (_, failed) = yard.asking(), yard.asking()
    yard.server.read()
    yard.server.h2.reset_stream(1, ErrorCodes.REFUSED_STREAM)
    yard.server.h2.reset_stream(3, ErrorCodes.INTERNAL_ERROR)
    yard.server.talk()
    assert refused.told[0].endswith(" untouched")
    assert not failed.told[0].endswith(" untouched")


def test_an_idle_connection_is_closed_after_a_while(yard: Yard) -> None:
    yard.asking()
    yard.server.read()
    yard.server.answer(1)
    yard.clock.advance(59)
    assert yard.server.wire.open
    yard.clock.advance(1)
    assert not yard.server.wire.open
    yard.settle()
    assert yard.lane.open_connections == 0


# The lane


def test_waiting_requests_share_and_others_do_not(yard: Yard) -> None:
    waiting = [yard.stream() for _ in range(3)]
    alone = [result(yard.lane.acquire("alice")) for _ in range(2)]
    assert len({id(stream.multiplex) for stream in waiting}) == len(yard.servers.trunks) == 1
    assert not any(isinstance(connection, Stream) for connection in alone)
    assert isinstance(result(yard.lane.acquire("alice")), Stream)
    assert (yard.lane.open_connections, yard.lane.idle_connections) == (4, 0)


def test_an_idle_connection_is_better_than_a_share(yard: Yard) -> None:
    first, second = (result(yard.lane.acquire("alice")) for _ in range(2))
    yard.lane.release(first)
    assert result(yard.lane.acquire("alice")) is first
    yard.lane.release(second)


def test_another_connection_is_opened_when_the_first_is_full(yard: Yard) -> None:
    yard.servers.streams = 2
    for _ in range(5):
        yard.asking()
    assert [len(server.read()) for server in yard.servers.trunks] == [2, 2, 1]


def test_over_all_limits_a_request_waits_for_a_stream(yard: Yard) -> None:
    for _ in range(12):
        yard.asking()
    waiting = outcome_of(yard.lane.acquire("bob", waits=True))
    assert (waiting, yard.lane.waiting, yard.lane.open_connections) == ([], 1, 4)
    server = yard.servers.trunks[1]
    server.read()
    server.answer(3)
    assert isinstance(waiting[0], Stream)
    assert waiting[0].multiplex is server.protocol


def test_a_stream_that_is_not_used_makes_room(yard: Yard) -> None:
    streams = [yard.stream() for _ in range(3)]
    for stream in streams:
        yard.lane.release(stream)
    for _ in range(3):
        yard.asking()
    assert len(yard.servers.trunks) == 1


def test_those_who_come_while_it_is_opened_wait_for_the_same(yard: Yard) -> None:
    yard.servers.silent.add("mbx1")
    waiting = [outcome_of(yard.lane.acquire("alice", waits=True)) for _ in range(3)]
    assert len(yard.servers.pending) == 1
    yard.servers.pending.pop()()
    yard.clock.advance(5)
    assert [type(outcome[0].value) for outcome in waiting] == [Unreachable] * 3
    assert yard.servers.pending == []


def test_a_server_that_cannot_be_reached_is_said_to_all(yard: Yard) -> None:
    yard.servers.refusing.add("mbx1")
    with pytest.raises(Unreachable):
        yard.stream()
    yard.servers.refusing.clear()
    yard.stream()


def test_a_server_that_never_says_what_it_bears_is_left(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server2, "talk", lambda _: None)
    waiting = [outcome_of(yard.lane.acquire("alice", waits=True)) for _ in range(2)]
    yard.clock.advance(5)
    for outcome in waiting:
        with pytest.raises(Unreachable):
            outcome[0].raiseException()
    assert yard.server.wire.aborted


@pytest.mark.parametrize("ends", ["silent", "closed"])
def test_servers_that_shake_hands_and_say_no_more_are_kept_out(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(Server2, "talk", lambda _: None)
    for _ in range(yard.pool.settings.failures):
        assert not yard.lane.breaker.open
        told = outcome_of(yard.lane.acquire("alice", waits=True))
        if ends == "closed":
            yard.server.wire.hang_up()
        yard.clock.advance(5)
        assert isinstance(told[0].value, Unreachable)
    assert yard.lane.breaker.open


def test_a_connection_that_ends_while_nobody_waits_for_it_is_no_error_of_ours(yard: Yard) -> None:
    errors: list[Any] = []
    globalLogPublisher.addObserver(errors.append)
    for _ in range(2):
        ended = Trunk(yard.clock, yard.lane, streams=3, idle_time=60)
        Wire(yard.clock, ended).hang_up()
    gc.collect()
    assert isinstance(outcome_of(ended.ready)[0].value, ConnectionDone)
    globalLogPublisher.removeObserver(errors.append)
    assert errors == []
    assert not yard.lane.breaker.open


def test_a_server_without_http2_gets_a_connection_for_each(yard: Yard) -> None:
    yard.speaks = False
    assert not isinstance(yard.stream(), Stream)
    assert len(yard.servers.trunks) == 1
    assert yard.servers.trunks[0].wire.aborted
    yard.stream()
    assert len(yard.servers.trunks) == 1
    yard.clock.advance(300)
    yard.speaks = True
    assert isinstance(yard.stream(), Stream)


def test_a_lane_that_is_closed_lets_its_streams_end(yard: Yard) -> None:
    _, taker = yard.asking()
    yard.lane.close()
    assert yard.server.wire.open
    yard.server.read()
    yard.server.answer(1)
    assert taker.told == [200, []]
    assert not yard.server.wire.open


# Through the door


def head_of(yard: Yard, asked: Asked2) -> Asked:
    """Return a request as one by HTTP/1.1, for its assertion."""
    lines = [f"{name}: {value}".encode() + b"\r\n" for name, value in asked.fields.items() if name[0] != ":"]
    connection = Connection("mbx1", yard.clock, Taker2())
    connection.wire.write(get(asked.fields[":path"], *lines, method=asked.fields[":method"]))
    return connection.read()[-1]


class Taker2:
    def makeConnection(self, transport: Any) -> None:
        pass


def proof(yard: Yard, asked: Asked2, **instead: str) -> tuple[str, str]:
    name, _, value = head_of(yard, asked).proof(**instead).strip().decode().partition(": ")
    return name.lower(), value


def test_a_ping_takes_a_stream_and_its_answer_comes_back_under_seal(yard: Yard) -> None:
    client = yard.client()
    client.send(get(PING, basic_auth()))
    (asked,) = yard.server.read()
    assert head_of(yard, asked).assertion.mailbox == str(ALICE.guid)
    yard.server.answer(1, b"news", proof(yard, asked))
    (answer,) = client.read()
    assert (answer.status, answer.body) == (200, b"news")
    assert "x-casd-served" not in answer.fields


@pytest.mark.negative
def test_an_answer_under_anothers_seal_ends_the_shared_connection(yard: Yard) -> None:
    clients = [yard.client(), yard.client()]
    for client in clients:
        client.send(post(b"x", PING))
    asked = yard.server.read()
    yard.server.answer(1, b"secret", proof(yard, asked[1]))
    assert [client.read()[0].status for client in clients] == [502, 502]
    assert yard.server.wire.aborted
    assert yard.figure('identity_mismatch_total{server="mbx1"}') == 1
    assert yard.pool.lane(MBX1, "eas").breaker.open


def test_a_refused_request_is_asked_again_at_once(yard: Yard) -> None:
    client = yard.client()
    client.send(post(b"body", PING))
    (asked,) = yard.server.read()
    yard.server.h2.reset_stream(1, ErrorCodes.REFUSED_STREAM)
    yard.server.talk()
    asked = yard.server.read()[-1]
    assert (len(yard.server.asked), asked.body) == (2, b"body")
    yard.server.answer(3, b"news", proof(yard, asked))
    assert client.read()[0].body == b"news"
    assert yard.figure('casd_backend_failures_total{server="mbx1"}') == 0


@pytest.mark.negative
def test_a_request_that_was_answered_in_part_is_not_asked_again_whatever_the_server_says(yard: Yard) -> None:
    client = yard.client()
    client.send(get(PING, basic_auth()))
    (asked,) = yard.server.read()
    yard.server.h2.send_headers(1, [(":status", "200"), proof(yard, asked)])
    yard.server.h2.send_data(1, b"half")
    yard.server.h2.reset_stream(1, ErrorCodes.REFUSED_STREAM)
    yard.server.talk()
    assert len(yard.server.read()) == 1
    assert client.wire.aborted


def test_a_client_that_goes_away_takes_its_stream_with_it(yard: Yard) -> None:
    client, other = yard.client(), yard.client()
    client.send(get(PING, basic_auth()))
    other.send(get(PING, basic_auth()))
    client.wire.hang_up()
    assert [asked.reset for asked in yard.server.read()] == [ErrorCodes.CANCEL, None]
    assert yard.server.wire.open
