"""The grammar of HTTP/1.1 as bytes: what is a message, what is refused, and what a message means."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from protocols.http1 import BadMessage, RequestHead, ResponseHead
from protocols.http1_parser import End, RequestParser, ResponseParser

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def read(parser: RequestParser | ResponseParser, data: bytes, into: list[Any] | None = None) -> list[Any]:
    """Return what bytes mean; bytes of one body are joined, since their pieces mean nothing, an end is its trailers."""
    events = [] if into is None else into
    parser.feed(data)
    while (event := parser.next()) is not None:
        if isinstance(event, End):
            events.append([(name, value) for _, name, value in event.trailers])
        elif isinstance(event, bytes) and events and isinstance(events[-1], bytes):
            events.append(events.pop() + event)
        else:
            events.append(event)
    return events


def asked(*pieces: bytes, limit: int = 65536) -> list[Any]:
    """Return what a server learns from the bytes of a client."""
    events: list[Any] = []
    parser = RequestParser(limit)
    for piece in pieces:
        read(parser, piece, events)
    return events


def spelled(event: Any) -> Any:
    """Return what can be compared: of a head, everything that it says."""
    if isinstance(event, RequestHead):
        return event.method, event.target, event.version, event.fields, event.length, event.keep_alive
    return event


def answered(data: bytes, *, to: bytes = b"GET", closed: bool = False) -> list[Any]:
    """Return what a client learns from the bytes of a server."""
    parser = ResponseParser()
    parser.expect(to)
    events = read(parser, data)
    return [*events, parser.close()] if closed else events


def refused(data: bytes, limit: int = 65536) -> int:
    """Return the status with which bytes are refused."""
    with pytest.raises(BadMessage) as caught:
        asked(data, limit=limit)
    return caught.value.status


# What a request says


def test_a_request_is_its_method_target_fields_and_body() -> None:
    head, body, trailers = asked(
        b"POST /EWS/x?y=%41 HTTP/1.1\r\nHost: a\r\nX-Two:  b c \t\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert (head.method, head.path, head.query, head.target.line) == (b"POST", "/EWS/x", "y=%41", b"/EWS/x?y=%41")
    assert head.fields == [
        (b"host", b"Host", b"a"),
        (b"x-two", b"X-Two", b"b c"),
        (b"content-length", b"Content-Length", b"5"),
    ]
    assert (head.length, head.keep_alive, head.version) == (5, True, 1)
    assert (body, trailers) == (b"hello", [])


def test_a_field_is_found_by_its_name_in_lower_case_first_value_first() -> None:
    head, _ = asked(b"GET / HTTP/1.1\r\nCookie: a=1\r\ncookie: b=2\r\n\r\n")
    assert head.get(b"cookie") == b"a=1"
    assert head.all(b"cookie") == [b"a=1", b"b=2"]
    assert head.get(b"host") is None


@pytest.mark.parametrize(
    ("line", "fields", "kept"),
    [
        (b"GET / HTTP/1.1", b"", True),
        (b"GET / HTTP/1.1", b"Connection: close\r\n", False),
        (b"GET / HTTP/1.0", b"", False),
        (b"GET / HTTP/1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_version_and_the_client_say(line: bytes, fields: bytes, kept: bool) -> None:
    assert asked(line + b"\r\n" + fields + b"\r\n")[0].keep_alive is kept


def test_only_a_client_of_1_1_can_wait_for_100_continue() -> None:
    for version, waits in ((b"1.1", True), (b"1.0", False)):
        head = asked(b"POST / HTTP/%b\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n" % version)[0]
        assert head.expects_continue is waits


def test_a_chunked_body_comes_without_its_chunks_and_with_its_trailers() -> None:
    head, body, trailers = asked(CHUNKED + b'5;x=1;y;z="a;b"\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 7\r\n\r\n')
    assert head.length is None
    assert body == b"hello!"
    assert trailers == [(b"X-Sum", b"7")]


def test_empty_lines_before_a_request_are_skipped() -> None:
    assert asked(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")[0].method == b"GET"


def test_pipelined_requests_come_in_order() -> None:
    heads = asked(b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\n\r\n")
    assert [head.path for head in heads if isinstance(head, RequestHead)] == ["/1", "/2", "/3"]


def test_what_came_before_garbage_is_told() -> None:
    events: list[Any] = []
    with pytest.raises(BadMessage):
        read(RequestParser(), b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01", events)
    assert [type(event) for event in events] == [RequestHead, list]


@pytest.mark.negative
@pytest.mark.parametrize(("field", "keeps"), [(b"Connection", True), (b"Proxy-Connection", False)])
def test_a_connection_that_is_kept_makes_no_newer_version(field: bytes, keeps: bool) -> None:
    kept = b"POST / HTTP/1.0\r\nHost: a\r\n%b: keep-alive\r\n" % field
    (head, _) = asked(kept + b"\r\n")
    assert (head.version, head.keep_alive) == (0, keeps)
    assert refused(kept + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400


STREAM = (
    b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello\r\n\r\nRP"
    b'PUT /3?q HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x="y";z\r\nhello\r\n0\r\nT: v\r\n\r\n'
    b"HEAD /4 HTTP/1.1\r\n\r\n"
)


@given(some.lists(some.integers(1, len(STREAM) - 1), unique=True))
def test_any_pieces_of_a_stream_mean_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert list(map(spelled, asked(*pieces))) == list(map(spelled, asked(STREAM)))


@given(some.integers(1, 3000), some.integers(1, 3000), some.sampled_from([b"Content-Length: 1800\r\n", b""]))
def test_a_long_body_ends_where_its_length_says_whatever_is_read_at_once(first: int, step: int, field: bytes) -> None:
    body = b"GET / HTTP/1.1\r\n\r\n" * 100
    framed = body if field else b"708\r\n" + body + b"\r\n0\r\n\r\n"
    whole = POST + (field or b"Transfer-Encoding: chunked\r\n") + b"\r\n" + framed + b"GET /next HTTP/1.1\r\n\r\n"
    pieces = [whole[:first], *[whole[start : start + step] for start in range(first, len(whole), step)]]
    _, taken, _, after, _ = asked(*pieces, limit=300)
    assert (taken, after.path) == (body, "/next")


@given(some.integers(1, 3000), some.integers(1, 3000))
def test_a_long_answer_ends_where_its_length_says_whatever_is_read_at_once(first: int, step: int) -> None:
    body = b"HTTP/1.1 200 OK\r\n\r\n" * 100
    whole = (OK + b"Content-Length: 1900\r\n\r\n" + body) * 2
    events: list[Any] = []
    parser = ResponseParser(300)
    for piece in [whole[:first], *[whole[start : start + step] for start in range(first, len(whole), step)]]:
        read(parser, piece, events)
    assert events[1::3] == [body, body]


# RPC over HTTP


@pytest.mark.parametrize("method", [b"RPC_IN_DATA", b"RPC_OUT_DATA"])
def test_the_methods_of_rpc_over_http_are_known_wherever_they_are_cut(method: bytes) -> None:
    whole = method + b" /rpc/rpcproxy.dll?a:6002 HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\nab"
    for cut in range(1, len(whole)):
        head, body = asked(whole[:cut], whole[cut:])
        assert (head.method, head.length, body) == (method, 1 << 30, b"ab")


def test_rpc_over_http_in_single_bytes() -> None:
    whole = b"RPC_OUT_DATA /rpc HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
    head, body, _ = asked(*[bytes([byte]) for byte in whole])
    assert (head.method, body) == (b"RPC_OUT_DATA", b"ab")


@pytest.mark.parametrize("line", [b"RPC_ECHO_DATA /", b"RPC_IN_DATAX /", b"Rpc_in_data /", b"RPC_IN /"])
def test_no_other_method_passes_for_one_of_rpc_over_http(line: bytes) -> None:
    assert refused(line + b" HTTP/1.1\r\n\r\n") == 400


def test_the_method_after_one_of_rpc_over_http_is_read_as_it_stands() -> None:
    heads = [event for event in asked(b"RPC_OUT_DATA /1 HTTP/1.1\r\n\r\n", b"LINK /2 HTTP/1.1\r\n\r\n") if event]
    assert [head.method for head in heads] == [b"RPC_OUT_DATA", b"LINK"]


# Request smuggling: what can be read in two ways is refused


@pytest.mark.negative
@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 5\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length : 5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_a_length_that_can_be_read_in_two_ways_is_refused(fields: bytes) -> None:
    assert refused(POST + fields + b"\r\n0\r\n\r\n") == 400  # five bytes, or a last chunk


@pytest.mark.negative
@pytest.mark.parametrize("coding", [b"gzip, chunked", b"identity", b"xchunked", b"chunked, gzip", b"gzip"])
def test_a_transfer_coding_other_than_chunked_is_refused(coding: bytes) -> None:
    assert refused(POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n") in {400, 501}


@pytest.mark.negative
def test_chunks_in_http_1_0_are_refused() -> None:
    assert refused(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400


@pytest.mark.negative
@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        POST + b"X: a\nContent-Length: 5\r\n\r\n",
        POST + b"X: a\r\n\n",
        POST + b"X: a\rContent-Length: 5\r\n\r\n",
        POST + b"X: a\r\n b\r\n\r\n",
        POST + b"X: a\r\n\tb\r\n\r\n",
        POST + b" X: a\r\n\r\n",
        POST + b"X: a\x00b\r\n\r\n",
        POST + b"X: a\x01b\r\n\r\n",
        POST + b"X\x00: a\r\n\r\n",
        POST + b"X Y: a\r\n\r\n",
        POST + b": a\r\n\r\n",
        POST + b"no colon\r\n\r\n",
        b"GET /a\x00b HTTP/1.1\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1 \r\n\r\n",
        b"GET\t/ HTTP/1.1\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"EHLO mail.example.org\r\n",
    ],
)
def test_a_head_with_bare_line_ends_folded_lines_or_controls_is_refused(head: bytes) -> None:
    assert refused(head) == 400


@pytest.mark.negative
@pytest.mark.parametrize(
    "body",
    [
        b"g\r\n",
        b"-1\r\n",
        b"0x5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhelloX",
        b"fffffffffffffffff\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;\x00\r\nhello\r\n",
        b"5;:\r\nhello\r\n",
        b"5; x=y\r\nhello\r\n",
        b'5;x="y\r\nhello\r\n',
        b"\r\n",
        b"0\r\n\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_malformed_chunk_is_refused(body: bytes) -> None:
    assert refused(CHUNKED + body) == 400


@pytest.mark.negative
@pytest.mark.parametrize("line", [b"GET /", b"GET / HTTP/0.9", b"GET / HTTP/2.0"])
def test_another_version_of_http_is_refused(line: bytes) -> None:
    assert refused(line + b"\r\n\r\n") == 505


@pytest.mark.negative
@pytest.mark.parametrize("line", [b"GET / HTTP/1.2", b"GET / HTTP/3.0", b"GET / HTTX/1.1", b"PRI * HTTP/2.0"])
def test_what_is_no_version_of_http_is_refused(line: bytes) -> None:
    assert refused(line + b"\r\n\r\nSM\r\n\r\n") in {400, 505}


@pytest.mark.negative
@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"TLS/1.2"])
def test_an_upgrade_is_refused_before_its_request_begins(protocol: bytes) -> None:
    asks = POST + b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\nContent-Length: 2\r\n\r\nab"
    events: list[Any] = []
    with pytest.raises(BadMessage) as caught:
        read(RequestParser(), asks, events)
    assert caught.value.status == 501
    assert events == []


@pytest.mark.negative
def test_bytes_after_a_request_that_ends_its_connection_are_refused() -> None:
    assert refused(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\n\r\n") == 400


# Bounds


@pytest.mark.negative
@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * 1100 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 1100 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 3000,
        b"GET / HTTP/1.1\r\n" + b"a" * 3000,
        b"GET /" + b"a" * 3000,
        CHUNKED + b"0\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        CHUNKED + b"0\r\nX: " + b"a" * 3000,
        CHUNKED + b"5;x=" + b"a" * 3000,
    ],
)
@pytest.mark.parametrize("step", [100, 100_000])
def test_a_head_or_trailers_over_the_limit_are_refused(data: bytes, step: int) -> None:
    with pytest.raises(BadMessage) as caught:
        asked(*[data[start : start + step] for start in range(0, len(data), step)], limit=1000)
    assert caught.value.status == 431


def test_a_head_just_under_the_limit_passes_in_any_pieces() -> None:
    whole = b"GET / HTTP/1.1\r\nX: " + b"a" * 950 + b"\r\n\r\n"
    for step in (1, 10, 999, 1000, 5000):
        assert len(asked(*[whole[start : start + step] for start in range(0, len(whole), step)], limit=1000)) == 2


def test_a_long_body_before_a_head_is_not_taken_for_a_part_of_it() -> None:
    whole = (
        b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000 + b"GET / HTTP/1.1\r\nX: " + b"b" * 500
    )
    assert len(asked(whole, b"\r\n\r\n", limit=1000)) == 5


# What an answer says


def test_an_answer_is_its_status_fields_and_body() -> None:
    head, body, _ = answered(OK + b"X: y\r\nContent-Length: 2\r\n\r\nhi")
    assert (head.status, head.reason, head.length, head.chunked, head.keep_alive) == (200, b"OK", 2, False, True)
    assert (head.get(b"x"), head.get(b"z"), body) == (b"y", None, b"hi")


def test_a_chunked_answer_has_no_length() -> None:
    head, body, trailers = answered(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: v\r\n\r\n")
    assert (head.length, head.chunked, body, trailers) == (None, True, b"hi", [(b"T", b"v")])


def test_an_answer_may_end_with_its_connection() -> None:
    head, body, proper = answered(OK + b"\r\nhello", closed=True)
    assert (head.length, head.keep_alive, body, proper) == (None, False, b"hello", True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-",
        OK + b"Content-Length: 5\r\n\r\nhel",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_an_answer_that_is_cut_off_has_not_ended(data: bytes) -> None:
    assert answered(data, closed=True)[-1] is False


@pytest.mark.parametrize(
    ("to", "head"),
    [
        (b"HEAD", OK + b"Content-Length: 5\r\n\r\n"),
        (b"HEAD", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
        (b"HEAD", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ],
)
def test_an_answer_without_a_body_ends_with_its_head(to: bytes, head: bytes) -> None:
    parser = ResponseParser()
    parser.expect(to)
    assert [type(event) for event in read(parser, head)] == [ResponseHead, list]
    parser.expect(b"GET")
    assert read(parser, OK + b"Content-Length: 2\r\n\r\nhi")[1:] == [b"hi", []]


@pytest.mark.parametrize("length", [b"0", b"5"])
def test_an_answer_without_content_has_no_length_to_pass_on(length: bytes) -> None:
    (head, _) = answered(b"HTTP/1.1 204 No Content\r\nContent-Length: " + length + b"\r\n\r\n")
    assert isinstance(head, ResponseHead)
    assert head.length is None


@pytest.mark.negative
def test_an_interim_answer_may_end_the_connection_with_the_final_one() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n"
    (head, _) = answered(interim + OK + b"Content-Length: 0\r\n\r\n")
    assert isinstance(head, ResponseHead)
    assert not head.keep_alive


@pytest.mark.negative
def test_chunks_in_an_answer_of_1_0_are_refused() -> None:
    with pytest.raises(BadMessage):
        answered(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def test_100_continue_is_told_and_other_interim_answers_are_not() -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n"
    assert [event.status for event in answered(data) if isinstance(event, ResponseHead)] == [100, 200]


@pytest.mark.negative
@pytest.mark.parametrize(
    "data",
    [
        OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: gzip\r\n\r\n",
        OK + b"X: a\r\n b\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"* OK IMAP4 ready\r\n",
        OK + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_can_be_read_in_two_ways_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage):
        answered(data)
