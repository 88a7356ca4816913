"""What our parser takes for a message, node's llhttp takes for the same one: ours is never the more lenient."""

from __future__ import annotations

import os
from typing import Any

import httptools
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as some

from protocols.http1 import BadMessage, End, RequestHead, RequestParser, ResponseHead, ResponseParser

_CHUNKED = b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"
_FRAMED = some.sampled_from(
    [
        ([], b""),
        ([b"Content-Length: 0"], b""),
        ([b"Content-Length: 5"], b"hello"),
        ([b"Content-Length:\t05 "], b"hello"),
        ([b"Content-Length: 5", b"Content-Length: 5"], b"hello"),
        ([b"Content-Length: 5, 5"], b"hello"),
        ([b"Content-Length: +5"], b"hello"),
        ([b"Transfer-Encoding: chunked"], _CHUNKED),
        ([b"transfer-encoding:CHUNKED"], _CHUNKED),
        ([b"Transfer-Encoding: x\tchunked"], _CHUNKED),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], _CHUNKED),
        ([b"Transfer-Encoding: chunked"], b"05\r\nhello\r\n00\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5 \r\nhello\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\nhello\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhello0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
    ]
)
_GOOD = [
    b"X: y",
    b"X:",
    b"X:  y \t",
    b"X: \xe9",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: Close, x",
]
_BAD = [b" X: y", b"X : y", b"X", b"\xe9: x", b"X: \x7f", b"X: \r", b"Connection: upgrade", b"Upgrade: x", b": x"]
_FIELDS = some.sampled_from([*_GOOD, *_BAD])
_ENDS = some.sampled_from([b"\r\n"] * 40 + [b"\n", b"\r", b"\r\r\n", b" \r\n", b"\r\n "])


@some.composite
def messages(draw: Any, first: some.SearchStrategy[bytes]) -> bytes:
    """Return one or two messages, of which perhaps a byte is changed."""
    data = b""
    for _ in range(draw(some.integers(1, 2))):
        framing, body = draw(_FRAMED)
        lines = [draw(first), *draw(some.permutations([*framing, *draw(some.lists(_FIELDS, max_size=3))]))]
        data += b"".join(line + draw(_ENDS) for line in lines) + draw(_ENDS) + body
    if draw(some.booleans()):
        place = draw(some.integers(0, len(data) - 1))
        data = data[:place] + draw(some.binary(max_size=2)) + data[place + 1 :]
    return data


_OFTEN = settings(
    max_examples=int(os.environ.get("CASD_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)
"""CASD_EXAMPLES=20000 tries more."""

REQUESTS = messages(some.sampled_from([b"GET / HTTP/1.1", b"POST /owa/?a=b HTTP/1.1", b"GET http://a/x HTTP/1.0"]))
ANSWERS = messages(some.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 204 ", b"HTTP/1.0 404", b"HTTP/1.1 103 Hints"]))


class Theirs:
    """What llhttp tells: of each message its fields with its trailers, and its body."""

    def __init__(self, grammar: type[Any]) -> None:
        self.told: list[list[Any]] = []
        self._wire = grammar(self)

    def read(self, data: bytes) -> list[list[Any]]:
        self._wire.feed_data(data)
        return self.told

    def on_message_begin(self) -> None:
        self.told.append([[], b""])

    def on_header(self, name: bytes, value: bytes) -> None:
        self.told[-1][0].append((name, value.strip(b" \t")))

    def on_body(self, data: bytes) -> None:
        self.told[-1][1] += data

    def on_message_complete(self) -> None:
        if getattr(self._wire, "get_status_code", lambda: 200)() in range(101, 200):
            self.told.pop()  # no more is to be known of it


def ours(parser: RequestParser | ResponseParser, data: bytes) -> list[list[Any]]:
    """Return the same of our parser, when it takes all of it; other examples do not count."""
    told: list[list[Any]] = []
    try:
        parser.feed(data)
        while (event := parser.next()) is not None:
            if isinstance(event, RequestHead | ResponseHead):
                told.append([[field[1:] for field in event.fields], b""])
            elif isinstance(event, End):
                told[-1][0] += [field[1:] for field in event.trailers]
            else:
                told[-1][1] += event
    except BadMessage:
        assume(False)
    assume(parser.idle)
    return told


@pytest.mark.negative
@settings(
    max_examples=int(os.environ.get("CASD_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(REQUESTS)
@example(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx")
@example(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")
def test_a_request_that_is_taken_means_the_same_to_llhttp(data: bytes) -> None:
    taken = ours(RequestParser(), data)
    assert taken == Theirs(httptools.HttpRequestParser).read(data)


@pytest.mark.negative
@settings(
    max_examples=int(os.environ.get("CASD_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)
@given(ANSWERS)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
@example(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
def test_an_answer_that_is_taken_means_the_same_to_llhttp(data: bytes) -> None:
    taken = ours(ResponseParser(), data)
    assert taken == Theirs(httptools.HttpResponseParser).read(data)
