"""Passwords against the directory: one argon2id check, remembered for a short time."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from attrs import define, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from casd.auth.credentials import Denied, LoginPassword
from casd.config import integer, key, seconds
from casd.directory.cache import CachedDirectory
from casd.model import Identity, Mailbox

Run = Callable[..., Deferred[Any]]
"""Runs a blocking function in a thread: `run(function, *arguments)`."""


@frozen
class Settings:
    """Section `[password]`."""

    remember: float = key(seconds, "5 min", "a password that was right is not hashed again for this long")
    refuse: float = key(seconds, "10 s", "a password that was wrong is refused unasked for this long")
    entries: int = key(integer(1, 10_000_000), "20000", "most passwords remembered (as keyed digests only)")


@define
class _Known:
    identity: Identity | None
    hash: str
    generation: int
    until: float


class Passwords:
    """Checks passwords; `recall` answers without a hash what was answered a moment ago.

    Entries are keyed by mechanism, realm and what the client sent, under a key of this process: no password can be read
    from them.
    """

    def __init__(self, settings: Settings, directory: CachedDirectory, run: Run, clock: IReactorTime) -> None:
        self._settings = settings
        self._directory = directory
        self._run = run
        self._clock = clock
        self._secret = os.urandom(32)
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._checks: dict[bytes, list[Deferred[None]]] = {}
        # An unknown user costs what a known one does: the same hash, never matching.
        self._nobody = _unmatched()

    def digest(self, mechanism: str, realm: str, sent: bytes) -> bytes:
        """Return the key under which an answer is remembered."""
        return hashlib.blake2b(
            b"%b\0%b\0%b" % (mechanism.encode(), realm.encode(), sent), key=self._secret, digest_size=16
        ).digest()

    def recall(self, digest: bytes) -> Identity | None:
        """Return who this was a moment ago; None when it must be checked; `Denied` when it was wrong a moment ago."""
        known = self._known.get(digest)
        if known is None or known.generation != self._directory.generation or self._clock.seconds() >= known.until:
            return None
        if known.identity is None:
            raise Denied
        return known.identity

    async def check(self, offered: LoginPassword, digest: bytes) -> Identity:
        """Return who this is, or raise `Denied`; the same question is hashed once however many ask it at a time."""
        while digest in self._checks:
            waiting: Deferred[None] = Deferred()
            self._checks[digest].append(waiting)
            await waiting
            if (identity := self.recall(digest)) is not None:
                return identity
        self._checks[digest] = []
        try:
            return await self._check(offered, digest)
        finally:
            for waiting in self._checks.pop(digest):
                waiting.callback(None)

    async def fingerprint(self, mailbox: Mailbox) -> str:
        """Return what changes when the password does, and tells nothing about it."""
        stored = await self._directory.password(mailbox)
        return hashlib.sha256(stored.hash.encode()).hexdigest()[:16] if stored else ""

    async def _check(self, offered: LoginPassword, digest: bytes) -> Identity:
        generation = self._directory.generation
        mailbox = await self._directory.by_login(offered.login)
        stored = await self._directory.password(mailbox) if mailbox else None
        hashed = stored.hash if stored else self._nobody
        identity = Identity(mailbox.address, offered.mechanism, mailbox) if mailbox and stored else None
        known = self._known.get(digest)
        if identity and known and known.identity and known.hash == hashed and self._clock.seconds() < known.until:
            # The directory changed somewhere else: the same password still has the same hash.
            until = known.until
        elif await self._run(_matches, hashed, offered.password) and identity:
            until = self._clock.seconds() + self._settings.remember
        else:
            identity, until = None, self._clock.seconds() + self._settings.refuse
        self._keep(digest, _Known(identity, hashed, generation, until))
        if identity is None:
            raise Denied
        return identity

    def _keep(self, digest: bytes, known: _Known) -> None:
        self._known[digest] = known
        self._known.move_to_end(digest)
        if len(self._known) > self._settings.entries:
            self._known.popitem(last=False)


def _unmatched() -> str:
    """Return a hash that costs what others do and that no password has: made up, where to compute one takes a while."""
    hasher = PasswordHasher()
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, value = (b64encode(os.urandom(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${value}"


def _matches(hashed: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
