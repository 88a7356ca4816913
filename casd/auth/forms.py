"""Forms sign-in: the session as one sealed cookie that any instance of the array can open.

`cadata` holds `1.<key id>.<base64url of nonce and AES-256-GCM text>`; the other four names are kept because
clients look for them. Nothing about a session is stored anywhere.
"""

from __future__ import annotations

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, frozen
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from casd.auth.credentials import Denied
from casd.config import key, seconds, secret

name = "forms"

COOKIES = ("cadata", "cadataTTL", "cadataKey", "cadataIV", "cadataSig")

_SEPARATOR = "\x1f"


@frozen
class Settings:
    """Section `[forms]`."""

    secret: Path = key(
        secret,
        doc="array secret, the same file on every instance: lines `ID HEX` (32 bytes); the first seals, all open",
    )
    public_idle: float = key(seconds, "15 min", "a session on a public computer ends after this long without activity")
    private_idle: float = key(seconds, "8 h", "the same on a private computer")
    absolute: float = key(seconds, "24 h", "no session lasts longer")


@frozen
class Session:
    """Who signed in, when, last active when (seconds since 1970), where; `fingerprint` changes with the password."""

    user: str
    begun: int
    active: int
    private: bool
    fingerprint: str


class Sessions:
    """Seals sessions into cookies and opens them again; any reason to refuse one is the same `Denied`."""

    def __init__(self, settings: Settings, keys: Mapping[str, bytes], wall_clock: Callable[[], float]) -> None:
        self._settings = settings
        self._now = wall_clock
        self._ciphers = {key_id: AESGCM(_derive(value)) for key_id, value in keys.items()}
        self._first = next(iter(keys))

    def begin(self, user: str, fingerprint: str, *, private: bool) -> Session:
        """Return a new session."""
        now = int(self._now())
        return Session(user, now, now, private, fingerprint)

    def seal(self, session: Session) -> str:
        """Return the value of `cadata`."""
        fields = (session.user, str(session.begun), str(session.active), str(int(session.private)), session.fingerprint)
        nonce = os.urandom(12)
        sealed = self._ciphers[self._first].encrypt(nonce, _SEPARATOR.join(fields).encode(), self._first.encode())
        return f"1.{self._first}.{urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, token: str) -> Session:
        """Return the session of a cookie that is genuine and not too old, or raise `Denied`."""
        try:
            version, key_id, text = token.split(".")
            sealed = urlsafe_b64decode(text)
            opened = self._ciphers[key_id].decrypt(sealed[:12], sealed[12:], key_id.encode()).decode()
            user, begun, active, private, fingerprint = opened.split(_SEPARATOR)
        except (ValueError, KeyError, InvalidTag, binascii.Error):
            raise Denied from None
        if version != "1":
            raise Denied
        session = Session(user, int(begun), int(active), private == "1", fingerprint)
        if self._now() >= min(session.active + self.idle(session), session.begun + self._settings.absolute):
            raise Denied
        return session

    def idle(self, session: Session) -> float:
        """Return how long this session may be idle, in seconds."""
        return self._settings.private_idle if session.private else self._settings.public_idle

    def refreshed(self, session: Session) -> Session | None:
        """Return the session with its activity noted, or None when that can wait: a tenth of the idle limit."""
        now = int(self._now())
        if now - session.active < self.idle(session) / 10:
            return None
        return evolve(session, active=now)

    def cookies(self, session: Session) -> list[bytes]:
        """Return the Set-Cookie values of a session."""
        values = (self.seal(session), str(int(session.active + self.idle(session))), "1", "1", "1")
        return [_cookie(cookie, value) for cookie, value in zip(COOKIES, values, strict=True)]

    @staticmethod
    def farewell() -> list[bytes]:
        """Return the Set-Cookie values that end a session in the browser."""
        return [_cookie(cookie, "") + b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT" for cookie in COOKIES]


def _cookie(cookie: str, value: str) -> bytes:
    return f"{cookie}={value}; Path=/; Secure; HttpOnly; SameSite=Lax".encode("ascii")


def _derive(secret_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"casd forms session v1").derive(secret_key)
