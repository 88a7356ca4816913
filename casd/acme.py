"""When a certificate is to be had from an authority that speaks ACME, and by whom of an array."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.certificates import BadCertificate, Pair, read_certificate
from casd.config import boolean, file, key, optional, path, secret, text, words

INTERVAL = 600.0
"""Seconds between two looks whether it is time."""

PATIENCE = 3600.0
"""Seconds after an attempt in which no front end of an array makes another: authorities count failures by the hour."""


_EXAMPLE = "https://acme-v02.api.letsencrypt.org/directory"


class NotIssued(Exception):
    """The authority issued nothing; the text says why."""


HTTP_01 = "http-01"
TLS_ALPN_01 = "tls-alpn-01"


def _challenge(value: str, _folder: Path) -> str:
    if value not in {HTTP_01, TLS_ALPN_01}:
        raise ValueError(f"{value!r} is neither {HTTP_01} nor {TLS_ALPN_01}")
    return value


def _url(value: str, _folder: Path) -> str:
    if value and not value.startswith("https://"):
        raise ValueError(f"{value!r} is not the URL of a directory, for example {_EXAMPLE}")
    return value


@frozen
class Settings:
    """Section `[acme]`."""

    directory: str = key(_url, "", "URL of the authority's directory; empty: nothing is asked of any")
    agree: bool = key(boolean, "no", "yes: you agree to the authority's terms of service")
    challenge: str = key(_challenge, HTTP_01, "how it proves the names: http-01 at port 80, tls-alpn-01 at port 443")
    folder: Path = key(path, "acme", "where certificate.pem (with its key) and what is needed to get it stand")
    account_key: Path | None = key(optional(path), "", "the key of the account (PEM); empty: account.key in the folder")
    eab_key_id: str = key(text, "", "the number or name by which the authority knows you already, if it asks for one")
    eab_hmac: Path | None = key(optional(secret), "", "file with the key (base64url) that the authority gave with it")
    contact: tuple[str, ...] = key(words, "", "mail addresses that the authority may write to")
    names: tuple[str, ...] = key(words, "", "names in the certificate; empty: those of [http] namespaces")
    authority: Path | None = key(
        optional(file), "", "the authority (PEM) of the directory's own certificate; empty: the public ones"
    )

    @property
    def certificate(self) -> Path:
        """The file with the certificate and its key: one file, so that it is whole or not there."""
        return self.folder / "certificate.pem"

    @property
    def account(self) -> Path:
        """The file with the account's key."""
        return self.account_key or self.folder / "account.key"

    @property
    def challenges(self) -> Path:
        """The folder of what doors answer when the authority asks: by token (http-01) or by name (tls-alpn-01)."""
        return self.folder / "challenges"


def read_hmac(name: Path) -> str:
    """Return the key that an authority gave for a new account (RFC 8555 section 7.3.4); ValueError if there is none."""
    found = name.read_text(encoding="ascii").strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,}=*", found):
        raise ValueError(f"{name} holds no key in base64url: put there what the authority gave with the key id")
    return found


def due(settings: Settings, names: Sequence[str], now: datetime) -> bool:
    """Say whether it is time: two thirds of its life are over, or it is not what it should be."""
    try:
        held = read_certificate(Pair(settings.certificate, settings.certificate))
    except BadCertificate:
        return True
    if held.self_signed or not all(map(held.answers, names)):
        return True
    return now >= held.begins + (held.expires - held.begins) * 2 / 3


def renew(settings: Settings, names: Sequence[str], *, force: bool = False) -> bool:
    """Have the certificate renewed if it is time and nobody else is at it; say whether that was done.

    Raises `NotIssued`, or OSError when the folder cannot be written.
    """
    settings.challenges.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.folder / "lock").open("a") as lock:  # it tells as well when there was an attempt
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        last = os.fstat(lock.fileno())
        tried = last.st_size and time.time() - last.st_mtime < PATIENCE
        if not force and (tried or not due(settings, names, datetime.now(UTC))):
            return False
        lock.truncate(0)
        lock.write("tried\n")
        lock.flush()
        # Loaded when a certificate is due: what speaks ACME would cost every front end 6 MiB.
        import_module("casd.acme_order").order(settings, names)
        return True


class Renewal:
    """Looks again and again whether it is time; any front end of an array may be the one that does it."""

    _log = Logger()

    def __init__(self, settings: Settings, names: Sequence[str], run: Callable[..., Deferred[Any]], clock: Any) -> None:
        """`run` calls a function in a thread."""
        self._settings = settings
        self._names = names
        self._run = run
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """Begin."""
        self._looking.start(INTERVAL)

    def stop(self) -> None:
        """End; what is under way in the thread goes on until the process ends."""
        self._looking.stop()

    def _look(self) -> Deferred[Any]:
        return self._run(renew, self._settings, self._names).addCallbacks(self._renewed, self._failed)

    def _renewed(self, done: bool) -> None:
        if done:
            self._log.info("a new certificate has come: {file}", file=str(self._settings.certificate))

    def _failed(self, failure: Failure) -> None:
        said = failure.getErrorMessage() if failure.check(NotIssued, OSError) else failure.getTraceback()
        self._log.error("no new certificate has come, the next attempt is in an hour: {why}", why=said)
