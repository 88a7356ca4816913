"""Certificates as they stand in files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from casd.casctl.authority import SERVER, Authority
from casd.certificates import BadCertificate, Pair, by_name, chosen, read_certificate

NOW = datetime.now(UTC)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    Authority(tmp_path, "Test", NOW).issue("front", ["Mail.example.org", "*.example.org", "127.0.0.1"], SERVER)
    return Pair(tmp_path / "front.pem", tmp_path / "front.key")


def test_a_certificate_says_whom_it_is_for_and_how_long(pair: Pair) -> None:
    found = read_certificate(pair)
    assert found.names == ("mail.example.org", "*.example.org", "127.0.0.1")
    assert found.begins < NOW < found.expires < NOW + timedelta(days=826)
    assert found.issuer == "CN=Test"
    assert len(found.fingerprint) == 64


def test_a_chain_ends_with_the_first_of_it_that_ends(pair: Pair) -> None:
    old = pair.certificate.parent / "old"
    old.mkdir()
    Authority(old, "Old", NOW - timedelta(days=3000))
    pair.certificate.write_bytes(pair.certificate.read_bytes() + (old / "ca.pem").read_bytes())
    assert read_certificate(pair).expires < NOW + timedelta(days=651)


def test_a_certificate_may_be_for_no_name_at_all(pair: Pair) -> None:
    folder = pair.certificate.parent
    assert read_certificate(Pair(folder / "ca.pem", folder / "ca.key")).names == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mail.example.org", True),
        ("AUTODISCOVER.example.org", True),
        ("127.0.0.1", True),
        ("a.b.example.org", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_a_wildcard_stands_for_one_label(pair: Pair, name: str, content: bool) -> None:
    assert read_certificate(pair).answers(name) is content


def test_of_several_the_first_with_the_name_is_chosen(pair: Pair, tmp_path: Path) -> None:
    Authority(tmp_path, "Test", NOW).issue("other", ["mail.example.org", "mail.example.net"], SERVER)
    other = read_certificate(Pair(tmp_path / "other.pem", tmp_path / "other.key"))
    table = by_name([(read_certificate(pair), 1), (other, 2)])
    names = ("mail.example.org", "mail.example.net", "x.example.org", "x.example.net", None)
    assert [chosen(table, name, 0) for name in names] == [1, 2, 1, 0, 0]


def _lose(file: Path) -> None:
    file.unlink()


def _halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.negative
@pytest.mark.parametrize("spoil", [_lose, _halve, _empty])
@pytest.mark.parametrize("which", ["certificate", "key"])
def test_a_file_that_is_half_written_is_no_certificate(pair: Pair, which: str, spoil: object) -> None:
    spoil(getattr(pair, which))  # type: ignore[operator]
    with pytest.raises(BadCertificate, match=r"front\.pem and .*front\.key are no certificate with its key: "):
        read_certificate(pair)


@pytest.mark.negative
def test_another_certificates_key_is_refused(pair: Pair, tmp_path: Path) -> None:
    pair.key.write_bytes((tmp_path / "ca.key").read_bytes())
    with pytest.raises(BadCertificate, match="the key is that of another certificate"):
        read_certificate(pair)


@pytest.mark.negative
def test_a_key_behind_a_password_is_refused(pair: Pair) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))
    with pytest.raises(BadCertificate, match="has a password"):
        read_certificate(pair)
