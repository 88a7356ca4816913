"""The signed assertion by which a front end hands a user to a mailbox server, with its sealed answer.

Format (ours; reference 1.5): `v1.<key id>.<base64 of the fields>.<base64 of HMAC-SHA-256>`. The
fields stand in a fixed order, separated by 0x1F, so that signing costs one join and one digest. The
server answers `v1.<key id>.<mailbox GUID>.<base64 of HMAC-SHA-256>`, made over the request-id and the
mailbox it served, so that a connection that has slipped by one answer cannot go unnoticed.
"""

from __future__ import annotations

import hmac
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping
from typing import NamedTuple

REQUEST_HEADER = b"X-CASD-Identity"
ANSWER_HEADER = b"X-CASD-Served"
ACTIVE_SERVER_HEADER = b"X-CASD-Active-Server"

LIFETIME = 60
"""Seconds from `issued` during which an assertion is good."""

SKEW = 5
"""Seconds by which the two clocks may differ."""

_SEPARATOR = "\x1f"


class BadAssertion(Exception):
    """This token proves nothing; the text says why, for the log and never for the client."""


class Assertion(NamedTuple):
    """Who asks, for which mailbox of which database, on which server, in which request.

    `issued` is in whole seconds since 1970, UTC. `user` is the primary address of the authenticated
    user; `mailbox` and `address` name the mailbox that the request was routed by.
    """

    issued: str
    server: str
    method: str
    target: str
    request_id: str
    user: str
    mailbox: str
    address: str
    display_name: str
    database: str
    client: str
    mechanism: str


def sign(assertion: Assertion, key_id: str, key: bytes) -> bytes:
    """Return the value of `X-CASD-Identity`."""
    signed = b"v1.%b.%b" % (key_id.encode(), b2a_base64(_SEPARATOR.join(assertion).encode(), newline=False))
    return b"%b.%b" % (signed, _mac(key, signed))


def verify(token: bytes, keys: Mapping[str, bytes], *, server: str, method: str, target: str, now: float) -> Assertion:
    """Return what a token asserts for exactly this request, or raise `BadAssertion`."""
    try:
        version, key_id, fields, signature = token.split(b".")
        key = keys[key_id.decode("ascii")]
    except (ValueError, KeyError) as error:
        raise BadAssertion("not a token of a key that we hold") from error
    if version != b"v1":
        raise BadAssertion("unknown version")
    signed = token[: -len(signature) - 1]
    if not hmac.compare_digest(_mac(key, signed), signature):
        raise BadAssertion("wrong signature")
    try:
        assertion = Assertion(*a2b_base64(fields).decode().split(_SEPARATOR))
        age = now - int(assertion.issued)
    except (ValueError, TypeError) as error:
        raise BadAssertion("malformed fields") from error
    if not -SKEW <= age <= LIFETIME + SKEW:
        raise BadAssertion(f"issued {age:.0f} s ago")
    if (assertion.server, assertion.method, assertion.target) != (server, method, target):
        raise BadAssertion("meant for another server, method or target")
    return assertion


def seal(request_id: str, mailbox: str, key_id: str, key: bytes) -> bytes:
    """Return the value of `X-CASD-Served`: this request was served, and in this mailbox."""
    signed = f"v1.{key_id}.{mailbox}"
    return f"{signed}.".encode() + _mac(key, f"{signed}.{request_id}".encode())


def sealed(value: bytes, keys: Mapping[str, bytes], *, request_id: str, mailbox: str) -> bool:
    """Say whether `X-CASD-Served` proves that this request was served in this mailbox."""
    try:
        _, key_id, _, _ = value.decode("ascii").split(".")
        return hmac.compare_digest(value, seal(request_id, mailbox, key_id, keys[key_id]))
    except (ValueError, KeyError):
        return False


def _mac(key: bytes, signed: bytes) -> bytes:
    return b2a_base64(hmac.digest(key, signed, "sha256"), newline=False)
