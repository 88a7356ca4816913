"""How a listener knows an authority that asks by tls-alpn-01 (RFC 8737), and what it shows to it."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Any

from casd.certificates import Pair

PROTOCOL = "acme-tls/1"

_OFFERED = b"\x0aacme-tls/1"
"""As it stands in a client's first message, behind its length (RFC 7301 section 3.1)."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def challenge(folder: Path, name: str | None) -> Pair | None:
    """Return what was laid out for a name, whoever of an array did so: key and certificate in one file."""
    if not name or not _NAME.fullmatch(name.lower()):
        return None
    file = folder / f"{name.lower()}.pem"
    return Pair(file, file) if file.is_file() else None


class Connection(ssl.SSLObject):
    """Hears what protocols a client offers, which Python does not tell who chooses the certificate."""

    incoming: ssl.MemoryBIO | None = None
    _heard = b""

    def do_handshake(self) -> None:
        """Go on, after a look at what has come."""
        if self.incoming is not None:
            come = self.incoming.read()
            self.incoming.write(come)
            self._heard += come
        super().do_handshake()

    def asks(self) -> bool:
        """Say whether this is an authority that asks; hear no more."""
        heard, self._heard, self.incoming = self._heard, b"", None
        return _OFFERED in heard


class Listening(ssl.SSLContext):
    """A listener's context, whose connections hear what is offered when `hears` is set."""

    hears = False
    sslobject_class = Connection

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **more: Any) -> ssl.SSLObject:
        """Return a connection."""
        wire = super().wrap_bio(incoming, outgoing, *args, **more)
        if self.hears and isinstance(wire, Connection):
            wire.incoming = incoming
        return wire
