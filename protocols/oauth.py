"""A token of OAuth by client credentials: how it is asked for, what is granted (RFC 6749 section 4.4)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from urllib.parse import quote_plus, urlencode

from attrs import field, frozen

CONTENT_TYPE = b"application/x-www-form-urlencoded"

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,16000}=*")
"""What a line of Authorization can hold (RFC 6750 section 2.1), not longer than a server reads."""

_USUAL = 300
"""Seconds that a token is good for where nobody says so."""


class NoToken(ValueError):
    """No token is granted; the text is for the log, and holds none."""


@frozen
class Token:
    """What is granted, and for how many seconds."""

    value: str = field(repr=False)
    seconds: float


def write(scope: str) -> bytes:
    """Return the request's body (section 4.4.2)."""
    return urlencode({"grant_type": "client_credentials", **({"scope": scope} if scope else {})}).encode("ascii")


def signed_in(client: str, secret: str) -> bytes:
    """Return the Authorization of a client (section 2.3.1: both are encoded as in a form)."""
    return b"Basic " + b64encode(f"{quote_plus(client)}:{quote_plus(secret)}".encode("ascii"))


def read(body: bytes) -> Token:
    """Return what is granted (section 5.1). Raises `NoToken`."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise NoToken("the answer is not JSON") from None
    if not isinstance(told, dict):
        raise NoToken("the answer is no object")
    value, kind, seconds = (told.get(name) for name in ("access_token", "token_type", "expires_in"))
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise NoToken("there is no access_token that a line can hold")
    if str(kind).lower() != "bearer":
        raise NoToken("the token is none of a bearer")
    try:
        return Token(value, max(0.0, float(seconds if seconds is not None else _USUAL)))
    except (TypeError, ValueError, OverflowError):
        raise NoToken("expires_in is no number") from None
