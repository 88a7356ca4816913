"""What of a file a request asks for: conditions and ranges (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime

from attrs import frozen

_RANGE = re.compile(rb"bytes[ \t]*=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.IGNORECASE)

Get = Callable[[bytes], bytes | None]
"""How a field is found by its name in lower case."""


@frozen
class Version:
    """What a file is at present: its strong entity tag, in quotes, and the Unix second it is of."""

    etag: bytes
    modified: int

    @property
    def date(self) -> bytes:
        """The value of Last-Modified."""
        return formatdate(self.modified, usegmt=True).encode("ascii")


@frozen
class Part:
    """Some bytes of a file of `size`: all of them (200), or a range (206)."""

    first: int
    length: int
    size: int
    status: int = 200

    @property
    def content_range(self) -> bytes:
        """The value of Content-Range."""
        return b"bytes %d-%d/%d" % (self.first, self.first + self.length - 1, self.size)


@frozen
class Unchanged:
    """The client has it already: 304."""


@frozen
class Failed:
    """A condition does not hold: 412."""


@frozen
class Unsatisfiable:
    """The range lies beyond a file of `size`: 416."""

    size: int


Asked = Part | Unchanged | Failed | Unsatisfiable


def asked(method: bytes, get: Get, version: Version, size: int) -> Asked:
    """Return what is asked for, by the order of section 13.2.2.

    Several ranges at once are answered by the whole file, as section 14.2 allows: nobody who fetches these asks so, and
    many small ones would cost much.
    """
    if not _may(get, version):
        return Failed()
    if _known(get, version):
        return Unchanged()
    whole = Part(0, size, size)
    wanted = get(b"range")
    if method != b"GET" or wanted is None or not _same(get(b"if-range"), version):
        return whole
    return _part(wanted, size) or whole


def _may(get: Get, version: Version) -> bool:
    """Say whether the file is the one that the client goes on with (If-Match, If-Unmodified-Since)."""
    if (tags := get(b"if-match")) is not None:
        return tags.strip() == b"*" or version.etag in _tags(tags)
    since = _seconds(get(b"if-unmodified-since"))
    return since is None or version.modified <= since


def _known(get: Get, version: Version) -> bool:
    """Say whether the client has this version (If-None-Match, If-Modified-Since)."""
    if (tags := get(b"if-none-match")) is not None:
        return tags.strip() == b"*" or version.etag in _tags(tags.replace(b"W/", b""))
    since = _seconds(get(b"if-modified-since"))
    return since is not None and version.modified <= since


def _same(condition: bytes | None, version: Version) -> bool:
    """Say whether a range is wanted of this version (If-Range, section 13.1.5)."""
    return condition is None or condition.strip() in {version.etag, version.date}


def _part(wanted: bytes, size: int) -> Asked | None:
    """Return the one range that is wanted, or None if that is none, or several."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size)
        return Part(size - length, length, size, 206) if length else Unsatisfiable(size)
    first, last = int(found[1]), int(found[2] or size)
    if last < first:
        return None
    if first >= size:
        return Unsatisfiable(size)
    return Part(first, min(last, size - 1) - first + 1, size, 206)


def _tags(value: bytes) -> list[bytes]:
    return [tag.strip() for tag in value.split(b",")]


def _seconds(value: bytes | None) -> float | None:
    """Return a date as Unix seconds; what is none is no condition (section 13.1.3)."""
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value.decode("ascii")).replace(tzinfo=UTC).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
