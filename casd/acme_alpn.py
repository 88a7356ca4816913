"""The challenge tls-alpn-01 (RFC 8737), in the form that the library has for challenges."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from acme.challenges import Challenge, ChallengeResponse, KeyAuthorizationChallenge, KeyAuthorizationChallengeResponse
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from josepy.jwk import JWK

_PROOF = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")  # RFC 8737 section 6.1, id-pe-acmeIdentifier


@ChallengeResponse.register
class TLSALPN01Response(KeyAuthorizationChallengeResponse):
    """What tells the authority that it may ask."""

    typ = "tls-alpn-01"


@Challenge.register
class TLSALPN01(KeyAuthorizationChallenge):
    """A certificate for one name, which only the holder of the account's key can have made."""

    response_cls = TLSALPN01Response
    typ = TLSALPN01Response.typ

    def validation(self, account_key: JWK, **more: Any) -> bytes:
        """Return the certificate for the name `domain`, behind its key (PEM)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "challenge")])
        now = datetime.now(UTC)
        digest = hashlib.sha256(self.key_authorization(account_key).encode("ascii")).digest()
        certificate = (
            x509.CertificateBuilder(
                name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1)
            )
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(more["domain"])]), critical=False)
            .add_extension(x509.UnrecognizedExtension(_PROOF, b"\x04\x20" + digest), critical=True)  # OCTET STRING
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return private + certificate.public_bytes(Encoding.PEM)
