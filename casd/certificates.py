"""Certificates as they stand in files: read with their keys whole or not at all, and chosen by name."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

T = TypeVar("T")
PrivateKey = CertificateIssuerPrivateKeyTypes

WARNED = timedelta(days=30)
"""How long before its end a certificate is warned of."""


class BadCertificate(ValueError):
    """Files that hold no certificate with its key; the text says which, and what is wrong."""


@frozen
class Pair:
    """The file of a certificate chain, and that of its private key (both PEM)."""

    certificate: Path
    key: Path

    def __str__(self) -> str:
        return f"{self.certificate} and {self.key}"


@frozen
class Certificate:
    """What was read: the chain, the server's own certificate first, and its key."""

    pair: Pair
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes = field(eq=False, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names and IP addresses that it was made for, in small letters."""
        try:
            found = self.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        addresses = map(str, found.get_values_for_type(x509.IPAddress))
        return (*(name.lower() for name in found.get_values_for_type(x509.DNSName)), *addresses)

    @property
    def begins(self) -> datetime:
        """The moment from which it is good."""
        return self.chain[0].not_valid_before_utc

    @property
    def expires(self) -> datetime:
        """The moment from which some part of the chain is good no more."""
        return min(each.not_valid_after_utc for each in self.chain)

    @property
    def issuer(self) -> str:
        """Who signed it."""
        return self.chain[0].issuer.rfc4514_string()

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, hex, as `casctl server set --pin` takes it."""
        return self.chain[0].fingerprint(hashes.SHA256()).hex()

    def ending(self, now: datetime) -> str:
        """Say that it ends soon, or has ended; nothing while there is time."""
        left = self.expires - now
        if left >= WARNED:
            return ""
        when = f"in {left.days} days" if left >= timedelta() else "it is not good any more"
        return f"{self.pair.certificate} ends at {self.expires:%Y-%m-%d %H:%M} UTC, {when}: have it renewed"

    @property
    def self_signed(self) -> bool:
        """Say whether nobody else vouches for it."""
        return self.chain[0].issuer == self.chain[0].subject

    def answers(self, name: str) -> bool:
        """Say whether a client that asked for this name or address is content with it."""
        return bool(chosen(by_name([(self, True)]), name, False))


def read_certificate(pair: Pair) -> Certificate:
    """Read a pair, and try it; `BadCertificate` says what is wrong."""
    try:
        chain, key = _chain(pair.certificate), _key(pair.key)
        if key.public_key() != chain[0].public_key():
            raise BadCertificate("the key is that of another certificate")
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)
    except (OSError, ValueError) as error:
        raise BadCertificate(f"{pair} are no certificate with its key: {error}") from error
    return Certificate(pair, chain, key)


def _chain(file: Path) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(file.read_bytes()))
    except ValueError as error:
        raise BadCertificate(f"{file.name} holds no certificate (PEM)") from error


def _key(file: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(file.read_bytes(), password=None)
    except TypeError as error:
        raise BadCertificate(f"the key in {file.name} has a password: write it without one") from error
    except ValueError as error:
        raise BadCertificate(f"{file.name} holds no private key (PEM)") from error


def by_name(values: Iterable[tuple[Certificate, T]]) -> Mapping[str, T]:
    """Return which value belongs to which name; where two have the same, the first."""
    table: dict[str, T] = {}
    for certificate, value in values:
        for name in certificate.names:
            table.setdefault(name, value)
    return table


def chosen(table: Mapping[str, T], name: str | None, default: T) -> T:
    """Return the value for the name that a client asks for: its own, that of its wildcard, or the default."""
    if not name:
        return default
    name = name.lower()
    if name in table:
        return table[name]
    return table.get("*." + name.partition(".")[2], default)  # RFC 6125 section 6.4.3: one label, the leftmost


def chosen_by_clients(certificates: Sequence[Certificate], name: str) -> Certificate:
    """Return what a client sees that comes by this name; one that comes by an address says no name (RFC 6066)."""
    asked = None if isinstance(general_name(name), x509.IPAddress) else name
    return chosen(by_name((each, each) for each in certificates), asked, certificates[0])


def signing_request(key: PrivateKey, names: Iterable[str]) -> bytes:
    """Return a request (PEM) to have a certificate made for these DNS names and IP addresses."""
    wanted = x509.SubjectAlternativeName(list(map(general_name, names)))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.add_extension(wanted, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def general_name(name: str) -> x509.GeneralName:
    """Return a DNS name or an IP address as certificates have it."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
