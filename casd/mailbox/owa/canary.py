"""The proof that a request was made by our own page.

A page gets a random cookie, which only pages of this origin can read, and repeats it in a header. The prefix
`__Host-` keeps a neighbour under the same domain from setting one (draft-ietf-httpbis-rfc6265bis 4.1.3.2).
"""

from __future__ import annotations

import re
import secrets
from hmac import compare_digest

from protocols.http1 import RequestHead

HEADER = b"x-owa-canary"
COOKIE = b"__Host-X-OWA-Canary"
_VALUE = re.compile(rb"(?:^|;\s*)" + COOKIE + rb"=([\w-]{32})(?:;|$)")


def proved(head: RequestHead) -> bool:
    """Say whether a request comes from our own page."""
    value, cookie = head.get(HEADER), held(head)
    from_here = head.get(b"sec-fetch-site") in {None, b"same-origin"}
    return from_here and value is not None and cookie is not None and compare_digest(value, cookie)


def held(head: RequestHead) -> bytes | None:
    """Return the canary in the request's cookies."""
    match = _VALUE.search(head.get(b"cookie") or b"")
    return match[1] if match else None


def new() -> tuple[bytes, bytes]:
    """Return the header that gives a browser a new one."""
    value = secrets.token_urlsafe(24).encode()
    return b"Set-Cookie", COOKIE + b"=" + value + b"; Path=/; Secure; SameSite=Strict"
