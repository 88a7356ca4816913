"""A strict parser of HTTP/1.1 for each direction (RFC 9112): bytes in any pieces become messages.

Whatever two readers could take for two things is refused: two lengths, a length beside chunks, folded lines, bare line
feeds, controls, malformed chunks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from protocols.http1 import MAX_HEAD, BadMessage, Field, RequestHead, ResponseHead, parse_target

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_FIELD_LINE = re.compile(rb"(" + _TOKEN + rb"):([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE = re.compile(rb"([A-Z_-]+) ([\x21-\x7e]+)(?: HTTP/([0-9]\.[0-9]))?")
_REQUEST_BEGINNING = re.compile(rb"[A-Z_-]{1,16}(?: |\r?\Z)|\r\Z")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?")
_CHUNK_BEGINNING = re.compile(rb"[0-9A-Fa-f]{1,15}(?:;|\r?\Z)|\r\Z")
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"'
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;" + _TOKEN + rb"(?:=(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?)*\r\n")
_FRAMES = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})
_DIGITS = 18
"""Digits of the largest length: a count of 64 bits holds any such number."""

_METHODS = frozenset(
    b"""GET HEAD POST PUT DELETE OPTIONS TRACE PATCH RPC_IN_DATA RPC_OUT_DATA ACL BCOPY BDELETE BMOVE BPROPFIND
    BPROPPATCH COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY POLL PROPFIND PROPPATCH PURGE REPORT SEARCH
    SUBSCRIBE UNLINK UNLOCK UNSUBSCRIBE X-MS-ENUMATTS""".split()
)
"""Those of HTTP, WebDAV with Exchange's own, and RPC over HTTP (MS-RPCH 2.1.2.1)."""

_REMEMBERED_LINE = 80
"""Bytes of the longest field line that is remembered."""

_LINES = 4096
"""Most field lines that are remembered."""

_REMEMBERED_HEAD = 2048
"""Bytes of the longest head that is remembered with its connection."""

_known_fields: dict[bytes, Field] = {}
"""What field lines mean: a few stand in thousands of heads, on the connections of all clients and servers."""

_PRIVATE = frozenset(b"authorization cookie set-cookie proxy-authorization".split())
"""Fields that are worth remembering to nobody else."""


def _fields(lines: list[bytes]) -> list[Field]:
    """Read field lines (RFC 9112 section 5), of which the first is the message's own."""
    fields: list[Field] = []
    for line in lines[1:]:
        field = _known_fields.get(line)
        fields.append(_field(line) if field is None else field)
    return fields


def _field(line: bytes) -> Field:
    """Read a field line, and remember it if it is short."""
    found = _FIELD_LINE.fullmatch(line)
    if found is None:
        raise BadMessage("a line that is no field, or holds controls, or ends otherwise than with CR LF")
    name: bytes = found[1]
    field = name.lower(), name, found[2].strip(b" \t")
    if len(line) <= _REMEMBERED_LINE and field[0] not in _PRIVATE:
        if len(_known_fields) >= _LINES:
            _known_fields.clear()  # strangers may have filled it
        _known_fields[line] = field
    return field


class _Framing:
    """What the fields of a head say of its body and of its connection (RFC 9112 sections 6 and 9.3)."""

    __slots__ = ("chunked", "close", "keep", "length", "upgrade")

    def __init__(self, fields: list[Field], version: int) -> None:
        self.length = -1  # none is said
        self.chunked = False
        self.close = False
        self.keep = False
        self.upgrade = False
        for lower, _, value in fields:
            if lower not in _FRAMES:
                continue
            if lower == b"content-length":
                self._length(value)
            elif lower == b"transfer-encoding":
                self._coding(value)
            else:
                self._options(value)
        if self.chunked and self.length >= 0:
            raise BadMessage("a length beside chunks")
        if self.chunked and version == 0:
            raise BadMessage("chunks in HTTP/1.0")

    def _length(self, value: bytes) -> None:
        if self.length >= 0 or not value.isdigit() or len(value) > _DIGITS:
            raise BadMessage("a length that is none, or two")
        self.length = int(value)

    def _coding(self, value: bytes) -> None:
        if self.chunked:
            raise BadMessage("two transfer encodings")
        if value.lower() != b"chunked":
            raise BadMessage("a transfer encoding other than chunked", 501)
        self.chunked = True

    def _options(self, value: bytes) -> None:
        for word in value.lower().split(b","):
            option = word.strip(b" \t")
            self.close = self.close or option == b"close"
            self.keep = self.keep or option == b"keep-alive"
            self.upgrade = self.upgrade or option == b"upgrade"

    def kept(self, version: int) -> bool:
        """Say whether the connection stays open after this message."""
        return not self.close and (version == 1 or self.keep)


class End:
    """The end of a message, with its trailers."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: list[Field]) -> None:
        self.trailers = trailers


_HEAD: Final = 0
_BODY: Final = 1
_TO_CLOSE: Final = 2  # a body that ends with its connection
_SIZE: Final = 3  # the line before a chunk
_CHUNK: Final = 4
_CHUNK_END: Final = 5
_TRAILERS: Final = 6
_END: Final = 7
_OVER: Final = 8  # the message that was read ends its connection


class _Parser:
    """What both directions share: `feed` takes bytes, `next` returns piece after piece what they mean."""

    __slots__ = ("_at", "_data", "_keep", "_left", "_limit", "_seen", "_state")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # What has come and is not read yet, from `_at` on. A head or a line that is cut stays whole: who sends 64 KiB
        # in single bytes costs 2 GB of copies, which is less than the kernel's work for so many packets. But it is not
        # searched anew each time: that took 85 µs for each byte, where 2 are enough.
        self._data = b""
        self._at = 0
        self._seen = 0  # bytes behind `_at` that were searched for the end of a head already
        self._state = _HEAD
        self._left = 0  # bytes of the body, or of the chunk
        self._keep = True  # whether another message may follow this one

    @property
    def idle(self) -> bool:
        """Whether no message has begun."""
        return self._state in (_HEAD, _OVER) and not self._data

    def feed(self, data: bytes) -> None:
        """Take the next bytes; none after a `BadMessage`."""
        self._data = self._data[self._at :] + data if self._data else data
        self._at = 0

    def _read(self, count: int) -> None:
        """Take note that this many bytes more have been read."""
        self._at += count
        if self._at >= len(self._data):
            self._data = b""
            self._at = 0

    def _piece(self, then: int) -> bytes:
        """Return the next bytes of a body or a chunk; `then` is the state behind its last ones."""
        data, at, left = self._data, self._at, self._left
        piece = data[at:] if len(data) - at <= left else data[at : at + left]
        self._left = left - len(piece)
        if not self._left:
            self._state = then
        self._read(len(piece))
        return piece

    def _block(self) -> bytes | None:
        """Return all lines before an empty one, None when they are not whole yet."""
        data, at = self._data, self._at
        if self._state == _OVER:
            raise BadMessage("bytes behind a message that ends its connection")
        seen = at + self._seen
        end = data.find(b"\r\n\r\n", max(at, seen - 3))
        if (len(data) if end < 0 else end + 4) - at > self._limit:
            raise BadMessage("a head that is too large", 431)
        if end < 0:
            if data.count(b"\n", seen) != data.count(b"\r\n", seen):
                raise BadMessage("a line that does not end with CR LF")
            self._seen = len(data) - at - data.endswith(b"\r")
            return None
        self._seen = 0
        self._read(end + 4 - at)
        return data[at:end]

    def _body(self) -> bytes | End | None:
        """Return what comes next of a body, or its end."""
        while True:
            state = self._state
            if state == _END:
                return self._end([])
            if not self._data:
                return None
            if state == _BODY:
                return self._piece(_END)
            if state == _CHUNK:
                return self._piece(_CHUNK_END)
            if state == _TO_CLOSE:
                self._left = len(self._data)
                return self._piece(_TO_CLOSE)
            if state == _TRAILERS:
                return self._trailers()
            if not (self._size() if state == _SIZE else self._chunk_end()):
                return None

    def _size(self) -> bool:
        """Read the line before a chunk (RFC 9112 section 7.1); False when it is not whole yet."""
        data, at = self._data, self._at
        end = data.find(b"\n", at) + 1
        if (end or len(data)) - at > self._limit:
            raise BadMessage("a line that is too long", 431)
        if not end and _CHUNK_BEGINNING.match(data, at) is not None:
            return False
        found = _CHUNK_LINE.fullmatch(data, at, end) if end else None
        if found is None:
            raise BadMessage("a malformed chunk")
        self._left = int(found[1], 16)
        self._state = _CHUNK if self._left else _TRAILERS
        self._read(end - at)
        return True

    def _chunk_end(self) -> bool:
        """Read the line's end behind a chunk; False when it is not whole yet."""
        found = self._data[self._at : self._at + 2]
        if not b"\r\n".startswith(found):
            raise BadMessage("a chunk that is longer than its size")
        if len(found) < 2:
            return False
        self._state = _SIZE
        self._read(2)
        return True

    def _trailers(self) -> End | None:
        if self._data.startswith(b"\r\n", self._at):
            self._read(2)
            return self._end([])
        block = self._block()
        if block is None:
            return None
        fields = _fields([b"", *block.split(b"\r\n")])
        for lower, _, _ in fields:
            if lower in _FRAMES:
                raise BadMessage("trailers that frame a message")
        return self._end(fields)

    def _end(self, trailers: list[Field]) -> End:
        """Return the end of a message, and wait for the next one."""
        self._state = _HEAD if self._keep else _OVER
        return End(trailers)


class RequestParser(_Parser):
    """The server's side: bytes of one connection, in any pieces, become requests."""

    __slots__ = ("_known", "_looked", "_raw")

    def __init__(self, limit: int = MAX_HEAD) -> None:
        super().__init__(limit)
        self._looked = False  # at the first line of a head that is not whole
        # The head that was read last, and what it meant: a client repeats itself.
        self._raw = b""
        self._known: RequestHead | None = None

    def next(self) -> RequestHead | bytes | End | None:
        """Return a head, bytes of its body, or its end, as they come; None until more is fed. Raises `BadMessage`."""
        if self._state not in (_HEAD, _OVER):
            return self._body()
        while self._data.startswith(b"\r\n", self._at):  # RFC 9112 section 2.2
            self._read(2)
        if not self._data:
            return None
        raw = self._block()
        if raw is None:
            self._look()
            return None
        head = self._known
        if head is None or raw != self._raw:
            head = _request(raw.split(b"\r\n"))
            self._raw, self._known = (raw, head) if len(raw) <= _REMEMBERED_HEAD else (b"", None)
        self._looked = False
        self._keep = head.keep_alive
        if head.length is None:
            self._state = _SIZE
        elif head.length:
            self._left, self._state = head.length, _BODY
        else:
            self._state = _END
        return head

    def _look(self) -> None:
        """Look at the begin of a head, lest anybody waits for the end of what is no request."""
        if self._looked:
            return
        data, at = self._data, self._at
        end = data.find(b"\n", at)
        if end >= 0:
            _request_line(data[at : end - 1])
            self._looked = True
        elif _REQUEST_BEGINNING.match(data, at) is None:
            raise BadMessage("no request")


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    """Return method, target and minor version (RFC 9112 section 3)."""
    found = _REQUEST_LINE.fullmatch(line)
    if found is None or found[1] not in _METHODS:
        raise BadMessage("no request, or one with an unknown method")
    if found[3] != b"1.1" and found[3] != b"1.0":
        raise BadMessage("a version other than HTTP/1.0 and HTTP/1.1", 505)
    return found[1], found[2], 1 if found[3] == b"1.1" else 0


def _request(lines: list[bytes]) -> RequestHead:
    method, target, version = _request_line(lines[0])
    fields = _fields(lines)
    framing = _Framing(fields, version)
    if framing.upgrade and any(lower == b"upgrade" for lower, _, _ in fields):
        raise BadMessage("no other protocol is spoken here", 501)
    length = None if framing.chunked else max(framing.length, 0)
    return RequestHead(method, parse_target(target), version, fields, length, framing.kept(version))


class ResponseParser(_Parser):
    """The client's side: bytes of one connection become answers, one after the other."""

    __slots__ = ("_to_head",)

    def __init__(self, limit: int = MAX_HEAD) -> None:
        super().__init__(limit)
        self._to_head = False

    def expect(self, method: bytes) -> None:
        """Say which method the next answer is for: one to HEAD has no body, whatever its fields say."""
        self._to_head = method == b"HEAD"

    def next(self) -> ResponseHead | bytes | End | None:
        """Return a head (of a 1xx only 100's, which has no end), bytes of its body, or its end; None until more is fed.

        Raises `BadMessage`.
        """
        if self._state not in (_HEAD, _OVER):
            return self._body()
        while self._data:
            raw = self._block()
            if raw is None:
                line, whole, _ = self._data[self._at :].partition(b"\r\n")
                if whole:
                    _status_line(line)
                return None
            head = self._head(raw.split(b"\r\n"))
            if head.status == 100 or head.status >= 200:
                return head
        return None

    def close(self) -> bool:
        """Take the end of the connection; return whether it properly ended an answer (RFC 9112 section 6.3)."""
        ended = self._state == _TO_CLOSE
        self._state = _HEAD
        return ended

    def _head(self, lines: list[bytes]) -> ResponseHead:
        version, status, phrase = _status_line(lines[0])
        fields = _fields(lines)
        framing = _Framing(fields, version)
        length = None if framing.length < 0 or status == 204 else framing.length
        keep = self._keep and framing.kept(version)  # an interim answer may have said that there will be no other
        if status == 101:
            raise BadMessage("no other protocol is spoken here", 501)
        if status >= 200:
            bodiless = self._to_head or status in _BODILESS
            self._to_head = False
            if bodiless or length == 0:
                self._state = _END
            elif framing.chunked:
                self._state = _SIZE
            elif length is None:
                self._state, keep = _TO_CLOSE, False
            else:
                self._left, self._state = length, _BODY
        self._keep = keep
        return ResponseHead(status, phrase, version, fields, length, framing.chunked, keep)


@lru_cache(256)
def _status_line(line: bytes) -> tuple[int, int, bytes]:
    """Return minor version, status and phrase (RFC 9112 section 4)."""
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise BadMessage("no answer of HTTP/1.1")
    return int(found[1]), int(found[2]), found[3] or b""
