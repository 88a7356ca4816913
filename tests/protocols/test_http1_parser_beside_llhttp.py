"""What our parser takes for a message, node's llhttp takes for the same one: ours is never the more lenient."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from random import Random
from typing import Any

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from protocols.http1 import BadMessage, RequestHead, ResponseHead
from protocols.http1_parser import End, RequestParser, ResponseParser

_CHUNKED = b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"
_BODILESS = {
    b"GET / HTTP/1.1",
    b"HTTP/1.1 204 ",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5",
    b"HTTP/1.1 103 Hints",
}
_FRAMED = [
    ([b"Content-Length: 0"], b""),
    ([b"Content-Length: 5"], b"hello"),
    ([b"Content-Length:\t05 "], b"hello"),
    ([b"Transfer-Encoding: chunked"], _CHUNKED),
    ([b"transfer-encoding:CHUNKED"], _CHUNKED),
    ([b"Transfer-Encoding: chunked"], b"05\r\nhello\r\n00\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b'0005;a;b="\\";"\r\nhello\r\n1\r\n\r\r\n2\r\n\r\n\r\n000\r\n\r\n'),
    ([b"Content_Length: 7", b"Content-Length: 5"], b"hello"),
    ([b"Content-Length: 000000000000000005"], b"hello"),
]
_MISFRAMED = [
    ([b"Content-Length: 5", b"Content-Length: 5"], b"hello"),
    ([b"Content-Length: 5, 5"], b"hello"),
    ([b"Content-Length: +5"], b"hello"),
    ([b"Transfer-Encoding: x\tchunked"], _CHUNKED),
    ([b"Transfer-Encoding: chunked", b"Content-Length: 5"], _CHUNKED),
    ([b"Transfer-Encoding: chunked"], b"5 \r\nhello\r\n0\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b"5\nhello\r\n0\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b"5\r\nhello0\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b'5;a="\n"\r\nhello\r\n0\r\n\r\n'),
    ([b"Transfer-Encoding: chunked"], b"0x5\r\nhello\r\n0\r\n\r\n"),
    ([b"Transfer-Encoding: chunked"], b"-5\r\nhello\r\n0\r\n\r\n"),
    ([b"Transfer-Encoding: chunked, identity"], _CHUNKED),
    ([b"Transfer-Encoding: identity"], b""),
    ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], _CHUNKED),
    ([b"Transfer_Encoding: chunked", b"Content-Length: 5"], b"hello"),
    ([b"Content-Length: 0000000000000000005"], b"hello"),
    ([b"Content-Length: 18446744073709551621"], b"hello"),
    ([b"Content-Length: 5_0"], b"hello"),
    ([b"Content-Length: "], b""),
]
_GOOD = [
    b"X: y",
    b"X:",
    b"X:  y \t",
    b"X: \xe9",
    b"Connection: keep-alive",
    b"Connection: x,\tkeep-alive",
    b"Connection: closest",
    b"Proxy-Connection: keep-alive",
    b"Keep-Alive: 5",
    b"Expect: 100-continue",
    b"Trailer: Content-Length",
]
_BAD = [
    b" X: y",
    b"X : y",
    b"X",
    b"\xe9: x",
    b"X: \x7f",
    b"X: \r",
    b"Connection: upgrade",
    b"Upgrade: x",
    b": x",
]
_ENDS = [b"\n", b"\r", b"\r\r\n", b" \r\n", b"\r\n "]


def messages(first: list[bytes], dice: Random) -> list[bytes]:
    """Return a few messages in pieces: half of them as they should be, but for the framing of the last."""
    data, count = b"", dice.randint(1, 4)
    for number in range(count):
        line, (framing, body) = dice.choice(first), dice.choice(_FRAMED)
        if number == count - 1 and dice.randint(0, 1):
            framing, body = dice.choice(_MISFRAMED)
        elif line in _BODILESS:
            framing, body = [], b""
        fields = [*framing, *dice.choices(_GOOD, k=dice.randint(0, 3))]
        dice.shuffle(fields)
        data += b"\r\n".join([line, *fields, b"", body])
    if dice.randint(0, 1):
        data = spoilt(data, dice)
    cuts = sorted(dice.sample(range(1, len(data)), k=dice.randint(0, 9)))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


def spoilt(data: bytes, dice: Random) -> bytes:
    """Return messages with a bad field, a bad end of a line, or a byte changed."""
    place = dice.randrange(len(data))
    end = data.find(b"\r\n", place)
    if end < 0 or dice.randint(0, 1):
        return data[:place] + dice.randbytes(dice.randint(0, 2)) + data[place + 1 :]
    return data[:end] + dice.choice([*(b"\r\n" + field + b"\r\n" for field in _BAD), *_ENDS]) + data[end + 2 :]


_OFTEN = settings(max_examples=int(os.environ.get("CASD_EXAMPLES", "400")), deadline=None)
"""CASD_EXAMPLES=20000 tries more."""

_REQUEST_LINES = [
    b"GET / HTTP/1.1",
    b"POST /owa/?a=b HTTP/1.1",
    b"GET http://a/x HTTP/1.0\r\nConnection: keep-alive",
    b"PROPFIND /%C3%A9 HTTP/1.1",
    b"RPC_IN_DATA /rpc/rpcproxy.dll?mbx:6001 HTTP/1.1",
    b"X-MS-ENUMATTS / HTTP/1.0",
    b"\r\nHEAD / HTTP/1.1",
    b"GET / HTTP/1.1\r\nConnection: close",
]
_STATUS_LINES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 OK\r\nConnection: x, Close",
    b"HTTP/1.1 204 ",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5",
    b"HTTP/1.0 404\r\nConnection: keep-alive",
    b"HTTP/1.1 103 Hints",
]
_DICE = some.randoms(use_true_random=True)
REQUESTS = _DICE.map(lambda dice: messages(_REQUEST_LINES, dice))
ANSWERS = _DICE.map(lambda dice: messages(_STATUS_LINES, dice))
_EXCHANGES_OWN = re.compile(rb"RPC_IN_DATA|X-MS-ENUMATTS")
"""Methods that llhttp does not know: to it they are POST."""


class Theirs:
    """What llhttp tells: of each message its first line, its fields with its trailers, and its body."""

    def __init__(self, grammar: type[Any]) -> None:
        self.told: list[list[Any]] = []
        self.kept: list[bool] = []
        self._wire = grammar(self)

    def read(self, data: bytes) -> list[list[Any]]:
        self._wire.feed_data(_EXCHANGES_OWN.sub(b"POST", data))
        return self.told

    def on_message_begin(self) -> None:
        self.told.append([b"", [], b""])

    def on_header(self, name: bytes, value: bytes) -> None:
        self.told[-1][1].append((name, value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        wire = self._wire
        what = wire.get_method() if hasattr(wire, "get_method") else b"%d" % wire.get_status_code()
        self.told[-1][0] = what, wire.get_http_version()[-1]

    def on_body(self, data: bytes) -> None:
        self.told[-1][2] += data

    def on_message_complete(self) -> None:
        self.kept.append(self._wire.should_keep_alive())
        if getattr(self._wire, "get_status_code", lambda: 200)() in range(101, 200):
            self.told.pop()  # no more is to be known of it
            self.kept.pop()


class Ours:
    """What our parser tells; nothing when it refuses any of it."""

    def __init__(self, parser: RequestParser | ResponseParser) -> None:
        self.told: list[list[Any]] = []
        self.kept: list[bool] = []
        self._parser = parser

    def read(self, pieces: list[bytes]) -> list[list[Any]]:
        try:
            for piece in pieces:
                self._parser.feed(piece)
                while (event := self._parser.next()) is not None:
                    self._take(event)
        except BadMessage:
            return []
        return self.told if self._parser.idle else []

    def _take(self, event: RequestHead | ResponseHead | bytes | End) -> None:
        if isinstance(event, RequestHead | ResponseHead):
            what = event.method if isinstance(event, RequestHead) else b"%d" % event.status
            version = str(event.version)
            self.told.append([(_EXCHANGES_OWN.sub(b"POST", what), version), [one[1:] for one in event.fields], b""])
            self.kept.append(event.keep_alive)
        elif isinstance(event, End):
            self.told[-1][1] += [field[1:] for field in event.trailers]
        else:
            self.told[-1][2] += event


@pytest.mark.negative
@_OFTEN
@given(REQUESTS)
@example([b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"])
@example([b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n"])
def test_a_request_that_is_taken_means_the_same_to_llhttp(pieces: list[bytes]) -> None:
    ours, theirs = Ours(RequestParser()), Theirs(httptools.HttpRequestParser)
    if taken := ours.read(pieces):
        assert taken == theirs.read(b"".join(pieces))
        assert not any(one > other for one, other in zip(ours.kept, theirs.kept, strict=True))


@pytest.mark.negative
@_OFTEN
@given(ANSWERS)
@example([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])
@example([b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])
def test_an_answer_that_is_taken_means_the_same_to_llhttp(pieces: list[bytes]) -> None:
    ours, theirs = Ours(ResponseParser()), Theirs(httptools.HttpResponseParser)
    if taken := ours.read(pieces):
        assert taken == theirs.read(b"".join(pieces))
        assert not any(one > other for one, other in zip(ours.kept, theirs.kept, strict=True))


def means_the_same_however_cut(parser: type[RequestParser | ResponseParser], pieces: list[bytes]) -> bool:
    whole = b"".join(pieces)
    taken = Ours(parser()).read([whole])
    return taken == Ours(parser()).read(pieces) == Ours(parser()).read([whole[at : at + 1] for at in range(len(whole))])


@pytest.mark.negative
@_OFTEN
@given(REQUESTS)
def test_a_request_means_the_same_however_it_is_cut(pieces: list[bytes]) -> None:
    assert means_the_same_however_cut(RequestParser, pieces)


@pytest.mark.negative
@_OFTEN
@given(ANSWERS)
def test_an_answer_means_the_same_however_it_is_cut(pieces: list[bytes]) -> None:
    assert means_the_same_however_cut(ResponseParser, pieces)
