"""Apple's configuration profiles; tests/integration/test_autodiscover_clients.py has openssl look at the signature."""

from __future__ import annotations

import plistlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates

from casd.casctl.authority import SERVER, Authority
from protocols.autoconfig import Encryption, MailServer
from protocols.mobileconfig import (
    Owner,
    Place,
    activesync,
    calendar,
    contacts,
    mail,
    sign,
    web_services,
    write,
)

GUID = UUID("6b29fc40-ca47-1067-b31d-00dd010662da")
ALICE = Owner(GUID, "alice@example.org", "alice@ad.example.org", "Alice", "Example")
MAIL = "mail.example.org"


def read(*payloads: Any, owner: Owner = ALICE) -> dict[str, Any]:
    profile: dict[str, Any] = plistlib.loads(write(owner, payloads))
    return profile


def test_a_profile_says_whose_it_is() -> None:
    profile = read(activesync(ALICE, Place(MAIL)))
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadDisplayName"] == "Example: alice@example.org"
    assert profile["PayloadIdentifier"] == f"org.example.{GUID}"
    assert profile["PayloadRemovalDisallowed"] is False


def test_5_6_an_exchange_account_of_a_phone() -> None:
    (payload,) = read(activesync(ALICE, Place(MAIL)))["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.eas.account"
    assert payload["PayloadIdentifier"] == f"org.example.{GUID}.com.apple.eas.account"
    assert (payload["Host"], payload["SSL"]) == (MAIL, True)
    assert activesync(ALICE, Place(MAIL, 8443))["Host"] == f"{MAIL}:8443"
    assert (payload["EmailAddress"], payload["UserName"]) == ("alice@example.org", "alice@ad.example.org")


def test_5_6_an_exchange_account_of_a_mac() -> None:
    (payload,) = read(web_services(ALICE, Place(MAIL, 8443, "/EWS/Exchange.asmx")))["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.ews.account"
    assert (payload["Host"], payload["Port"], payload["Path"]) == (MAIL, 8443, "/EWS/Exchange.asmx")


@pytest.mark.parametrize(("protocol", "kind"), [("imap", "EmailTypeIMAP"), ("pop3", "EmailTypePOP")])
def test_5_6_an_account_of_mail(protocol: str, kind: str) -> None:
    servers = MailServer(protocol, "in.example.org", 993), MailServer("smtp", MAIL, 587, Encryption.STARTTLS)
    (payload,) = read(mail(ALICE, *servers))["PayloadContent"]
    assert payload["PayloadType"] == "com.apple.mail.managed"
    assert (payload["EmailAccountType"], payload["EmailAccountName"]) == (kind, "Alice")
    for which, server in zip(("Incoming", "Outgoing"), servers, strict=True):
        assert payload[f"{which}MailServerHostName"] == server.host
        assert payload[f"{which}MailServerPortNumber"] == server.port
        assert payload[f"{which}MailServerUseSSL"] is True
        assert payload[f"{which}MailServerUsername"] == "alice@ad.example.org"


def test_accounts_of_calendars_and_contacts() -> None:
    place = Place("dav.example.org", 443, "/SOGo/dav/")
    first, second = read(calendar(ALICE, place), contacts(ALICE, place))["PayloadContent"]
    assert (first["PayloadType"], first["CalDAVHostName"]) == ("com.apple.caldav.account", "dav.example.org")
    assert (second["PayloadType"], second["CardDAVPrincipalURL"]) == ("com.apple.carddav.account", "/SOGo/dav/")
    assert first["CalDAVUseSSL"] is second["CardDAVUseSSL"] is True


def test_another_profile_of_the_same_user_has_the_same_uuids() -> None:
    def uuids(profile: dict[str, Any]) -> list[str]:
        return [profile["PayloadUUID"], *(payload["PayloadUUID"] for payload in profile["PayloadContent"])]

    both = activesync(ALICE, Place(MAIL)), web_services(ALICE, Place(MAIL))
    before, after = (
        uuids(read(*both)),
        uuids(read(*both, owner=evolve(ALICE, name="Alice B.", address="b@example.org"))),
    )
    assert before == after
    assert len(set(before)) == 3
    assert not {*before} & {*uuids(read(*both, owner=evolve(ALICE, guid=UUID(int=1))))}


@pytest.mark.negative
def test_no_profile_has_a_password() -> None:
    servers = MailServer("imap", MAIL, 993), MailServer("smtp", MAIL, 465)
    profile = read(activesync(ALICE, Place(MAIL)), web_services(ALICE, Place(MAIL)), mail(ALICE, *servers))
    names = {name for payload in profile["PayloadContent"] for name in payload}
    assert not [name for name in names if name.endswith("Password") and not name.startswith("OutgoingPasswordSame")]


def test_a_key_that_cannot_sign_leaves_a_profile_as_it_is() -> None:
    assert sign(b"<plist/>", [], ed25519.Ed25519PrivateKey.generate()) == b"<plist/>"


def test_a_signed_profile_brings_the_certificates_of_its_signer(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Example", datetime.now(UTC))
    authority.issue("front", [MAIL], SERVER)
    chain = x509.load_pem_x509_certificates((tmp_path / "front.pem").read_bytes() + (tmp_path / "ca.pem").read_bytes())
    key = load_pem_private_key((tmp_path / "front.key").read_bytes(), None)
    document = write(ALICE, [activesync(ALICE, Place(MAIL))])
    signed = sign(document, chain, key)
    assert document in signed
    assert {*load_der_pkcs7_certificates(signed)} == {*chain}
