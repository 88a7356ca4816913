"""The signed assertion by which a front end hands a user to a mailbox server, with its sealed answer.

Format (ours): `v1.<key id>.<issued>.<request-id>.<base64 of who>.<base64 of HMAC-SHA-256>`. The
signature also covers the server's name, the method and the target, which both sides know from the request itself. Who
asks is the same from request to request, so that its part can be kept: signing then costs little more than the digest.
The server answers `v1.<key id>.<mailbox GUID>.<base64 of HMAC-SHA-256>`, made over the request-id and the mailbox it
served, so that a connection that has slipped by one answer cannot go unnoticed.
"""

from __future__ import annotations

import hmac
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

REQUEST_HEADER = b"X-CASD-Identity"
ANSWER_HEADER = b"X-CASD-Served"
ACTIVE_SERVER_HEADER = b"X-CASD-Active-Server"
FORWARDED_BY = b"X-CASD-Forwarded-By"
"""Stands on a delivery for each mailbox whose owner has had the message sent on; not within it: anybody writes that."""

LIFETIME = 60
"""Seconds from `issued` during which an assertion is good."""

SKEW = 5
"""Seconds by which the two clocks may differ."""

TIMES = "availability"
"""The mechanism of a front end that asks for free and busy times, of several mailboxes of one database at once."""

MOST = 20
"""Mailboxes of one such request: a token each, all in one head."""

_SEPARATOR = "\x1f"


class BadAssertion(Exception):
    """This token proves nothing; the text says why, for the log and never for the client."""


class Who(NamedTuple):
    """Who asks, and the mailbox that the request was routed by.

    `user` is the primary address of the authenticated user; `mailbox` (a GUID), `address` and `display_name` are those
    of the mailbox, `database` the name of its database; `client` is an IP address, `mechanism` how the user signed in.
    """

    user: str
    mailbox: str
    address: str
    display_name: str
    database: str
    client: str
    mechanism: str


class Assertion(NamedTuple):
    """Who asks in which request of which server; `issued` is in whole seconds since 1970, UTC."""

    issued: int
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

    @property
    def who(self) -> Who:
        """The part that stays the same from request to request."""
        return Who(*self[5:])


def sign(assertion: Assertion, key_id: str, key: bytes) -> bytes:
    """Return the value of `X-CASD-Identity`."""
    issued, server, method, target, request_id = assertion[:5]
    asked = f" {server} {method} {target}".encode()
    return sign_for(encode_who(assertion.who), issued, request_id.encode(), asked, key_id.encode(), key)


def encode_who(who: Who) -> bytes:
    """Return the part of a token that tells who asks."""
    return b2a_base64(_SEPARATOR.join(who).encode(), newline=False)


def sign_for(who: bytes, issued: int, request_id: bytes, asked: bytes, key_id: bytes, key: bytes) -> bytes:
    """Return a token for an encoded who in one request; `asked` is ` SERVER METHOD TARGET`."""
    token = b"v1.%b.%d.%b.%b" % (key_id, issued, request_id, who)
    return b"%b.%b" % (token, _mac(key, token + asked))


def verify(token: bytes, keys: Mapping[str, bytes], *, server: str, method: str, target: str, now: float) -> Assertion:
    """Return what a token asserts for exactly this request, or raise `BadAssertion`."""
    try:
        version, key_id, issued, request_id, who, signature = token.decode("ascii").split(".")
        key = keys[key_id]
    except (ValueError, KeyError) as error:
        raise BadAssertion("not a token of a key that we hold") from error
    if version != "v1":
        raise BadAssertion("unknown version")
    signed = f"{token[: -len(signature) - 1].decode()} {server} {method} {target}".encode()
    if not hmac.compare_digest(_mac(key, signed), signature.encode()):
        raise BadAssertion("wrong signature: another key, server, method or target")
    try:
        asserted = Assertion(
            int(issued), server, method, target, request_id, *Who(*a2b_base64(who).decode().split(_SEPARATOR))
        )
    except (ValueError, TypeError) as error:
        raise BadAssertion("malformed fields") from error
    age = now - asserted.issued
    if not -SKEW <= age <= LIFETIME + SKEW:
        raise BadAssertion(f"issued {age:.0f} s ago")
    return asserted


def verify_all(
    tokens: Sequence[bytes], keys: Mapping[str, bytes], *, server: str, method: str, target: str, now: float
) -> list[Assertion]:
    """Return what the tokens of exactly this request assert, or raise `BadAssertion`.

    It is one, or as many as there are mailboxes that a front end asks for times: then all say the same but for those.
    """
    if not 1 <= len(tokens) <= MOST:
        raise BadAssertion(f"{len(tokens)} assertions in one request")
    asserted = [verify(token, keys, server=server, method=method, target=target, now=now) for token in tokens]
    if len(asserted) > 1 and {one.mechanism for one in asserted} != {TIMES}:
        raise BadAssertion(f"{len(tokens)} assertions in a request for one mailbox")
    if len({(one.request_id, one.user, one.database) for one in asserted}) > 1:
        raise BadAssertion("assertions for different requests, users or databases in one request")
    return asserted


def seal(request_id: str, mailbox: str, key_id: str, key: bytes) -> bytes:
    """Return the value of `X-CASD-Served`: this request was served, and in this mailbox."""
    signed = f"v1.{key_id}.{mailbox}"
    return f"{signed}.".encode() + _mac(key, f"{signed}.{request_id}".encode())


def sealed(value: bytes, keys: Mapping[str, bytes], *, request_id: str, mailbox: str) -> bool:
    """Say whether `X-CASD-Served` proves that this request was served in this mailbox."""
    signed, _, mac = value.rpartition(b".")
    for key_id, key in keys.items():
        if signed == f"v1.{key_id}.{mailbox}".encode():
            return hmac.compare_digest(mac, _mac(key, signed + b"." + request_id.encode()))
    return False


@lru_cache(1024)
def _state(key: bytes) -> HMAC:
    """Return the state of a key before anything is signed: to copy it costs a third of making it."""
    return HMAC(key, SHA256())


def _mac(key: bytes, signed: bytes) -> bytes:
    mac = _state(key).copy()
    mac.update(signed)
    return b2a_base64(mac.finalize(), newline=False)
