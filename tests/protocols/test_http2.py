"""Heads of HTTP/2: the same values as heads of HTTP/1.1, or none."""

from __future__ import annotations

import pytest
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame, PingFrame, WindowUpdateFrame
from hypothesis import given
from hypothesis import strategies as some

from protocols.http1 import BadMessage
from protocols.http2 import (
    Frames,
    Malformed,
    request_head,
    request_list,
    response_head,
    response_list,
    trailer_list,
    trailers,
)

GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/ews/?a=b"), (b":authority", b"mail.example.org")]


def with_field(*fields: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [*GET, *fields]


def without(name: bytes, *instead: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [*(field for field in GET if field[0] != name), *instead]


def test_a_request_reads_as_it_would_by_http1() -> None:
    head = request_head(with_field((b"accept", b"text/xml"), (b"te", b"trailers")), ended=True)
    assert (head.method, head.target.segments, head.query, head.version) == (b"GET", ("ews",), "a=b", 1)
    assert head.fields[:2] == [(b"host", b"host", b"mail.example.org"), (b"accept", b"accept", b"text/xml")]
    assert (head.length, head.keep_alive, head.target.authority) == (0, True, b"")


def test_a_body_without_a_length_is_of_unknown_length() -> None:
    assert request_head(GET, ended=False).length is None
    assert request_head(with_field((b"content-length", b"7")), ended=False).length == 7
    assert request_head(with_field((b"content-length", b"0")), ended=True).length == 0


def test_crumbs_of_a_cookie_are_joined() -> None:
    head = request_head(with_field((b"cookie", b"a=1"), (b"x-y", b"z"), (b"cookie", b"b=2")), ended=True)
    assert head.all(b"cookie") == [b"a=1; b=2"]


def test_one_host_is_kept_of_two_that_agree() -> None:
    head = request_head(with_field((b"host", b"mail.example.org")), ended=True)
    assert head.all(b"host") == [b"mail.example.org"]
    named = request_head(without(b":authority", (b"host", b"mail.example.org")), ended=True)
    assert named.all(b"host") == [b"mail.example.org"]


@pytest.mark.negative
@pytest.mark.parametrize(
    "listed",
    [
        without(b":method"),
        without(b":scheme"),
        without(b":path"),
        without(b":path", (b":path", b"")),
        without(b":path", (b":path", b"https://mail.example.org/ews/")),
        without(b":path", (b":path", b"/a#b")),
        without(b":path", (b":path", b"/a b")),
        without(b":path", (b":path", b"/caf\xe9")),
        without(b":method", (b":method", b"get")),
        without(b":method", (b":method", b"GET /owa")),
        without(b":scheme", (b":scheme", b"ftp")),
        without(b":authority", (b":authority", b"")),
        with_field((b":path", b"/owa/")),
        with_field((b":status", b"200")),
        with_field((b":protocol", b"websocket")),
        with_field((b"accept", b"*/*"), (b":extra", b"1")),
        [(b"accept", b"*/*"), *GET],
        [(b"cookie", b"a=1"), *GET],
        with_field((b"Accept", b"*/*")),
        with_field((b"", b"x")),
        with_field((b"a b", b"x")),
        with_field((b"a:b", b"x")),
        with_field((b"a\r\nb", b"x")),
        with_field((b"caf\xe9", b"x")),
        with_field((b"accept", b"a\r\nx-casd-identity: b")),
        with_field((b"accept", b"a\nb")),
        with_field((b"accept", b"a\0b")),
        with_field((b"accept", b" a")),
        with_field((b"accept", b"a\t")),
        with_field((b"cookie", b"a\nb")),
        with_field((b"connection", b"keep-alive")),
        with_field((b"keep-alive", b"1")),
        with_field((b"proxy-connection", b"keep-alive")),
        with_field((b"transfer-encoding", b"chunked")),
        with_field((b"upgrade", b"h2c")),
        with_field((b"te", b"gzip")),
        with_field((b"host", b"other.example.org")),
        with_field((b"host", b"mail.example.org"), (b"host", b"other.example.org")),
        with_field((b"content-length", b"0"), (b"content-length", b"0")),
        with_field((b"content-length", b"+1")),
        with_field((b"content-length", b"1, 1")),
        with_field((b"content-length", b"1")),
    ],
    ids=str,
)
def test_what_could_be_read_in_two_ways_is_no_request(listed: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Malformed):
        request_head(listed, ended=True)


@pytest.mark.negative
@pytest.mark.parametrize(
    ("path", "status"), [(b"/ews/..%2fowa", 400), (b"/%2e%2e/owa", 400), (b"/a\\b", 400), (b"*", 400)]
)
def test_a_target_is_read_as_strictly_as_by_http1(path: bytes, status: int) -> None:
    with pytest.raises(BadMessage) as caught:
        request_head(without(b":path", (b":path", path)), ended=True)
    assert caught.value.status == status


def test_there_are_no_tunnels() -> None:
    with pytest.raises(BadMessage, match="tunnels") as caught:
        request_head([(b":method", b"CONNECT"), (b":authority", b"mail.example.org:25")], ended=False)
    assert caught.value.status == 501


def test_an_answer_reads_as_it_would_by_http1() -> None:
    head = response_head([(b":status", b"404"), (b"content-length", b"3"), (b"x-a", b"b")])
    assert (head.status, head.reason, head.length, head.chunked) == (404, b"Not Found", 3, False)
    assert head.get(b"x-a") == b"b"


@pytest.mark.negative
@pytest.mark.parametrize(
    "listed",
    [
        [],
        [(b":status", b"2000")],
        [(b":status", b"101")],
        [(b":status", b"200"), (b":status", b"200")],
        [(b":status", b"200"), (b":path", b"/")],
        [(b":status", b"200"), (b"X-A", b"b")],
        [(b":status", b"200"), (b"connection", b"close")],
        [(b":status", b"200"), (b"x-a", b"b\r\nx-casd-served: c")],
    ],
    ids=str,
)
def test_what_is_no_answer_is_not_taken_for_one(listed: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Malformed):
        response_head(listed)


def test_trailers_are_fields() -> None:
    assert trailers([(b"x-sum", b"7")]) == [(b"x-sum", b"x-sum", b"7")]
    with pytest.raises(Malformed):
        trailers([(b":path", b"/")])


def test_a_head_of_ours_becomes_a_list() -> None:
    head = b"POST /ews/ HTTP/1.1\r\nHost: mail.example.org\r\nContent-Length: 2\r\nTransfer-Encoding: x\r\nX-A: b: c"
    assert request_list(head) == [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", b"/ews/"),
        (b":authority", b"mail.example.org"),
        (b"content-length", b"2"),
        (b"x-a", b"b: c"),
    ]
    assert response_list(200, b"X-A: b\r\nConnection: close\r\n") == [(b":status", b"200"), (b"x-a", b"b")]
    assert trailer_list([(b"x-sum", b"X-Sum", b"7"), (b"host", b"Host", b"a")]) == [(b"x-sum", b"7")]


# What frames tell


@pytest.mark.negative
def test_frames_that_bring_nothing_are_counted() -> None:
    useless = [PingFrame(0, b"12345678"), WindowUpdateFrame(1, window_increment=1), DataFrame(1, b"a"), DataFrame(1)]
    useful = [HeadersFrame(1, b"x", flags=["END_HEADERS"]), DataFrame(1, b"a", flags=["END_STREAM"])]
    data = b"".join(frame.serialize() for frame in [*useless, *useful, DataFrame(1, bytes(64))])
    assert Frames(24).wasted(bytes(24) + data) == len(useless)


@pytest.mark.negative
def test_a_block_of_fields_is_measured_before_it_has_come() -> None:
    frames = Frames(0)
    frames.wasted(HeadersFrame(1, bytes(100)).serialize())
    assert frames.within
    frames.wasted(ContinuationFrame(1, bytes(1000)).serialize()[:9])
    assert frames.block == 1100


@given(some.lists(some.integers(0, 300)), some.integers(1, 40))
def test_frames_are_counted_alike_in_any_pieces(sizes: list[int], piece: int) -> None:
    sent: list[Frame] = [DataFrame(1, bytes(size)) for size in sizes]
    data = b"".join(frame.serialize() for frame in sent)
    frames = Frames(0)
    count = sum(frames.wasted(data[start : start + piece]) for start in range(0, len(data), piece))
    assert count == sum(size < 64 for size in sizes)
    assert not frames.within
