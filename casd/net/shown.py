"""The certificates that are in use: looked at again and again, and shown by name to whoever connects."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

from attrs import frozen
from OpenSSL import SSL
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from casd.certificates import BadCertificate, Certificate, Pair, by_name, chosen, read_certificate
from casd.net.alpn_challenge import PROTOCOL, challenge
from casd.net.aside import aside
from casd.net.encryption import NO_APPLICATION_PROTOCOL, Accepted
from casd.net.tls import ContextOf, ServerTLS

INTERVAL = 2.0
"""Seconds between two looks at the files: a stat each, which also sees what another machine wrote to a share."""


T = TypeVar("T")

_ASKED = ServerTLS((), protocols=(PROTOCOL,))


class Watched(Generic[T]):
    """A pair of files, with the last good certificate that stood in them, and what was made of it.

    `others` are files that matter for what `make` makes. `BadCertificate` if there never was a good one.
    """

    _log = Logger()

    def __init__(self, pair: Pair, make: Callable[[Pair], T], *others: Path) -> None:
        self.pair = pair
        self._make = make
        self._files = (pair.certificate, pair.key, *others)
        self._seen = self._look()
        self._bad = False
        self._warned = datetime.min.replace(tzinfo=UTC)
        self.certificate, self.made = self._read()

    def reach(self) -> None:
        """Touch the files, in a thread: a share that hangs holds up whoever asks for them first."""
        self._look()

    def changed(self) -> bool:
        """Say whether another good certificate stands there; a bad one is logged, and changes nothing."""
        seen = self._look()
        if seen == self._seen and not self._bad:
            return False
        news = seen != self._seen
        self._seen = seen  # before it is read: what is written meanwhile is seen the next time
        try:
            self.certificate, self.made = self._read()
        except BadCertificate as error:
            self._bad = True  # it may have been for want of memory or of a file descriptor: try again
            if news:
                self._log.error("the certificate before it stays in use: {error}", error=str(error))
            return False
        self._bad = False
        self._log.info("a new certificate is in use: {file}", file=str(self.pair.certificate))
        return True

    def warn(self, now: datetime) -> None:
        """Log once a day that it ends soon."""
        said = self.certificate.ending(now)
        if said and now - self._warned >= timedelta(days=1):
            self._warned = now
            self._log.warn("{ending}", ending=said)

    def _read(self) -> tuple[Certificate, T]:
        certificate = read_certificate(self.pair)
        try:
            return certificate, self._make(self.pair)
        except (OSError, SSL.Error) as error:  # written at this very moment
            raise BadCertificate(f"{self.pair} cannot be shown: {error}") from error

    def _look(self) -> object:
        return tuple(map(_stat, self._files))


@frozen
class _Contexts:
    """What shows one certificate, for either library."""

    loop: ssl.SSLContext
    twisted: SSL.Context


class Shown:
    """What listeners show, whatever stands behind them.

    A listener has `loop` or `twisted`, made once for its whole life: in it live the keys under which clients hold
    their tickets, so they come back without a full handshake after a change of certificates too, and to another
    process if both were forked from the one that made this. It shows nothing itself: for each handshake it hands
    over to the context of the certificate that the client's wish selects, and those are made anew at each change.
    """

    def __init__(self, tls: ServerTLS) -> None:
        self._tls = tls
        self.loop = tls.loop_context()
        self.loop.sni_callback = self._choose_loop
        plain = tls.twisted_context()
        plain.set_tlsext_servername_callback(self._choose_twisted)
        self.twisted = ContextOf(plain)
        self._shown: dict[Pair, Watched[_Contexts]] = {}
        self.prepare(tls)()

    @property
    def protocols(self) -> tuple[str, ...]:
        """What is spoken, the best one first."""
        return self._tls.protocols

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """What is shown at present, the default first."""
        return tuple(each.certificate for each in self._shown.values())

    def prepare(self, tls: ServerTLS) -> Callable[[], None]:
        """Read other pairs and return how to show them from then on; `BadCertificate` if one of them is none.

        What a listener asks of its clients, and what it speaks, remains.
        """
        others = (self._tls.client_ca,) if self._tls.client_ca else ()
        shown = {pair: self._shown.get(pair) or Watched(pair, self._make, *others) for pair in tls.pairs}

        def show() -> None:
            self._shown = shown
            self._challenges = tls.challenges
            self._settle()

        return show

    def reach(self) -> None:
        """Touch the files, in a thread: a share that hangs holds up whoever asks for them first."""
        for each in tuple(self._shown.values()):
            each.reach()

    def look(self, now: datetime) -> None:
        """Show what has changed on the disk."""
        changed = [each for each in self._shown.values() if each.changed()]
        if changed:
            self._settle()
        for each in self._shown.values():
            each.warn(now)

    def _make(self, pair: Pair) -> _Contexts:
        return _Contexts(self._tls.loop_context(pair), self._tls.twisted_context(pair, self._select))

    def _settle(self) -> None:
        shown = tuple(self._shown.values())
        self._default = shown[0].made
        self._table = by_name((each.certificate, each.made) for each in shown)

    def _choose_loop(self, wire: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        assert isinstance(wire, Accepted)  # noqa: S101 (by ServerContext)
        asked = self._asked(name) if PROTOCOL.encode() in wire.offered else None
        if asked is None and not wire.in_common:
            return NO_APPLICATION_PROTOCOL
        wire.context = _ASKED.loop_context(asked) if asked else chosen(self._table, name, self._default).loop
        return None

    def _choose_twisted(self, wire: SSL.Connection) -> None:
        wire.set_context(chosen(self._table, _name(wire), self._default).twisted)

    def _select(self, wire: SSL.Connection, offered: list[bytes]) -> Any:
        # In TLS 1.3, which authorities speak, the certificate is taken from the context after this.
        asked = self._asked(_name(wire)) if PROTOCOL.encode() in offered else None
        if asked is None:
            return self._tls.select(wire, offered)
        wire.set_context(_ASKED.twisted_context(asked))
        return PROTOCOL.encode()

    def _asked(self, name: str | None) -> Pair | None:
        return challenge(self._challenges, name) if self._challenges else None


def _name(wire: SSL.Connection) -> str:
    return (wire.get_servername() or b"").decode("ascii", "replace")


def start_looking(reactor: Any, reach: Callable[[], None], look: Callable[[], None]) -> Callable[[], None]:
    """Look again and again, each time when the files were within reach; return how to stop."""

    def reached(_: object) -> None:
        if looking.running:
            look()

    looking = LoopingCall(lambda: aside(reactor, reach).addCallback(reached))
    looking.clock = reactor
    looking.start(INTERVAL, now=False)
    return looking.stop


def _stat(file: Path) -> object:
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size  # ctime: a right to read it
