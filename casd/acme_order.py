"""One order of a certificate by ACME (RFC 8555), from the account to the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, cast

import josepy
import requests
from acme import challenges, client, errors, messages
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from casd.acme import HTTP_01, TLS_ALPN_01, NotIssued, read_hmac
from casd.acme import Settings as Acme  # this module has no section of its own
from casd.acme_alpn import TLSALPN01
from casd.certificates import signing_request
from casd.files import write_file

_UNREADABLE = (errors.ClientError, josepy.errors.Error, AttributeError, LookupError, TypeError)

_LONGEST = timedelta(minutes=2)
"""Time for the authority to ask and to sign."""


def order(settings: Acme, names: Sequence[str]) -> None:
    """Have a certificate made for these names and put it into its file; raises `NotIssued`."""
    account_key = _account_key(settings)
    try:
        _order(settings, names, account_key)
    except _UNREADABLE as error:  # the library takes for granted that an authority speaks ACME
        said = f"it answers what is not ACME ({type(error).__name__}: {error}), see whether [acme] directory is right"
        raise NotIssued(f"{settings.directory} issued nothing for {', '.join(names)}: {said}") from error
    except (errors.Error, requests.RequestException, ValueError) as error:
        said = str(error) or type(error).__name__
        raise NotIssued(f"{settings.directory} issued nothing for {', '.join(names)}: {said}") from error


def _order(settings: Acme, names: Sequence[str], account_key: JWKEC) -> None:
    speaker = _signed_in(settings, account_key)
    key = ec.generate_private_key(ec.SECP256R1())
    wanted = speaker.new_order(signing_request(key, names))
    with _answers(settings, names, wanted, account_key) as asked:
        for challenge, response in asked:
            speaker.answer_challenge(challenge, response)
        issued = speaker.poll_and_finalize(wanted, datetime.now() + _LONGEST)  # noqa: DTZ005 (as the library has it)
    write_file(settings.certificate, _pem(key) + issued.fullchain_pem.encode("ascii"))


def _account_key(settings: Acme) -> JWKEC:
    """Return the key of our account, which is made if there is none."""
    if not settings.account.exists():
        write_file(settings.account, _pem(ec.generate_private_key(ec.SECP256R1())))
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        found = load_pem_private_key(settings.account.read_bytes(), password=None)
        if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
            return JWKEC(key=found)
    said = "holds no key of the curve P-256 (PEM, without a password): move it away, and a new account is made"
    raise NotIssued(f"{settings.account} {said}")


def _signed_in(settings: Acme, account_key: JWKEC) -> client.ClientV2:
    """Return what speaks for our account."""
    trusted: Any = str(settings.authority) if settings.authority else True
    wire = client.ClientNetwork(account_key, alg=ES256, verify_ssl=trusted, user_agent="casd")
    speaker = client.ClientV2(client.ClientV2.get_directory(settings.directory, wire), wire)
    wanted = messages.NewRegistration.from_data(
        email=",".join(settings.contact) or None,
        terms_of_service_agreed=settings.agree,
        external_account_binding=_binding(settings, account_key, speaker.directory),
    )
    try:
        speaker.new_account(wanted)
    except errors.ConflictError as known:
        wire.account = messages.RegistrationResource(body=messages.Registration(), uri=known.location)
    return speaker


def _binding(settings: Acme, account_key: JWKEC, directory: messages.Directory) -> dict[str, Any] | None:
    """Return what ties a new account to the one that we have with the authority (RFC 8555 section 7.3.4)."""
    if settings.eab_hmac is None:
        return None
    given = settings.eab_key_id, read_hmac(settings.eab_hmac)
    return messages.ExternalAccountBinding.from_data(account_key.public_key(), *given, directory)


@contextmanager
def _answers(
    settings: Acme, names: Sequence[str], wanted: messages.OrderResource, account_key: JWKEC
) -> Iterator[list[tuple[messages.ChallengeBody, challenges.ChallengeResponse]]]:
    """Lay out what the doors of the whole array answer, as long as the authority asks."""
    found = []
    files = []
    kind = _KINDS[settings.challenge]
    for left in settings.challenges.iterdir():  # by an order that ended with its process
        left.unlink()
    try:
        for authorization in wanted.authorizations:
            if authorization.body.status == messages.STATUS_VALID:
                continue
            name: str = authorization.body.identifier.value
            if name.lower() not in map(str.lower, names):  # it becomes the name of a file
                raise NotIssued(f"{settings.directory} asks about {name!r}, which was not ordered")
            offered = [each for each in authorization.body.challenges if isinstance(each.chall, kind)]
            if not offered:
                raise NotIssued(f"{name} cannot be proved by {settings.challenge}")
            response, answer = offered[0].response_and_validation(account_key, domain=name)
            stem = f"{name.lower()}.pem" if kind is TLSALPN01 else cast(str, offered[0].chall.encode("token"))
            files.append(settings.challenges / stem)
            write_file(files[-1], answer if isinstance(answer, bytes) else answer.encode("ascii"))
            found.append((offered[0], response))
        yield found
    finally:
        for file in files:
            file.unlink(missing_ok=True)


_KINDS = {HTTP_01: challenges.HTTP01, TLS_ALPN_01: TLSALPN01}


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
