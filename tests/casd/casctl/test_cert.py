from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from casd.casctl.authority import SERVER, Authority
from tests.casd.casctl.conftest import Casctl, answer

NOW = datetime.now(UTC)


def test_all_is_made_for_what_the_directory_names(demo: Casctl, tmp_path: Path) -> None:
    made = answer(demo(f"cert init {tmp_path}/tls --json"))["made"]
    assert made == ["front", "client", "mbx1", "mbx2", "array.secret", "keys/mbx1.key", "keys/mbx2.key"]
    front = x509.load_pem_x509_certificate((tmp_path / "tls" / "front.pem").read_bytes())
    names = front.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.example.org", "autodiscover.example.org"]
    assert "all is there" in demo(f"cert init {tmp_path}/tls").output


def test_no_directory_is_needed_when_all_is_named(casctl: Casctl, tmp_path: Path) -> None:
    line = f"cert init {tmp_path}/tls --front mail.example.org --server mbx1=mbx1.example.org --json"
    assert answer(casctl(line))["made"][2] == "mbx1"


def test_a_front_door_without_a_name_is_a_mistake(casctl: Casctl, tmp_path: Path) -> None:
    casctl("organisation init Example")
    result = casctl(f"cert init {tmp_path}/tls")
    assert result.exit_code == 1
    assert "--front mail.example.org" in result.output


def test_both_sides_trust_what_the_authority_issued(tmp_path: Path) -> None:
    Authority(tmp_path, "Test", NOW).issue("mbx1", ["mbx1.example.org", "127.0.0.1"], SERVER)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "mbx1.pem", tmp_path / "mbx1.key")
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in "mbx1.example.org", "127.0.0.1":
        assert _handshake(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(client, server, "mbx2.example.org")


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    done = [False, False]
    for _ in range(8):
        for index, end in enumerate(ends):
            try:
                end.do_handshake()
                done[index] = True
            except ssl.SSLWantReadError:
                pass
    return all(done)


def test_good_certificates_stay(tmp_path: Path) -> None:
    assert Authority(tmp_path, "Test", NOW).issue("front", ["mail.example.org"], SERVER)
    assert not Authority(tmp_path, "Test", NOW).issue("front", ["mail.example.org"], SERVER)


@pytest.mark.parametrize("spoil", ["front.key", "front.pem", "ca.key"])
def test_a_lost_file_is_made_again(tmp_path: Path, spoil: str) -> None:
    Authority(tmp_path, "Test", NOW).issue("front", ["mail.example.org"], SERVER)
    (tmp_path / spoil).unlink()
    assert Authority(tmp_path, "Test", NOW).issue("front", ["mail.example.org"], SERVER)


def test_another_certificates_key_is_noticed(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Test", NOW)
    authority.issue("front", ["mail.example.org"], SERVER)
    authority.issue("other", ["mail.example.org"], SERVER)
    (tmp_path / "other.key").replace(tmp_path / "front.key")
    assert authority.issue("front", ["mail.example.org"], SERVER)


def test_a_further_name_is_a_new_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Test", NOW)
    authority.issue("front", ["mail.example.org"], SERVER)
    assert authority.issue("front", ["mail.example.org", "10.0.0.1"], SERVER)


def test_certificates_are_renewed_a_month_before_they_end(tmp_path: Path) -> None:
    Authority(tmp_path, "Test", NOW).issue("front", ["mail.example.org"], SERVER)
    assert not Authority(tmp_path, "Test", NOW + timedelta(days=790)).issue("front", ["mail.example.org"], SERVER)
    assert Authority(tmp_path, "Test", NOW + timedelta(days=800)).issue("front", ["mail.example.org"], SERVER)
