"""A configuration profile, by which Apple's devices set up the accounts of one user.

As Apple's "Device Management" documents its payloads. A profile is a property list, mostly signed (CMS, RFC 5652).
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from protocols.autoconfig import MailServer

Payload = Mapping[str, Any]


@frozen
class Owner:
    """Whose profile it is; `login` is the name to sign in with, `guid` the mailbox, by which UUIDs stay the same."""

    guid: UUID
    address: str
    login: str
    name: str
    organisation: str


@frozen
class Place:
    """Where an HTTP service is."""

    host: str
    port: int = 443
    path: str = "/"


def activesync(owner: Owner, place: Place) -> Payload:
    """Return an Exchange account of iPhones and iPads."""
    return {
        "PayloadType": "com.apple.eas.account",
        "PayloadDisplayName": owner.organisation,
        **_exchange(owner),
        "Host": place.host if place.port == 443 else f"{place.host}:{place.port}",
    }


def web_services(owner: Owner, place: Place) -> Payload:
    """Return an Exchange account of Macs."""
    return {
        "PayloadType": "com.apple.ews.account",
        "PayloadDisplayName": owner.organisation,
        **_exchange(owner),
        "Host": place.host,
        "Port": place.port,
        "Path": place.path,
    }


def mail(owner: Owner, incoming: MailServer, outgoing: MailServer) -> Payload:
    """Return an account of IMAP or POP3 with SMTP."""
    return {
        "PayloadType": "com.apple.mail.managed",
        "PayloadDisplayName": owner.address,
        "EmailAccountDescription": owner.organisation,
        "EmailAccountName": owner.name,
        "EmailAccountType": "EmailTypeIMAP" if incoming.protocol == "imap" else "EmailTypePOP",
        "EmailAddress": owner.address,
        **_mail_server("Incoming", owner, incoming),
        **_mail_server("Outgoing", owner, outgoing),
        "OutgoingPasswordSameAsIncomingPassword": True,
    }


def calendar(owner: Owner, place: Place) -> Payload:
    """Return an account of CalDAV."""
    return {"PayloadType": "com.apple.caldav.account", **_dav("CalDAV", owner, place)}


def contacts(owner: Owner, place: Place) -> Payload:
    """Return an account of CardDAV."""
    return {"PayloadType": "com.apple.carddav.account", **_dav("CardDAV", owner, place)}


def write(owner: Owner, payloads: Sequence[Payload]) -> bytes:
    """Return the property list; another one of the same owner takes the place of the one before on a device."""
    identifier = _identifier(owner)
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(owner, "Configuration"),
        "PayloadDisplayName": f"{owner.organisation}: {owner.address}",
        "PayloadOrganization": owner.organisation,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [_completed(owner, identifier, payload) for payload in payloads],
    }
    return plistlib.dumps(profile, sort_keys=False)


def sign(document: bytes, chain: Sequence[x509.Certificate], key: PrivateKeyTypes) -> bytes:
    """Return the document within what the first certificate's key has signed (CMS SignedData, DER).

    With a key that is neither of RSA nor of an elliptic curve it stays as it is, which devices take as well.
    """
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        return document
    builder = PKCS7SignatureBuilder().set_data(document).add_signer(chain[0], key, SHA256())
    for certificate in chain[1:]:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def _exchange(owner: Owner) -> Payload:
    return {"EmailAddress": owner.address, "UserName": owner.login, "SSL": True}


def _mail_server(which: str, owner: Owner, server: MailServer) -> Payload:
    return {
        f"{which}MailServerAuthentication": "EmailAuthPassword",
        f"{which}MailServerHostName": server.host,
        f"{which}MailServerPortNumber": server.port,
        f"{which}MailServerUseSSL": True,  # the device finds out by itself whether from the begin or by STARTTLS
        f"{which}MailServerUsername": owner.login,
    }


def _dav(which: str, owner: Owner, place: Place) -> Payload:
    return {
        "PayloadDisplayName": f"{owner.organisation} ({which})",
        f"{which}AccountDescription": owner.organisation,
        f"{which}HostName": place.host,
        f"{which}Port": place.port,
        f"{which}PrincipalURL": place.path,
        f"{which}UseSSL": True,
        f"{which}Username": owner.login,
    }


def _completed(owner: Owner, identifier: str, payload: Payload) -> Payload:
    kind = payload["PayloadType"]
    return {
        **payload,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.{kind}",
        "PayloadUUID": _uuid(owner, kind),
    }


def _identifier(owner: Owner) -> str:
    domain = owner.address.rpartition("@")[2]
    return f"{'.'.join(reversed(domain.split('.')))}.{owner.guid}"


def _uuid(owner: Owner, what: str) -> str:
    return str(uuid5(owner.guid, what)).upper()
