"""What a TLS connection must prove: one value for each side, and the contexts both libraries make of it."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from attrs import frozen
from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from casd.certificates import Pair
from casd.net.encryption import AcceptedOpenSSL, Frugal, ServerContext

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites of Mozilla's profile "intermediate" (5.7); those of TLS 1.3 are all good.

All of them are strong, so the client chooses: a phone without AES in its processor does better with ChaCha20.
The profile's DHE suites need parameters that we do not have; whoever speaks them speaks ECDHE as well.
"""


HTTP1 = ("http/1.1",)
HTTP2 = ("h2", *HTTP1)

Select = Callable[[SSL.Connection, "list[bytes]"], Any]


class UntrustedPeer(Exception):
    """The server is not the one that the directory names: nothing may be sent to it."""


@frozen
class ServerTLS:
    """What a listener shows, and the authority (a file of PEM) whose certificates it asks of clients, if any.

    Of several pairs the client's wish decides (SNI); the first is for whoever wishes none of them. `challenges` is the
    folder of what an authority is shown that asks by tls-alpn-01.
    """

    pairs: tuple[Pair, ...]
    client_ca: Path | None = None
    protocols: tuple[str, ...] = HTTP1
    challenges: Path | None = None

    def loop_context(self, pair: Pair | None = None) -> ServerContext:
        """Return a context for asyncio transports that shows one pair."""
        context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        context.num_tickets = 1  # a client that comes back gets the next; a second at once costs 20 us a handshake
        context.set_alpn_protocols(self.protocols)
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        if self.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.client_ca)
        return context

    def twisted_context(self, pair: Pair | None = None, select: Select | None = None) -> SSL.Context:
        """Return a context for Twisted's own transports that shows one pair; `select` chooses the protocol (ALPN)."""
        context = _openssl(SSL.TLS_SERVER_METHOD, pair)
        context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
        context.set_session_id(b"casd")  # without it a client that has shown a certificate cannot come back
        context.set_alpn_select_callback(select or self.select)
        if self.client_ca:
            context.load_verify_locations(str(self.client_ca))
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        return context

    def select(self, _: SSL.Connection, offered: list[bytes]) -> Any:
        """Return which of the protocols that a client offers is spoken; SSL.Error, and it is told, if none is."""
        for name in self.protocols:
            if name.encode("ascii") in offered:
                return name.encode("ascii")
        raise SSL.Error("no protocol in common")


@frozen
class ClientTLS:
    """What a server must show, and what the client shows to it.

    The chain is checked against `ca` (PEM text) and the certificate's names against `name`; a `pin`
    (SHA-256 of the certificate, hex) is enough by itself where no authority is given. `protocols` may be spoken (ALPN).
    """

    name: str
    ca: str = ""
    pin: str = ""
    certificate: Path | None = None
    key: Path | None = None
    protocols: tuple[str, ...] = ()

    @lru_cache(256)  # noqa: B019 (values, few, and a context costs more than a connection)
    def loop_context(self) -> ssl.SSLContext:
        """Return the context for asyncio transports, the same for every connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.sslobject_class = Frugal
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False  # by `verify`, the same for both libraries
        if self.ca:
            context.load_verify_locations(cadata=self.ca)
        elif self.pin:
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        if self.protocols:
            context.set_alpn_protocols(self.protocols)
        return context

    @lru_cache(256)  # noqa: B019
    def twisted_context(self) -> ContextOf:
        """Return the connection creator for Twisted's own transports."""
        pair = Pair(self.certificate, self.key) if self.certificate and self.key else None
        context = _openssl(SSL.TLS_CLIENT_METHOD, pair)
        if self.ca or not self.pin:
            store = cast(crypto.X509Store, context.get_cert_store())
            for authority in x509.load_pem_x509_certificates(self.ca.encode()) if self.ca else ():
                store.add_cert(crypto.X509.from_cryptography(authority))
            context.set_verify(SSL.VERIFY_PEER)
        if self.protocols:
            context.set_alpn_protos([name.encode("ascii") for name in self.protocols])
        return ContextOf(context, self.name)

    def verify(self, der: bytes | None) -> None:
        """Raise `UntrustedPeer` unless the certificate that a server showed is the right one."""
        if not der:
            raise UntrustedPeer(f"{self.name} showed no certificate")
        if self.pin and not hmac.compare_digest(hashlib.sha256(der).hexdigest(), self.pin.lower()):
            raise UntrustedPeer(f"{self.name} showed another certificate than the pinned one")
        if not self.ca:
            if self.pin:
                return
            raise UntrustedPeer(f"{self.name} has neither an authority nor a pin in the directory")
        _check_name(der, self.name)


@lru_cache(256)  # of those that are right: a server shows the same again
def _check_name(der: bytes, name: str) -> None:
    certificate = x509.load_der_x509_certificate(der)
    check = verify_certificate_ip_address if _is_address(name) else verify_certificate_hostname
    try:
        check(certificate, name)
    except (VerificationError, CertificateError) as error:
        raise UntrustedPeer(f"{name} showed a certificate of another name") from error


def forget_contexts() -> None:
    """Have certificates and keys read anew for connections to come."""
    ClientTLS.loop_context.cache_clear()
    ClientTLS.twisted_context.cache_clear()


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class ContextOf:
    """A pyOpenSSL context in the shapes that Twisted asks for, on both sides."""

    def __init__(self, context: SSL.Context, name: str = "") -> None:
        self._context = context
        self._name = name

    def getContext(self) -> SSL.Context:
        """Return the context (`IOpenSSLContextFactory`)."""
        return self._context

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Return a connection that waits for its client."""
        return AcceptedOpenSSL(self._context, None)

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Return a connection that names the server it wants."""
        connection = SSL.Connection(self._context, None)
        if self._name and not _is_address(self._name):
            connection.set_tlsext_host_name(self._name.encode("idna"))
        return connection


def _openssl(method: int, pair: Pair | None) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS.encode())
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # as Python's ssl does: an idle connection needs none
    if pair:
        context.use_certificate_chain_file(str(pair.certificate))
        context.use_privatekey_file(str(pair.key))
    return context


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
