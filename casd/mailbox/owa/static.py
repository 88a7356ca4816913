"""The files of web mail that are the same for everyone.

They are read once. A URL that names their version may be kept for ever; one that does not is asked for anew
each time, and answered by 304 when it has not changed.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from attrs import frozen

from casd.mailbox.owa.answers import PLACE, Headers
from protocols.http1 import RequestHead, Response

_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".webmanifest": b"application/manifest+json",
}
_FOR_EVER = b"private, max-age=31536000, immutable"
_ASK = b"private, no-cache"
_NOTHING = b"default-src 'none'; style-src 'self'; frame-ancestors 'none'"


@frozen
class Encoded:
    """One representation of a file. `etag` is strong: another encoding has another one (RFC 9110 8.8.3.3)."""

    body: bytes
    etag: bytes
    encoding: bytes | None


@frozen
class StaticFile:
    """One file, plain and compressed."""

    content_type: bytes
    plain: Encoded
    compressed: Encoded

    @classmethod
    def of(cls, content_type: bytes, body: bytes) -> StaticFile:
        """Make both representations."""
        packed = gzip.compress(body, 9, mtime=0)
        return cls(content_type, Encoded(body, _etag(body), None), Encoded(packed, _etag(packed), b"gzip"))

    def answer(self, head: RequestHead, *, for_ever: bool = False, extra: Headers = ()) -> Response:
        """Answer a GET or HEAD."""
        chosen = self.compressed if b"gzip" in (head.get(b"accept-encoding") or b"") else self.plain
        headers: Headers = (
            (b"ETag", chosen.etag),
            (b"Cache-Control", _FOR_EVER if for_ever else _ASK),
            (b"Vary", b"Accept-Encoding"),
            *(extra or ((b"Content-Security-Policy", _NOTHING),)),
            *PLACE,
        )
        if chosen.etag in (head.get(b"if-none-match") or b""):
            return Response(304, headers)
        if chosen.encoding:
            headers = ((b"Content-Encoding", chosen.encoding), *headers)
        return Response(200, ((b"Content-Type", self.content_type), *headers), chosen.body)


@frozen
class StaticFiles:
    """All of them by name. `$version` in the page stands for `version`, which differs when any file differs."""

    version: str
    files: Mapping[str, StaticFile]

    @classmethod
    def read(cls, folder: Path) -> StaticFiles:
        """Read a folder."""
        contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
        version = hashlib.sha256(repr(sorted(contents.items())).encode()).hexdigest()[:12]
        page = Template(contents["index.html"].decode()).substitute(version=version)
        contents["index.html"] = page.encode()
        files = {name: StaticFile.of(_TYPES[Path(name).suffix], body) for name, body in contents.items()}
        return cls(version, files)


def _etag(body: bytes) -> bytes:
    return b'"' + hashlib.sha256(body).hexdigest()[:24].encode() + b'"'


STATIC = StaticFiles.read(Path(__file__).parent / "static")
