"""Basic over TLS (RFC 7617): the Authorization field, read and asked for."""

from __future__ import annotations

import binascii
from base64 import b64decode

from attrs import frozen

from casd.auth.credentials import Denied, LoginPassword
from casd.config import key, text

name = "basic"
binds = False


@frozen
class Settings:
    """Section `[basic]`."""

    realm: str = key(text, "", "what clients are shown; empty: the name they asked for")


def read(value: bytes, realm: str) -> LoginPassword | None:
    """Read an Authorization field; None when it is of another scheme, `Denied` when it is malformed.

    `DOMAIN\\user` loses its domain: a directory is asked by login name.
    """
    scheme, _, token = value.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        pair = b64decode(token.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied from None
    login, colon, password = pair.partition(":")
    if not colon or "\0" in pair:
        raise Denied
    return LoginPassword(login.rpartition("\\")[2], password, name, realm)


def challenge(realm: str) -> bytes:
    """Return the WWW-Authenticate value."""
    safe = realm.replace("\\", "").replace('"', "")
    return b'Basic realm="%b", charset="UTF-8"' % safe.encode("ascii", "replace")
