"""What is wrong with the certificates that clients see, with what to do about it."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from OpenSSL import crypto

from casd.certificates import BadCertificate, Certificate, Pair, chosen_by_clients, read_certificate


def problems(pairs: Iterable[Pair], namespaces: Sequence[str], ca: Path | None, now: datetime) -> list[str]:
    """Return every problem; `ca` is a private authority (PEM) that clients trust beside the public ones."""
    found: list[str] = []
    good: list[Certificate] = []
    for pair in pairs:
        try:
            good.append(read_certificate(pair))
        except BadCertificate as error:
            found.append(f"{error}: put the key beside the certificate that was made for it")
    for certificate in good:
        found += _of_one(certificate, ca, now)
    return found + [said for name in namespaces if good and (said := _uncovered(good, name))]


def _of_one(certificate: Certificate, ca: Path | None, now: datetime) -> Iterator[str]:
    file = certificate.pair.certificate
    if ending := certificate.ending(now):
        yield ending
    if certificate.begins > now:
        yield f"{file} is not good before {certificate.begins:%Y-%m-%d %H:%M} UTC: see whether the clock is right"
    for number, (one, other) in enumerate(pairwise(certificate.chain), 1):
        if one.issuer != other.subject:
            yield (
                f"{file}: certificate {number + 1} did not sign certificate {number}: "
                "put them in order, the server's own first, each followed by its issuer's"
            )
            return
    if certificate.begins <= now < certificate.expires and not _trusted(certificate, ca):
        yield _untrusted(certificate)


def _trusted(certificate: Certificate, ca: Path | None) -> bool:
    store = crypto.X509Store()
    places = ssl.get_default_verify_paths()
    if places.cafile or places.capath:
        store.load_locations(places.cafile, places.capath)
    if ca:
        store.load_locations(str(ca))
    own, *others = map(crypto.X509.from_cryptography, certificate.chain)
    try:
        crypto.X509StoreContext(store, own, others).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True


def _untrusted(certificate: Certificate) -> str:
    file = certificate.pair.certificate
    if certificate.self_signed:
        return (
            f"{file} vouches for itself, which no client believes: have an authority sign one (casctl cert csr), "
            "or let [acme] do so"
        )
    last: x509.Certificate = certificate.chain[-1]
    return (
        f"{file}: the chain ends with {last.subject.rfc4514_string() or 'a certificate'}, signed by "
        f"{last.issuer.rfc4514_string()}, whom this machine does not trust: append the certificate of that issuer, "
        "or name a private authority with --ca FILE"
    )


def _uncovered(certificates: Sequence[Certificate], name: str) -> str:
    shown = chosen_by_clients(certificates, name)
    if shown.answers(name):
        return ""
    return (
        f"clients that ask for {name} are shown {shown.pair.certificate}, which was made for "
        f"{', '.join(shown.names) or 'no name'}: have one made with that name (casctl cert csr), "
        "or take the name out of [http] namespaces"
    )
