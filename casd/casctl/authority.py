"""A private certificate authority in a folder: NAME.pem is a certificate, NAME.key its key, `ca` the authority."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from casd.certificates import general_name
from casd.files import write_file

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH

_AUTHORITY_LIFE = timedelta(days=3650)
_LEAF_LIFE = timedelta(days=825)
"""The longest that Apple's systems accept, also from a private authority."""

_RENEWED_BEFORE = timedelta(days=30)
_CLOCKS_DIFFER = timedelta(hours=1)


class Authority:
    """Issues certificates into its folder; what is there and still good stays as it is."""

    def __init__(self, folder: Path, name: str, now: datetime) -> None:
        """Open the authority of a folder, or make it."""
        self._folder = folder
        self._now = now
        if not (folder / "ca.key").exists():
            self._make(name)
        self._certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        self._key = _read_key(folder / "ca.key")

    def issue(self, stem: str, names: Sequence[str], use: x509.ObjectIdentifier) -> bool:
        """Make STEM.pem and STEM.key for these DNS names and IP addresses; False when good ones are there."""
        if self._good(stem, names, use):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(names[0], key.public_key(), _LEAF_LIFE)
            .add_extension(x509.SubjectAlternativeName(list(map(general_name, names))), critical=False)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .issuer_name(self._certificate.subject)
            .sign(self._key, hashes.SHA256())
        )
        self._write(stem, certificate, key)
        return True

    def _make(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(name, self._key.public_key(), _AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .issuer_name(_subject(name))
            .sign(self._key, hashes.SHA256())
        )
        self._write("ca", certificate, self._key)

    def _builder(self, name: str, key: ec.EllipticCurvePublicKey, life: timedelta) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_subject(name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _CLOCKS_DIFFER)
            .not_valid_after(self._now + life)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _write(self, stem: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        # Keys first: a certificate that is there has its key.
        write_file(
            self._folder / f"{stem}.key",
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
        write_file(self._folder / f"{stem}.pem", certificate.public_bytes(Encoding.PEM), 0o644)

    def _good(self, stem: str, names: Sequence[str], use: x509.ObjectIdentifier) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate((self._folder / f"{stem}.pem").read_bytes())
            key = _read_key(self._folder / f"{stem}.key")
            certificate.verify_directly_issued_by(self._certificate)
            held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        return (
            set(held) >= set(map(general_name, names))
            and use in uses
            and certificate.public_key() == key.public_key()
            and certificate.not_valid_after_utc > self._now + _RENEWED_BEFORE
        )


def _read_key(name: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(name.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{name} is not an elliptic-curve key")
    return key


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
