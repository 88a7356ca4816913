"""Heads of HTTP/2 (RFC 9113 section 8): lists of fields become the same values as heads of HTTP/1.1, and back.

Frames, windows and compression are the `h2` library's. What is refused here has no second reading: a name in upper
case, a pseudo-field twice or in the wrong place, fields that speak of a connection, two hosts, two lengths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from protocols.http1 import BadMessage, Field, RequestHead, ResponseHead, parse_target, reason

FieldList = list[tuple[bytes, bytes]]
"""Fields as they stand in a header block; pseudo-fields first."""

CONTINUE: FieldList = [(b":status", b"100")]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_METHOD = re.compile(rb"[A-Z][A-Z_-]{0,31}")
_PATH = re.compile(rb"/[\x21\x22\x24-\x7e]*|\*")
_STATUS = re.compile(rb"[1-5][0-9][0-9]")
_LENGTH = re.compile(rb"[0-9]{1,18}")

_OF_A_CONNECTION = frozenset(b"connection keep-alive proxy-connection transfer-encoding upgrade".split())
"""Fields that HTTP/2 knows nothing of (section 8.2.2)."""

_ASKS = frozenset({b":method", b":scheme", b":path", b":authority"})
_ANSWERS = frozenset({b":status"})
_FRAMES = frozenset(b"connection keep-alive proxy-connection transfer-encoding upgrade host".split())


class Malformed(BadMessage):
    """A head that is no message at all: its stream is reset with PROTOCOL_ERROR (section 8.1.1)."""


def request_head(listed: Iterable[tuple[bytes, bytes]], *, ended: bool) -> RequestHead:
    """Read a request; `Malformed`, or another `BadMessage` with the status to answer. `ended`: no body follows."""
    pseudo, fields = _taken_apart(listed, _ASKS)
    method, scheme, path = (pseudo.get(name) for name in (b":method", b":scheme", b":path"))
    if method == b"CONNECT":
        raise BadMessage("no tunnels here", 501)
    if method is None or _METHOD.fullmatch(method) is None:
        raise Malformed("no proper method")
    if scheme not in {b"https", b"http"}:
        raise Malformed("no proper scheme")
    if path is None or _PATH.fullmatch(path) is None:
        raise Malformed("no proper path")
    length = _length(fields)
    if ended and length:
        raise Malformed("a length without a body")
    head = RequestHead(method, parse_target(path), 1, _with_host(fields, pseudo.get(b":authority")), length, True)
    if ended:
        head.length = 0
    return head


def response_head(listed: Iterable[tuple[bytes, bytes]]) -> ResponseHead:
    """Read an answer; `Malformed` when it is none."""
    pseudo, fields = _taken_apart(listed, _ANSWERS)
    status = pseudo.get(b":status", b"")
    if _STATUS.fullmatch(status) is None or status == b"101":
        raise Malformed("no proper status")
    number = int(status)
    return ResponseHead(number, reason(number), 1, fields, _length(fields), False, True)


def trailers(listed: Iterable[tuple[bytes, bytes]]) -> list[Field]:
    """Read the trailers of a message; `Malformed` when there is a pseudo-field among them (section 8.1)."""
    return _taken_apart(listed, frozenset())[1]


def request_list(head: bytes) -> FieldList:
    """Return the fields that say what a head of HTTP/1.1 says, one that we wrote ourselves."""
    first, _, rest = head.partition(b"\r\n")
    method, target, _ = first.split(b" ")
    lines = rest.split(b"\r\n")
    listed: FieldList = [(b":method", method), (b":scheme", b"https"), (b":path", target)]
    listed += [(b":authority", line[6:]) for line in lines if line[:6].lower() == b"host: "]
    return listed + _listed(lines)


def response_list(status: int, lines: bytes) -> FieldList:
    """Return the fields of an answer whose field lines we wrote ourselves."""
    return [(b":status", b"%d" % status), *_listed(lines.split(b"\r\n"))]


def trailer_list(fields: Sequence[Field]) -> FieldList:
    """Return trailers as they stand in a header block."""
    return [(lower, value) for lower, _, value in fields if lower not in _FRAMES]


def _listed(lines: list[bytes]) -> FieldList:
    listed = []
    for line in lines:
        name, colon, value = line.partition(b": ")
        lower = name.lower()
        if colon and lower not in _FRAMES:
            listed.append((lower, value))
    return listed


def _taken_apart(
    listed: Iterable[tuple[bytes, bytes]], allowed: frozenset[bytes]
) -> tuple[dict[bytes, bytes], list[Field]]:
    """Return pseudo-fields and fields of a header block, or raise `Malformed`."""
    pseudo: dict[bytes, bytes] = {}
    fields: list[Field] = []
    crumbs: list[bytes] = []
    for name, value in listed:
        if _VALUE.fullmatch(value) is None:
            raise Malformed("a value with forbidden characters")
        if name[:1] == b":":
            if fields or crumbs or name in pseudo or name not in allowed:
                raise Malformed("a pseudo-field that has no place here")
            pseudo[name] = value
        elif _NAME.fullmatch(name) is None:
            raise Malformed("a name with forbidden characters")
        elif name in _OF_A_CONNECTION or (name == b"te" and value.lower() != b"trailers"):
            raise Malformed("a field that speaks of a connection")
        elif name == b"cookie":
            crumbs.append(value)
        else:
            fields.append((name, name, value))
    if crumbs:  # section 8.2.3
        fields.append((b"cookie", b"cookie", b"; ".join(crumbs)))
    return pseudo, fields


def _with_host(fields: list[Field], authority: bytes | None) -> list[Field]:
    """Return the fields with one Host, which :authority may repeat but not contradict (section 8.3.1)."""
    if authority is None:
        return fields
    if not authority or any(value != authority for lower, _, value in fields if lower == b"host"):
        raise Malformed("two hosts")
    return [(b"host", b"host", authority), *[field for field in fields if field[0] != b"host"]]


def _length(fields: list[Field]) -> int | None:
    found = [value for lower, _, value in fields if lower == b"content-length"]
    if not found:
        return None
    if len(found) > 1 or _LENGTH.fullmatch(found[0]) is None:
        raise Malformed("no proper length")
    return int(found[0])


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_SMALL = 64
"""Bytes of a DATA frame that are worth its cost."""

_DATA, _HEADERS, _CONTINUATION = 0, 1, 9
_END_STREAM, _END_HEADERS = 1, 4


class Frames:
    """What the frames of one connection tell before anybody takes their trouble.

    `block` is the size of the longest block of fields that was seen, whole or not: a head, or CONTINUATION without end
    (CVE-2024-27316); `longest` is that of the longest frame. `within` says that a frame or a block has begun and not
    ended.
    """

    __slots__ = ("_block", "_rest", "_skip", "block", "longest")

    def __init__(self, skip: int) -> None:
        self._skip = skip  # bytes until the next frame begins
        self._rest = b""
        self._block = 0
        self.block = 0
        self.longest = 0

    @property
    def within(self) -> bool:
        """Whether more must follow."""
        return bool(self._skip or self._rest or self._block)

    def wasted(self, data: bytes) -> int:
        """Return how many frames begin within the next bytes that cost us something and bring nothing.

        They are all but heads and bodies: PING, SETTINGS, PRIORITY, RST_STREAM, WINDOW_UPDATE, CONTINUATION, what
        nobody knows; and DATA with hardly a byte (CVE-2019-9511 to 9518).
        """
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, end, wasted = self._skip, len(data), 0
        while at + 9 <= end:
            length, kind, flags = int.from_bytes(data[at : at + 3], "big"), data[at + 3], data[at + 4]
            if kind > _HEADERS or (kind == _DATA and length < _SMALL and not flags & _END_STREAM):
                wasted += 1
            if kind in {_HEADERS, _CONTINUATION}:
                self._block += length
                self.block = max(self.block, self._block)
                if flags & _END_HEADERS:
                    self._block = 0
            self.longest = max(self.longest, length)
            at += 9 + length
        if at < end:
            self._rest, at = data[at:], end
        self._skip = at - end
        return wasted
