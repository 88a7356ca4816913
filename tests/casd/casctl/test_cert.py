from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from casd import acme_order
from casd.acme import NotIssued
from casd.casctl.authority import SERVER, Authority
from tests.casd.casctl.conftest import Casctl, answer, refused

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


# What clients are shown


def _change(ini: Path, old: str, new: str) -> None:
    content = ini.read_text()
    assert old in content
    ini.write_text(content.replace(old, new))


def test_what_is_shown_is_told_with_the_names_that_it_answers(demo: Casctl, ini: Path) -> None:
    Authority(ini.parent / "demo", "Example", NOW).issue("net", ["mail.example.net"], SERVER)
    _change(ini, "demo/front.pem", "demo/front.pem demo/net.pem")
    _change(ini, "demo/front.key", "demo/front.key demo/net.key")
    _change(ini, "mail.example.org localhost", "mail.example.org 127.0.0.1 mail.example.net")
    front, net, client = answer(demo("cert show --json"))
    assert (front["section"], front["answers"]) == ("http", ["mail.example.org", "127.0.0.1"])
    assert (net["names"], net["answers"]) == (["mail.example.net"], ["mail.example.net"])
    assert (client["section"], client["answers"]) == ("pool", [])
    assert (front["days"], len(front["fingerprint"])) == (824, 64)
    assert front["issuer"].startswith("CN=casd of Example")
    assert "mail.example.net" in demo("cert show").output


def test_good_certificates_are_called_good(demo: Casctl, ini: Path) -> None:
    line = f"cert check --ca {ini.parent}/demo/ca.pem"
    assert demo(line).output == "every name is answered by a good certificate\n"
    assert answer(demo(f"{line} --json")) == {"good": True, "problems": []}


def wrong(casctl: Casctl, ini: Path, *more: str) -> list[str]:
    result = casctl(f"cert check --ca {ini.parent}/demo/ca.pem --json")
    assert result.exit_code == 1
    found: list[str] = json.loads(result.stdout)["problems"]
    return found


def test_an_authority_that_nobody_trusts_is_told(demo: Casctl) -> None:
    result = demo("cert check")
    assert result.exit_code == 1
    assert "whom this machine does not trust" in result.output
    assert "--ca FILE" in result.output


def test_an_authority_that_is_none_is_mistyped(demo: Casctl, ini: Path) -> None:
    result = demo(f"cert check --ca {ini}")
    assert result.exit_code == 2
    assert "holds no certificate (PEM)" in result.output


def test_a_server_has_a_name_that_files_can_have(demo: Casctl, tmp_path: Path) -> None:
    assert "'a/b' is no name" in demo(f"cert init {tmp_path} --server a/b").output


@pytest.mark.parametrize(
    ("spoilt", "said"), [("pem", "front.pem holds no certificate (PEM)"), ("key", "front.key holds no private key")]
)
def test_a_file_that_holds_something_else_is_told(demo: Casctl, ini: Path, spoilt: str, said: str) -> None:
    (ini.parent / "demo" / f"front.{spoilt}").write_text("hello")
    assert said in demo("check").output


def test_a_name_without_a_certificate_is_told(demo: Casctl, ini: Path) -> None:
    _change(ini, "mail.example.org localhost", "mail.example.org mail.example.net")
    (said,) = wrong(demo, ini)
    assert said.startswith("clients that ask for mail.example.net are shown ")
    assert "casctl cert csr" in said


def test_a_key_that_does_not_fit_is_told(demo: Casctl, ini: Path) -> None:
    _change(ini, "demo/front.key", "demo/client.key")
    (said,) = wrong(demo, ini)
    assert "put the key beside the certificate" in said


@pytest.mark.parametrize("order", [(1, 0), (0, 0)])
def test_a_chain_out_of_order_is_told(demo: Casctl, ini: Path, order: tuple[int, int]) -> None:
    front, authority = ini.parent / "demo" / "front.pem", ini.parent / "demo" / "ca.pem"
    chain = [front.read_bytes(), authority.read_bytes()]
    front.write_bytes(chain[0] + b"".join(chain[index] for index in order))
    assert "put them in order" in wrong(demo, ini)[0]


@pytest.mark.parametrize(("days", "said"), [(-800, "days: have it renewed"), (-900, "not good any more")])
def test_an_end_is_told(demo: Casctl, ini: Path, days: int, said: str) -> None:
    folder = ini.parent / "demo"
    for stem in "ca", "front":
        (folder / f"{stem}.key").unlink()
    names = ["mail.example.org", "localhost"]
    Authority(folder, "Example", NOW + timedelta(days=days)).issue("front", names, SERVER)
    (found,) = wrong(demo, ini)
    assert said in found
    (warning,) = answer(demo("check --json"))["warnings"]
    assert said in warning
    assert said in demo("check").output


def test_a_certificate_of_tomorrow_is_told(demo: Casctl, ini: Path) -> None:
    folder = ini.parent / "demo"
    (folder / "front.key").unlink()
    names = ["mail.example.org", "localhost"]
    Authority(folder, "Example", NOW + timedelta(days=1)).issue("front", names, SERVER)
    (found,) = wrong(demo, ini)
    assert "see whether the clock is right" in found


@pytest.mark.parametrize("together", [False, True])
def test_one_may_start_with_a_certificate_that_vouches_for_itself(demo: Casctl, ini: Path, together: bool) -> None:
    _change(ini, "demo/front.pem", "new/front.pem")
    _change(ini, "demo/front.key", "new/front.pem" if together else "new/front.key")
    assert answer(demo("cert self-signed --json"))["names"] == ["mail.example.org", "localhost"]
    assert answer(demo("check --json"))["good"]
    assert answer(demo("cert show --json"))[0]["issuer"] == "CN=mail.example.org"
    (said,) = wrong(demo, ini)
    assert "vouches for itself" in said
    assert "is there already" in refused(demo, "cert self-signed")
    assert (ini.parent / "new" / "front.pem").stat().st_mode & 0o777 == (0o600 if together else 0o644)


def test_a_request_is_made_with_the_key_that_is_in_use(demo: Casctl, ini: Path) -> None:
    request = x509.load_pem_x509_csr(demo("cert csr").output.encode())
    front = x509.load_pem_x509_certificate((ini.parent / "demo" / "front.pem").read_bytes())
    assert request.public_key() == front.public_key()
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.example.org", "localhost"]


def test_a_request_may_have_a_key_and_names_of_its_own(demo: Casctl, ini: Path) -> None:
    new = ini.parent / "new.key"
    line = f"cert csr --key {new} --name mail.example.net --name 192.0.2.1 --json"
    assert [answer(demo(line))[part] for part in ("made", "names")] == [True, ["mail.example.net", "192.0.2.1"]]
    assert not answer(demo(line))["made"]
    assert new.stat().st_mode & 0o777 == 0o600
    new.write_text("nonsense")
    assert "holds no private key" in refused(demo, line)


# An authority that speaks ACME


@pytest.fixture
def acme(demo: Casctl, ini: Path) -> Casctl:
    _change(ini, "demo/front.pem", "acme/certificate.pem")
    _change(ini, "demo/front.key", "acme/certificate.pem")
    with ini.open("a") as file:
        file.write("[acme]\ndirectory = https://acme.example.net/directory\nagree = yes\n")
    demo("cert self-signed")
    return demo


def test_a_certificate_is_renewed_when_it_is_time(acme: Casctl, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(acme_order, "order", lambda _, names: asked.append(names))
    assert answer(acme("cert renew --json"))["renewed"]
    assert asked == [("mail.example.org",)]
    assert "just tried" in acme("cert renew").output
    assert "is new" in acme("cert renew --force").output


def test_what_an_authority_refuses_may_work_later(acme: Casctl, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise NotIssued("not yours")

    monkeypatch.setattr(acme_order, "order", refuse)
    result = acme("cert renew")
    assert result.exit_code == 3
    assert "not yours" in result.output


def test_without_an_authority_nothing_can_be_renewed(demo: Casctl) -> None:
    assert "say [acme] directory" in refused(demo, "cert renew")
