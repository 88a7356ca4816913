"""Answers of web mail: JSON, documents and downloads, each with the headers that keep it in its place."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from protocols.http1 import Response

Headers = tuple[tuple[bytes, bytes], ...]

PLACE: Headers = (
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
)
PRIVATE: Headers = ((b"Cache-Control", b"no-store"), *PLACE)

_NOTHING = b"default-src 'none'; frame-ancestors 'none'"


def answer(value: Any, status: int = 200) -> Response:
    """Answer a script in JSON."""
    headers = ((b"Content-Type", b"application/json"), (b"Content-Security-Policy", _NOTHING), *PRIVATE)
    return Response(
        status, headers, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )


def refusal(status: int, word: str, text: str, **more: str) -> Response:
    """Answer that something was not done: `word` is for scripts (an EWS ResponseCode), `text` for people."""
    return answer({"error": word, "message": text, **more}, status)


def document(html: str, policy: str) -> Response:
    """Answer with a document that lives under its own Content-Security-Policy."""
    kind = (b"Content-Type", b"text/html; charset=utf-8")
    headers = (kind, (b"Content-Security-Policy", policy.encode()), *PRIVATE)
    return Response(200, headers, html.encode("utf-8", "replace"))


def download(name: str, content_type: str, content: bytes) -> Response:
    """Answer with a file to be saved, never shown: no document of a stranger opens in our origin."""
    safe = content_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", content_type) else "application/octet-stream"
    headers = (
        (b"Content-Type", safe.encode("ascii", "ignore")),
        (b"Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}".encode()),
        (b"Content-Security-Policy", b"sandbox; " + _NOTHING),
        *PRIVATE,
    )
    return Response(200, headers, content)


def image(content_type: str, content: bytes) -> Response:
    """Answer with a picture that we have made."""
    kind = (b"Content-Type", content_type.encode("ascii"))
    return Response(200, (kind, (b"Content-Security-Policy", b"sandbox; " + _NOTHING), *PRIVATE), content)


def see(location: bytes) -> Response:
    """Send the browser to another place."""
    return Response(302, ((b"Location", location), *PRIVATE))
