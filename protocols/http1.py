"""HTTP/1.1 messages (RFC 9112): a strict parser for each direction, the values it makes, the bytes they become.

The grammar is llhttp's, through httptools, which refuses two lengths, a length beside chunks, folded
lines, bare line feeds, NUL and malformed chunks. What is added here: the two methods of RPC over HTTP, a
bound on the head, one normalised reading of the request target, and no byte of a head is ever forwarded as
it came: heads are written anew from their parsed fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, unquote_to_bytes

import httptools
from attrs import frozen

Field = tuple[bytes, bytes, bytes]
"""One header field: its name in lower case, its name as it came, its value."""

Headers = Iterable[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    b"""connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer
    transfer-encoding upgrade""".split()
)
"""Fields that end at this hop (RFC 9110 section 7.6.1)."""

MAX_HEAD = 64 * 1024
"""Bytes of a head: Kerberos tickets with large group lists need more than the 8 or 16 KiB of other servers."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

_RPC_METHODS = {b"RPC_IN_DATA": b"LINK", b"RPC_OUT_DATA": b"UNLINK"}
"""llhttp knows no RPC over HTTP (MS-RPCH 2.1.2.1): at the start of a message these stand in for its methods."""

_RPC = re.compile(rb"(RPC_(?:IN|OUT)_DATA) ")
_RPC_BEGINNING = re.compile(rb"R(P(C(_(I(N(_(D(A(TA?)?)?)?)?)?|O(U(T(_(D(A(TA?)?)?)?)?)?)?)?)?)?)?")
_STILL_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_QUERY = re.compile(rb"[\x21\x22\x24-\x7e]*")
_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus} | {440: b"Login Timeout"}

_REMEMBERED = 512
"""Bytes of the longest path that is remembered: strangers choose paths, and would fill all memory with long ones."""


class BadMessage(Exception):
    """Bytes that are no acceptable message: the connection has lost its framing and must end.

    `status` is what a server may still answer: 400, 414, 431 or 501.
    """

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@frozen
class Target:
    """A request target, read once: `path` decoded, `line` (with its `query`) encoded anew for a request line."""

    path: str
    line: bytes
    segments: tuple[str, ...]
    query: bytes = b""
    authority: bytes = b""


class RequestHead:
    """What a client asks. `length` is the body's, in bytes; None when it comes in chunks."""

    __slots__ = ("fields", "keep_alive", "length", "method", "target", "version")

    def __init__(
        self, method: bytes, target: Target, version: int, fields: list[Field], length: int | None, keep_alive: bool
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.length = length
        self.keep_alive = keep_alive

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of a field named in lower case, or None."""
        for lower, _, value in self.fields:
            if lower == name:
                return value
        return None

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a field named in lower case."""
        return [value for lower, _, value in self.fields if lower == name]

    @property
    def path(self) -> str:
        """The decoded, normalised path."""
        return self.target.path

    @property
    def query(self) -> str:
        """The query as it came, without its question mark."""
        return self.target.query.decode("ascii")

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before it sends its body (RFC 9110 section 10.1.1)."""
        return self.version == 1 and (self.get(b"expect") or b"").lower() == b"100-continue"


class ResponseHead:
    """What a server answers. `length` is None when the body comes in chunks or ends with the connection."""

    __slots__ = ("chunked", "fields", "keep_alive", "length", "reason", "status", "version")

    def __init__(
        self,
        status: int,
        reason: bytes,
        version: int,
        fields: list[Field],
        length: int | None,
        chunked: bool,
        keep_alive: bool,
    ) -> None:
        self.status = status
        self.reason = reason
        self.version = version
        self.fields = fields
        self.length = length
        self.chunked = chunked
        self.keep_alive = keep_alive

    def get(self, name: bytes) -> bytes | None:
        """Return the first value of a field named in lower case, or None."""
        for lower, _, value in self.fields:
            if lower == name:
                return value
        return None


@frozen
class Response:
    """A whole answer: status, fields, body. Its length is added when it is sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


def reason(status: int) -> bytes:
    """Return the phrase that belongs to a status."""
    return _REASONS.get(status, b"Unknown")


def _path(raw: bytes) -> Target:
    segments = []
    for part in raw.split(b"/"):
        try:
            segment = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadMessage("a path that is not UTF-8") from error
        if segment in {".", ".."} or any(char in "/\\" or char < " " or char == "\x7f" for char in segment):
            raise BadMessage("an ambiguous path")
        if _STILL_ENCODED.search(segment):
            raise BadMessage("a path encoded twice")
        segments.append(segment)
    kept = tuple(segment for segment in segments if segment)
    ending = "/" if kept and not segments[-1] else ""
    encoded = "".join("/" + quote(segment, safe="!$&'()*+,;=:@~") for segment in kept) + ending
    return Target("/" + "/".join(kept) + ending, (encoded or "/").encode(), kept)


_known_path = lru_cache(4096)(_path)


def parse_target(raw: bytes) -> Target:
    """Read a request target in origin or absolute form; `BadMessage` when it can be read in two ways.

    Segments are decoded once. An encoded slash, a backslash, dots, controls and a second encoding are refused,
    since front doors and servers that read them differently opened every known path confusion.
    """
    authority = b""
    if not raw.startswith(b"/"):
        scheme, separator, rest = raw.partition(b"://")
        if not separator or scheme.lower() not in {b"http", b"https"}:
            raise BadMessage("a request target that is neither a path nor a URL")
        authority, slash, tail = rest.partition(b"/")
        raw = slash + tail or b"/"
    path, _, query = raw.partition(b"?")
    if _QUERY.fullmatch(query) is None:
        raise BadMessage("a query with forbidden characters")
    known = _known_path(path) if len(path) <= _REMEMBERED else _path(path)
    line = known.line + b"?" + query if query else known.line
    return Target(known.path, line, known.segments, query, authority) if query or authority else known


_lower_case: dict[bytes, bytes] = {}
"""Names of fields as clients and servers spell them: few, and each stands in thousands of heads."""


def _in_lower_case(name: bytes) -> bytes:
    """Return a name in lower case, and remember it, unless strangers have chosen many or long ones."""
    lower = name.lower()
    if len(_lower_case) < 1000 and len(name) <= 64:
        _lower_case[name] = lower
    return lower


class RequestEvents(Protocol):
    """What a `RequestParser` tells."""

    def request(self, head: RequestHead) -> None:
        """Take the head of a new request."""

    def body(self, data: bytes) -> None:
        """Take the next bytes of its body."""

    def end(self, trailers: list[Field]) -> None:
        """Take the end of the request."""


class _Parser:
    """What both directions share: the fields of one head, and its bound."""

    __slots__ = (
        "_chunked",
        "_events",
        "_fields",
        "_hops",
        "_in_head",
        "_left",
        "_length",
        "_limit",
        "_passing",
        "_quiet",
        "_size",
        "_wire",
        "idle",
    )

    _wire: Any
    _grammar: ClassVar[Any]

    def __init__(self, events: Any, limit: int) -> None:
        self._events = events
        self._wire = self._grammar(self)
        self._limit = limit
        self._left = 0
        self._passing = False
        self._fields: list[Field] = []
        self._in_head = False
        self._size = 0
        self._quiet = 0
        self._length = 0
        self._chunked = False
        self._hops = False
        self.idle = True

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._fields = []
        self._in_head = True
        self.idle = False
        self._size = 0
        self._quiet = 0
        self._length = -1
        self._chunked = False
        self._hops = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field, of a head or of trailers."""
        self._quiet = 0
        lower = _lower_case.get(name)
        if lower is None:
            lower = _in_lower_case(name)
        if value and value[-1] <= 32:
            value = value.rstrip(b" \t")
        self._size += len(name) + len(value) + 4
        if self._size > self._limit:
            raise BadMessage("a head that is too large", 431)
        if lower == b"content-length":
            self._length = int(value)
        elif lower == b"transfer-encoding":
            if value.lower() != b"chunked":
                raise BadMessage("a transfer encoding other than chunked", 501)
            self._chunked = True
        elif lower in {b"connection", b"proxy-connection"}:
            self._hops = True  # either may keep a connection of HTTP/1.0, for llhttp
        self._fields.append((lower, name, value))

    def _version(self, keep_alive: bool) -> int:
        """Return the minor version of HTTP/1, once a head is complete; `BadMessage` for any other."""
        if keep_alive and not self._hops:
            return 1  # only HTTP/1.1 keeps a connection unasked; llhttp makes a text of the version, which costs more
        version = self._wire.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise BadMessage("a version other than HTTP/1.0 and HTTP/1.1", 505)
        return 1 if version == "1.1" else 0

    def on_body(self, data: bytes) -> None:
        """Pass bytes of a body on."""
        self._quiet = 0
        self._left -= len(data)
        self._events.body(data)

    def discard(self) -> None:
        """Let go of llhttp and of who is told, which hold this parser in turn: the connection has ended."""
        self._wire = self._events = None

    def _feed(self, data: bytes) -> None:
        limit = self._limit
        if self._passing or self._left > len(data):
            data = self._pass_body(data)
        for start in range(0, len(data), limit):
            self._parse(data if len(data) <= limit else data[start : start + limit])

    def _pass_body(self, data: bytes) -> bytes:
        """Pass on the bytes of a long body, which llhttp would only count and copy; return what follows it.

        llhttp does not know of them, so a new one waits for the next message.
        """
        body = data if len(data) <= self._left else data[: self._left]
        self._left -= len(body)
        self._passing = self._left > 0
        self._events.body(body)
        if not self._passing:
            self._passed()
            self._wire = self._grammar(self)
        return data[len(body) :]

    def _passed(self) -> None:
        """End a message whose body was passed on."""
        raise NotImplementedError

    def _parse(self, data: bytes) -> None:
        # A line without an end stands in the parser unseen, in a head or in trailers: what came since its last word
        # bounds it.
        self._quiet += len(data)
        try:
            self._wire.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ if isinstance(error.__context__, BadMessage) else error from None
        except httptools.HttpParserUpgrade:
            raise BadMessage("no other protocol is spoken here", 501) from None
        except httptools.HttpParserError as error:
            raise BadMessage(str(error)) from None
        if self._quiet > 2 * self._limit and not self.idle:
            raise BadMessage("a line that is too long", 431)


class RequestParser(_Parser):
    """The server's side: bytes of one connection, in any pieces, become calls of `RequestEvents`."""

    __slots__ = ("_held", "_last", "_method", "_read", "_target")

    _grammar = httptools.HttpRequestParser

    def __init__(self, events: RequestEvents, limit: int = MAX_HEAD) -> None:
        super().__init__(events, limit)
        self._held = b""
        self._method = b""
        self._target = b""
        self._last = b""
        self._read: Target | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raise `BadMessage`, after which nothing more may be fed."""
        if self.idle and (self._held or data.startswith(b"R")):
            data = self._stand_in(self._held + data)
        if data:
            self._feed(data)

    def _stand_in(self, data: bytes) -> bytes:
        """Put llhttp's method in the place of one of RPC over HTTP; hold back what may become one."""
        self._held = b""
        if match := _RPC.match(data):
            self._method = match[1]
            return _RPC_METHODS[match[1]] + data[match.end() - 1 :]
        if _RPC_BEGINNING.fullmatch(data):
            self._held = data
            return b""
        return data

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._target += url

    def on_headers_complete(self) -> None:
        """Tell the head."""
        self._in_head = False
        wire = self._wire
        keep = wire.should_keep_alive()
        version = self._version(keep)
        if self._size + len(self._target) > self._limit:
            raise BadMessage("a head that is too large", 431)
        if self._chunked and version == 0:
            raise BadMessage("chunks in HTTP/1.0")
        if wire.should_upgrade():
            raise BadMessage("no other protocol is spoken here", 501)
        method = self._method or wire.get_method()
        raw, self._target, self._method = self._target, b"", b""
        if raw != self._last or self._read is None:  # a client that repeats itself is not read again
            self._read = parse_target(raw)
            self._last = raw if len(raw) <= _REMEMBERED else b""
        target = self._read
        length = None if self._chunked else max(self._length, 0)
        self._left = length or 0
        head = RequestHead(method, target, version, self._fields, length, keep)
        self._fields = []
        self._events.request(head)

    def on_message_complete(self) -> None:
        """Tell the end."""
        self.idle = True
        self._left = 0
        self._events.end(self._fields)

    def _passed(self) -> None:
        self.on_message_complete()


class ResponseEvents(Protocol):
    """What a `ResponseParser` tells."""

    def response(self, head: ResponseHead) -> None:
        """Take the head of an answer (not of a 1xx but 100)."""

    def body(self, data: bytes) -> None:
        """Take the next bytes of its body."""

    def end(self, trailers: list[Field]) -> None:
        """Take the end of the answer."""


class ResponseParser(_Parser):
    """The client's side: bytes of one connection become calls of `ResponseEvents`, answer after answer."""

    __slots__ = ("_reason", "_to_head")

    _grammar = httptools.HttpResponseParser

    def __init__(self, events: ResponseEvents, limit: int = MAX_HEAD) -> None:
        super().__init__(events, limit)
        self._reason = b""
        self._to_head = False

    def expect(self, method: bytes) -> None:
        """Say which method the next answer is for: one to HEAD has no body, whatever its fields say."""
        self._to_head = method == b"HEAD"

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raise `BadMessage`, after which nothing more may be fed."""
        self._feed(data)

    def close(self) -> bool:
        """Take the end of the connection; return whether it properly ended an answer (RFC 9112 section 6.3)."""
        if self.idle or self._in_head or self._chunked or self._length >= 0:
            return False
        self.on_message_complete()
        return True

    def on_status(self, reason: bytes) -> None:
        """Take a piece of the phrase."""
        self._reason += reason

    def on_headers_complete(self) -> None:
        """Tell the head."""
        self._in_head = False
        wire = self._wire
        status, phrase, self._reason = wire.get_status_code(), self._reason, b""
        if 100 < status < 200:
            return
        length = None if self._length < 0 else self._length
        keep = wire.should_keep_alive()
        version = self._version(keep)
        fields, self._fields = self._fields, []
        self._events.response(ResponseHead(status, phrase, version, fields, length, self._chunked, keep))
        if self._to_head and status >= 200:
            # llhttp cannot be told that no body follows: a fresh parser waits for the next answer.
            self.on_message_complete()
            self._wire = self._grammar(self)
        else:
            self._left = length or 0

    def on_message_complete(self) -> None:
        """Tell the end."""
        if self.idle:
            return
        self.idle = True
        self._left = 0
        if self._wire.get_status_code() >= 200:
            self._to_head = False
            self._events.end(self._fields)

    def _passed(self) -> None:
        self.on_message_complete()


def write_fields(fields: Headers) -> bytes:
    """Return field lines, each with its end."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def chunk(data: bytes) -> bytes:
    """Return one chunk of a body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: list[Field]) -> bytes:
    """Return the end of a chunked body with its trailers."""
    if not trailers:
        return LAST_CHUNK
    return b"0\r\n" + write_fields((name, value) for _, name, value in trailers) + b"\r\n"
