"""HTTP/1.1 messages (RFC 9112) as values, which become bytes again.

There is one normalised reading of the request target, and no byte of a head is ever forwarded as it came: heads are
written anew from the fields that `protocols/http1_parser.py` has read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote, unquote_to_bytes

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

_STILL_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")


_AUTHORITY = re.compile(rb"[0-9A-Za-z.:_\[\]-]+")
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
        if _AUTHORITY.fullmatch(authority) is None:
            raise BadMessage("a URL of no host, or of more than a host")
        raw = slash + tail or b"/"
    path, _, query = raw.partition(b"?")
    if _QUERY.fullmatch(query) is None:
        raise BadMessage("a query with forbidden characters")
    known = _known_path(path) if len(path) <= _REMEMBERED else _path(path)
    line = known.line + b"?" + query if query else known.line
    return Target(known.path, line, known.segments, query, authority) if query or authority else known


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
