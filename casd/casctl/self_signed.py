"""A certificate that vouches for itself: enough to start with, until an authority has signed one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from casd.certificates import Pair, PrivateKey, general_name
from casd.files import write_file

_LIFE = timedelta(days=90)
_CLOCKS_DIFFER = timedelta(hours=1)


def make_self_signed(pair: Pair, names: Sequence[str], now: datetime) -> None:
    """Write a new key and its certificate; both into one file when the pair is one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number(), now - _CLOCKS_DIFFER, now + _LIFE
    )
    wanted = x509.SubjectAlternativeName(list(map(general_name, names)))
    certificate = builder.add_extension(wanted, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    if pair.key == pair.certificate:
        write_file(pair.key, _pem(key) + certificate)
    else:
        write_file(pair.key, _pem(key))
        write_file(pair.certificate, certificate, 0o644)


def key_of(file: Path) -> tuple[PrivateKey, bool]:
    """Return the key in a file, and whether it had to be made; ValueError when the file holds something else."""
    if file.exists():
        return load_pem_private_key(file.read_bytes(), password=None), False  # type: ignore[return-value]
    key = ec.generate_private_key(ec.SECP256R1())
    write_file(file, _pem(key))
    return key, True


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
