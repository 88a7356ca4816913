"""One order by ACME, told as what the library is asked for."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import josepy
import pytest
import requests
from acme import challenges, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from casd import acme_order
from casd.acme import NotIssued, Settings
from casd.acme_alpn import TLSALPN01
from tests.casd.estate import settings

HMAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

URL = "https://acme.example.net/directory"


class Authority:
    """Plays `acme.client`: the wire and what speaks on it."""

    def __init__(self, asked: Settings) -> None:
        self.asked = asked
        self.kind: Any = challenges.HTTP01
        self.status = messages.STATUS_PENDING
        self.name = "Mail.example.org"
        self.known = False
        self.refusal: Exception | None = None
        self.account: Any = None
        self.wire: Any = None
        self.laid_out: dict[str, str] = {}
        self.registered: Any = None

    # acme.client.ClientNetwork

    def ClientNetwork(self, key: Any, **more: Any) -> Any:
        self.wire = SimpleNamespace(key=key, account=None, **more)
        return self.wire

    # acme.client.ClientV2

    @property
    def ClientV2(self) -> Any:
        self.directory = {"newAccount": f"{URL}/new"}

        def made(directory: str, _wire: Any) -> Any:
            assert directory == f"directory of {URL}"
            return self

        made.get_directory = lambda url, _: f"directory of {url}"  # type: ignore[attr-defined]
        return made

    def new_account(self, wanted: Any) -> None:
        self.registered = wanted
        if self.known:
            raise errors.ConflictError("https://acme.example.net/account/1")

    def new_order(self, request: bytes) -> Any:
        self.request = x509.load_pem_x509_csr(request)
        chall = self.kind(token=b"t" * 16)
        body = messages.ChallengeBody(chall=chall, uri="https://acme.example.net/1")
        identifier = SimpleNamespace(value=self.name)
        authorization = SimpleNamespace(
            body=SimpleNamespace(status=self.status, challenges=[body], identifier=identifier)
        )
        return SimpleNamespace(authorizations=[authorization])

    def answer_challenge(self, _challenge: Any, _response: Any) -> None:
        self.laid_out = {file.name: file.read_text() for file in self.asked.challenges.iterdir()}

    def poll_and_finalize(self, _order: Any, _deadline: Any) -> Any:
        if self.refusal:
            raise self.refusal
        return SimpleNamespace(fullchain_pem="the chain\n")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    asked = settings(Settings, tmp_path, directory=URL, agree=True, contact=("postmaster@example.org",))
    asked.challenges.mkdir(parents=True)
    found = Authority(asked)
    monkeypatch.setattr(acme_order, "client", found)
    return found


def order(authority: Authority) -> None:
    acme_order.order(authority.asked, ["mail.example.org"])


def test_a_name_is_proved_and_the_certificate_comes_with_its_key(authority: Authority) -> None:
    order(authority)
    ((token, text),) = authority.laid_out.items()
    assert text.startswith(f"{token}.")
    assert list(authority.asked.challenges.iterdir()) == []
    content = authority.asked.certificate.read_bytes()
    assert content.endswith(b"the chain\n")
    key = load_pem_private_key(content, password=None)
    assert key.public_key() == authority.request.public_key()
    assert authority.asked.certificate.stat().st_mode & 0o777 == 0o600
    assert authority.registered.contact == ("mailto:postmaster@example.org",)
    assert authority.registered.terms_of_service_agreed


def test_the_account_of_the_first_time_is_used_again(authority: Authority) -> None:
    order(authority)
    key = authority.asked.account.read_bytes()
    authority.known = True
    order(authority)
    assert authority.asked.account.read_bytes() == key
    assert authority.wire.account.uri == "https://acme.example.net/account/1"


def pem(key: Any, encryption: KeySerializationEncryption) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        pem(ec.generate_private_key(ec.SECP384R1()), NoEncryption()),
        pem(ed25519.Ed25519PrivateKey.generate(), NoEncryption()),
        pem(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"password")),
    ],
)
def test_a_file_with_no_key_for_an_account_is_told(authority: Authority, content: bytes) -> None:
    authority.asked.account.write_bytes(content)
    with pytest.raises(NotIssued, match=r"account.key holds no key of the curve P-256 .*: move it away"):
        order(authority)
    assert authority.asked.account.read_bytes() == content


def test_an_account_is_tied_to_one_that_the_authority_knows(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "hmac"
    file.write_text(f"{HMAC}\n")
    known = {"eab_key_id": "kid-1", "eab_hmac": file}
    authority.asked = settings(Settings, tmp_path, directory=URL, agree=True, **known)
    order(authority)
    said = authority.registered.external_account_binding
    account = json.loads(josepy.b64decode(said["payload"]))
    assert account == authority.wire.key.public_key().to_json()
    assert json.loads(josepy.b64decode(said["protected"])) == {"alg": "HS256", "kid": "kid-1", "url": f"{URL}/new"}
    seal = hmac.digest(josepy.b64decode(HMAC), f"{said['protected']}.{said['payload']}".encode(), "sha256")
    assert josepy.b64decode(said["signature"]) == seal


def test_a_name_that_was_proved_lately_is_not_proved_again(authority: Authority) -> None:
    authority.status = messages.STATUS_VALID
    order(authority)
    assert authority.laid_out == {}


def test_what_an_order_that_was_cut_short_has_left_is_cleared_away(authority: Authority) -> None:
    (authority.asked.challenges / "of-before").write_text("proof")
    order(authority)
    assert "of-before" not in authority.laid_out


@pytest.mark.negative
@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (errors.TimeoutError(), "TimeoutError"),
        (messages.Error(detail="not yours"), "not yours"),
        (requests.ConnectionError("nobody there"), "nobody there"),
        (errors.ClientError("a web page"), "it answers what is not ACME .*a web page.*see whether"),
        (josepy.errors.DeserializationError("x"), "it answers what is not ACME .*DeserializationError: .*x"),
        (KeyError("newNonce"), "it answers what is not ACME .*newNonce"),
        (TypeError("no list"), "it answers what is not ACME .*no list"),
    ],
)
def test_a_refusal_leaves_all_as_it_was(authority: Authority, refusal: Exception, said: str) -> None:
    authority.refusal = refusal
    with pytest.raises(NotIssued, match=f"issued nothing for mail.example.org: .*{said}"):
        order(authority)
    assert not authority.asked.certificate.exists()
    assert list(authority.asked.challenges.iterdir()) == []


@pytest.mark.negative
@pytest.mark.parametrize("name", ["../certificate", "/etc/casd/front", "mail.example.net"])
def test_an_authority_that_asks_about_another_name_writes_no_file(
    authority: Authority, tmp_path: Path, name: str
) -> None:
    authority.asked = settings(Settings, tmp_path, directory=URL, agree=True, challenge="tls-alpn-01")
    authority.kind = TLSALPN01
    authority.name = name
    authority.asked.certificate.write_text("the one before")
    with pytest.raises(NotIssued, match="was not ordered"):
        order(authority)
    assert authority.asked.certificate.read_text() == "the one before"


def test_an_authority_that_does_not_ask_by_http_is_told(authority: Authority) -> None:
    authority.kind = challenges.DNS01
    with pytest.raises(NotIssued, match=r"Mail.example.org cannot be proved by http-01"):
        order(authority)


def test_a_name_may_be_proved_by_a_certificate(authority: Authority, tmp_path: Path) -> None:
    authority.asked = settings(Settings, tmp_path, directory=URL, agree=True, challenge="tls-alpn-01")
    authority.kind = TLSALPN01
    order(authority)
    ((file, text),) = authority.laid_out.items()
    assert file == "mail.example.org.pem"
    certificate = x509.load_pem_x509_certificate(text.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["Mail.example.org"]
    proof = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31"))
    assert isinstance(proof.value, x509.UnrecognizedExtension)
    assert (proof.critical, proof.value.value[:2], len(proof.value.value)) == (True, b"\x04\x20", 34)
    assert load_pem_private_key(text.encode(), password=None).public_key() == certificate.public_key()
    assert list(authority.asked.challenges.iterdir()) == []


def test_a_private_authority_may_have_signed_the_directorys_own(authority: Authority, tmp_path: Path) -> None:
    assert authority.asked.authority is None
    order(authority)
    assert authority.wire.verify_ssl is True
    authority.asked = settings(Settings, tmp_path, directory=URL, agree=True, authority=tmp_path / "ca.pem")
    order(authority)
    assert authority.wire.verify_ssl == str(tmp_path / "ca.pem")
