"""What a WOPI host must be able to prove: that an access token is its own, that a request comes from the office server.

Access tokens (format ours) are `<base64url of JSON>.<base64url of HMAC-SHA-256>`: whoever holds one may read one
attachment as one user for a while. Proof keys are those of the office server's discovery document (MS-WOPI 2.2.4 and
"Verify that requests originate from Office" in Microsoft's documentation of WOPI).
"""

from __future__ import annotations

import hmac
import json
import struct
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

_PURPOSE = b"wopi\0"
"""What else is signed under a hand-over key begins with `v1`, so that neither passes for the other."""

_EPOCH = 621_355_968_000_000_000
"""1970 in ticks of 100 ns since the year 1, in which time stamps of proofs count."""

_OLDEST = 20 * 60
"""Seconds: older proofs are to be refused."""


class BadToken(Exception):
    """This token opens nothing; the text says why, for the log and never for the client."""


class Access(NamedTuple):
    """What a token opens: `attachment` of `mailbox` (a GUID) on `server`, for `user` (an address), until `expires`.

    `key_id` names the hand-over key of the server, `origin` is how the browser calls the front door, for example
    `https://mail.example.org`.
    """

    server: str
    key_id: str
    expires: int
    user: str
    mailbox: str
    attachment: str
    origin: str


def issue(access: Access, key: bytes) -> str:
    """Return a token."""
    said = urlsafe_b64encode(json.dumps(access).encode())
    return (said + b"." + _mac(key, said)).decode("ascii")


def read(token: str) -> Access:
    """Return what a token says, which proves nothing yet; or raise `BadToken`."""
    try:
        access = Access(*json.loads(urlsafe_b64decode(token.partition(".")[0].encode("ascii"))))
    except (ValueError, TypeError, RecursionError, BadBase64) as error:
        raise BadToken("not a token") from error
    if not all(isinstance(value, int if name == "expires" else str) for name, value in access._asdict().items()):
        raise BadToken("not a token")
    return access


def verify(token: str, keys: Mapping[str, bytes], now: float) -> Access:
    """Return what a token opens, or raise `BadToken`."""
    access = read(token)
    said, _, signature = token.encode("ascii").partition(b".")
    key = keys.get(access.key_id)
    if key is None or not hmac.compare_digest(_mac(key, said), signature):
        raise BadToken("not signed by a key that we hold")
    if now >= access.expires:
        raise BadToken(f"expired {now - access.expires:.0f} s ago")
    return access


def _mac(key: bytes, said: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(key, _PURPOSE + said, "sha256"))


class Proof(NamedTuple):
    """How an office server proves a request: by its present key and by the one before, at a time in ticks."""

    present: bytes
    before: bytes
    timestamp: int

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> Proof | None:
        """Return the proof in a request's fields (names in lower case), or None if there is none."""
        try:
            present, before = (b64decode(fields[name], validate=True) for name in ("x-wopi-proof", "x-wopi-proofold"))
            return cls(present, before, int(fields["x-wopi-timestamp"]))
        except (KeyError, ValueError):
            return None


class ProofKeys(NamedTuple):
    """The keys of an office server: the present one, and the one before it."""

    present: RSAPublicKey
    before: RSAPublicKey


def public_key(modulus: str, exponent: str) -> RSAPublicKey:
    """Return the key that a discovery document names by base64; ValueError if it is none."""
    e, n = (int.from_bytes(b64decode(text, validate=True), "big") for text in (exponent, modulus))
    return RSAPublicNumbers(e, n).public_key()


def proved(proof: Proof, keys: ProofKeys, token: str, url: str, now: float) -> bool:
    """Say whether a request for a URL with a token comes from the holder of the keys, not long ago.

    One of the two may have changed its keys a moment ago, so that the old proof counts under the new key, and the new
    proof under the old key.
    """
    if now - (proof.timestamp - _EPOCH) / 10_000_000 > _OLDEST:
        return False
    parts = (token.encode(), url.upper().encode(), struct.pack(">q", proof.timestamp))
    signed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    tried = ((proof.present, keys.present), (proof.before, keys.present), (proof.present, keys.before))
    return _any_verifies(tried, signed)


def _any_verifies(tried: Iterable[tuple[bytes, RSAPublicKey]], signed: bytes) -> bool:
    for signature, key in tried:
        try:
            key.verify(signature, signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return True
    return False
