"""What is known of an encrypted connection, in the same words for both TLS libraries."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

from cryptography import x509
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from protocols.clienthello import FirstMessage

_EXPORTER = b"EXPORTER-Channel-Binding"
_RECORD = 16 * 1024
"""Most bytes in a record of TLS (RFC 8446 section 5.1)."""

NO_APPLICATION_PROTOCOL = 120
"""The alert for a client that offers only what is not spoken (RFC 7301 section 3.2)."""


class Encryption(Protocol):
    """An encrypted connection, as `casd.net.transports.encryption` gives it; certificates are DER."""

    @property
    def version(self) -> str:
        """Such as `TLSv1.3`."""

    @property
    def protocol(self) -> str:
        """The protocol agreed upon (ALPN), or nothing."""

    @property
    def server_name(self) -> str:
        """The server that the client named (SNI), or nothing."""

    @property
    def shown(self) -> bytes | None:
        """The certificate that this side showed."""

    @property
    def peer(self) -> bytes | None:
        """The certificate that the other side showed."""

    def binding(self, kind: str) -> bytes | None:
        """Return the data of a channel binding, or None where it does not exist here."""


class Frugal(ssl.SSLObject):
    """A connection that asks for memory as it is needed: uvloop wants 256 KiB for each piece, a record brings 16.

    What uvloop asks of it for every record is the C of Python's ssl, without the methods that stand before it there.
    """

    @property
    def write(self) -> Any:
        """What encrypts a piece."""
        return self._sslobj.write  # type: ignore[attr-defined]

    @property
    def pending(self) -> Any:
        """What tells how much has been decrypted, and not read."""
        return self._sslobj.pending  # type: ignore[attr-defined]

    def read(self, len: int = _RECORD, buffer: Any = None) -> Any:  # noqa: A002 (ssl's own word)
        """Return the next piece, of one record at most."""
        if buffer is not None:
            return super().read(len, buffer)
        return self._sslobj.read(min(len, _RECORD))  # type: ignore[attr-defined]


class Accepted(Frugal):
    """A client's connection, which knows what its client offers before a certificate is chosen.

    Python's ssl by itself would let a client pass that offers only what nobody speaks here.
    """

    wires: tuple[ssl.MemoryBIO, ssl.MemoryBIO] | None = None  # until the handshake has ended
    server_name = ""
    offered: tuple[bytes, ...] = ()
    shown: bytes | None = None
    first: FirstMessage | None = None  # until it is whole
    _failed: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """Go on with the handshake; before it fails, the client is told why."""
        if self._failed is not None:
            raise self._failed
        if self.wires is None:
            super().do_handshake()
            return
        incoming, outgoing = self.wires
        try:
            if self.first is not None:
                self._look(self.first, incoming)
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            if not outgoing.pending:
                raise
            # uvloop sends what there is to send when more is wanted, and drops it when all is over.
            self._failed = error
            raise ssl.SSLWantReadError from error
        self.wires = None
        self.shown = getattr(self.context, "certificate", None)

    def _look(self, first: FirstMessage, incoming: ssl.MemoryBIO) -> None:
        """Read the client's first message before the library does."""
        came = incoming.read()
        incoming.write(came)
        offer = first.feed(came)
        if offer is not None:
            self.first = None
            self.server_name = offer.server_name
            self.offered = offer.protocols or ()

    @property
    def in_common(self) -> bool:
        """Whether any of what its client offers is spoken, or it offers no choice."""
        return not self.offered or not cast(ServerContext, self.context).spoken.isdisjoint(self.offered)


class ServerContext(ssl.SSLContext):
    """A listener's context for asyncio, which knows what it speaks and shows."""

    sslobject_class = Accepted
    certificate: bytes | None = None
    spoken: frozenset[bytes] = frozenset()

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        """Speak these protocols, and no others."""
        super().set_alpn_protocols(alpn_protocols)
        self.spoken = frozenset(name.encode("ascii") for name in alpn_protocols)

    def load_cert_chain(self, certfile: Any, keyfile: Any = None, password: Any = None) -> None:
        """Show this chain from now on."""
        super().load_cert_chain(certfile, keyfile, password)
        self.certificate = x509.load_pem_x509_certificate(Path(certfile).read_bytes()).public_bytes(Encoding.DER)

    def wrap_bio(self, incoming: Any, outgoing: Any, *args: Any, **named: Any) -> ssl.SSLObject:
        """Return a connection that looks at what its client offers."""
        accepted = super().wrap_bio(incoming, outgoing, *args, **named)
        accepted.wires = incoming, outgoing  # type: ignore[attr-defined]
        accepted.first = FirstMessage()  # type: ignore[attr-defined]
        return accepted


class AcceptedOpenSSL(SSL.Connection):
    """A client's connection: which end it is of is not to be asked of pyOpenSSL otherwise."""


class OfSSL:
    """An encrypted connection of Python's ssl (uvloop's transports)."""

    def __init__(self, connection: ssl.SSLObject) -> None:
        self._connection = connection

    @property
    def version(self) -> str:
        """Such as `TLSv1.3`."""
        return self._connection.version() or ""

    @property
    def protocol(self) -> str:
        """The protocol agreed upon."""
        return self._connection.selected_alpn_protocol() or ""

    @property
    def server_name(self) -> str:
        """The server that the client named."""
        return self._connection.server_hostname or str(getattr(self._connection, "server_name", ""))

    @property
    def shown(self) -> bytes | None:
        """The certificate that this side showed; of a client's nothing is known."""
        return getattr(self._connection, "shown", None)

    @property
    def peer(self) -> bytes | None:
        """The certificate that the other side showed."""
        return self._connection.getpeercert(binary_form=True)

    def binding(self, kind: str) -> bytes | None:
        """Return tls-server-end-point, or tls-unique where that is safe: Python's ssl exports no keys."""
        if kind == "tls-server-end-point":
            return end_point(self.shown if self._connection.server_side else self.peer)
        if kind == "tls-unique" and self.version == "TLSv1.2":
            return self._connection.get_channel_binding(kind)
        return None


class OfOpenSSL:
    """An encrypted connection of pyOpenSSL (Twisted's own transports)."""

    def __init__(self, connection: SSL.Connection) -> None:
        self._connection = connection

    @property
    def version(self) -> str:
        """Such as `TLSv1.3`."""
        return self._connection.get_protocol_version_name()

    @property
    def protocol(self) -> str:
        """The protocol agreed upon."""
        return self._connection.get_alpn_proto_negotiated().decode("ascii")

    @property
    def server_name(self) -> str:
        """The server that the client named."""
        return (self._connection.get_servername() or b"").decode("ascii").lower()

    @property
    def shown(self) -> bytes | None:
        """The certificate that this side showed."""
        return _der(self._connection.get_certificate(as_cryptography=True))

    @property
    def peer(self) -> bytes | None:
        """The certificate that the other side showed."""
        return _der(self._connection.get_peer_certificate(as_cryptography=True))

    def binding(self, kind: str) -> bytes | None:
        """Return tls-server-end-point or tls-exporter: pyOpenSSL does not tell whose Finished tls-unique would be."""
        if kind == "tls-server-end-point":
            return end_point(self.shown if isinstance(self._connection, AcceptedOpenSSL) else self.peer)
        if kind == "tls-exporter":
            return self._connection.export_keying_material(_EXPORTER, 32, b"")  # RFC 9266 section 2
        return None


@lru_cache(64)
def end_point(certificate: bytes | None) -> bytes | None:
    """Return tls-server-end-point (RFC 5929 section 4.1) for a server's certificate; Ed25519 has none."""
    if certificate is None:
        return None
    algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    if algorithm is None:
        return None
    digest = Hash(SHA256() if isinstance(algorithm, MD5 | SHA1) else algorithm)
    digest.update(certificate)
    return digest.finalize()


def _der(certificate: x509.Certificate | None) -> bytes | None:
    return certificate.public_bytes(Encoding.DER) if certificate else None
