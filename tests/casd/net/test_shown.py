"""What listeners show: by name, as the files change, to clients that come back; the same with either library."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from attrs import evolve
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher

from casd.casctl.authority import CLIENT, SERVER, Authority
from casd.certificates import BadCertificate, Pair
from casd.net import aside
from casd.net.alpn_challenge import challenge
from casd.net.shown import INTERVAL, Shown, Watched, start_looking
from casd.net.tls import ServerTLS
from tests.casd.net.test_tls import FAILED, Loop, Twisted, der, shake

NOW = datetime.now(UTC)
KINDS = pytest.mark.parametrize("kind", ["loop", "twisted"])
VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


class Listener:
    """A folder with certificates, a listener that shows them, and clients of Python's ssl."""

    def __init__(self, folder: Path, kind: str, *stems: str, asks: bool = False) -> None:
        self.folder = folder
        self.kind = kind
        self.authority = Authority(folder, "Example", NOW)
        self.authority.issue("org", ["mail.example.org", "*.example.org"], SERVER)
        self.authority.issue("net", ["mail.example.net"], SERVER)
        self.authority.issue("client", ["fe1"], CLIENT)
        self.tls = ServerTLS(tuple(map(self.pair, stems or ("org", "net"))), folder / "ca.pem" if asks else None)
        self.shown = Shown(self.tls)

    def prepare(self, *stems: str) -> Callable[[], None]:
        return self.shown.prepare(evolve(self.tls, pairs=tuple(map(self.pair, stems))))

    def pair(self, stem: str) -> Pair:
        return Pair(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")

    def client(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.maximum_version = version
        context.load_verify_locations(self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        return context

    def connect(self, context: ssl.SSLContext, name: str | None, session: Any = None) -> Any:
        """Return a client after its handshake, with the ticket that came behind it."""
        wire: Any = None
        server: Any = (
            Loop(self.shown.loop)
            if self.kind == "loop"
            else Twisted(self.shown.twisted.serverConnectionForTLS(wire), server=True)
        )
        client = Loop(context, name, session)
        shake(server, client)
        server.wire.write(b"x") if self.kind == "loop" else server.wire.send(b"x")
        client.put(server.take())
        assert client.wire.read(1) == b"x"
        return client

    def shows(self, name: str | None) -> bytes | None:
        return self.connect(self.client(), name).shown

    def renew(self, stem: str, *names: str) -> bytes:
        self.authority.issue(stem, names, SERVER)
        return der(self.folder / f"{stem}.pem")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    lines: list[str] = []

    def note(event: Any) -> None:
        if event["log_namespace"].startswith("casd.net.shown"):
            lines.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(note)
    yield lines
    globalLogPublisher.removeObserver(note)


@KINDS
def test_the_name_that_a_client_asks_for_chooses_the_certificate(tmp_path: Path, kind: str) -> None:
    listener = Listener(tmp_path, kind)
    org, net = (der(tmp_path / f"{stem}.pem") for stem in ("org", "net"))
    assert listener.shows("mail.example.net") == net
    assert listener.shows("MAIL.example.NET") == net
    for name in "mail.example.org", "autodiscover.example.org", "a.b.example.net", None:
        assert listener.shows(name) == org


@KINDS
def test_a_new_certificate_is_shown_as_soon_as_it_stands_there(tmp_path: Path, kind: str) -> None:
    listener = Listener(tmp_path, kind)
    new = listener.renew("net", "mail.example.net", "new.example.net")
    assert listener.shows("mail.example.net") != new
    listener.shown.look(NOW)
    assert listener.shows("mail.example.net") == listener.shows("new.example.net") == new


@KINDS
def test_a_key_of_another_kind_takes_the_place_of_the_one_before(tmp_path: Path, kind: str) -> None:
    listener = Listener(tmp_path, kind)
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example.net")])
    end = NOW + timedelta(days=90)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(1), end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("mail.example.net")]), critical=False)
    pair = listener.pair("net")
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    pair.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    listener.shown.look(NOW)
    client = listener.client()
    client.verify_mode = ssl.CERT_NONE
    assert listener.connect(client, "mail.example.net").shown == der(pair.certificate)


@pytest.mark.negative
@KINDS
@pytest.mark.parametrize("spoil", ["half", "key", "gone"])
def test_a_bad_pair_is_logged_once_and_changes_nothing(
    tmp_path: Path, kind: str, spoil: str, logged: list[str]
) -> None:
    listener = Listener(tmp_path, kind)
    before = listener.shows("mail.example.net")
    pair = listener.pair("net")
    content = pair.certificate.read_bytes()
    if spoil == "half":
        pair.certificate.write_bytes(content[:-30])
    elif spoil == "key":
        pair.key.write_bytes((tmp_path / "client.key").read_bytes())
    else:
        pair.certificate.unlink()
    org = listener.renew("org", "mail.example.org")
    for _ in range(3):
        listener.shown.look(NOW)
    assert listener.shows("mail.example.net") == before
    assert listener.shows("mail.example.org") == org  # the others are none the worse
    assert sum("net.pem" in line and "stays in use" in line for line in logged) == 1
    listener.authority.issue("net", ["mail.example.net"], SERVER)
    pair.certificate.write_bytes(pair.certificate.read_bytes())
    listener.shown.look(NOW)
    assert listener.shows("mail.example.net") == der(pair.certificate)


def test_files_that_change_between_reading_and_showing_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[str]
) -> None:
    listener = Listener(tmp_path, "loop")
    before = listener.shows("mail.example.net")
    listener.renew("net", "new.example.net")

    def gone(*_: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as without:
        without.setattr(ServerTLS, "loop_context", gone)
        for _ in range(3):
            listener.shown.look(NOW)
    assert listener.shows("mail.example.net") == before
    assert ["stays in use" in line for line in logged] == [True]
    listener.shown.look(NOW)  # though nothing has changed since
    assert listener.shows("new.example.net") == der(tmp_path / "net.pem")


def test_a_right_to_read_is_noticed(tmp_path: Path) -> None:
    listener = Listener(tmp_path, "loop", "net")
    watched = Watched(listener.pair("net"), str)
    watched.pair.key.chmod(0o640)
    assert watched.changed()
    assert not watched.changed()


@KINDS
def test_a_reload_may_name_other_files(tmp_path: Path, kind: str) -> None:
    listener = Listener(tmp_path, kind, "org")
    show = listener.prepare("net", "org")
    org, net = (der(tmp_path / f"{stem}.pem") for stem in ("org", "net"))
    assert listener.shows("mail.example.net") == org
    show()
    assert (listener.shows("mail.example.net"), listener.shows(None)) == (net, net)
    assert [each.pair.certificate.stem for each in listener.shown.certificates] == ["net", "org"]


@pytest.mark.negative
def test_a_reload_with_a_bad_file_is_refused(tmp_path: Path) -> None:
    listener = Listener(tmp_path, "loop", "org")
    with pytest.raises(BadCertificate):
        listener.prepare("none")
    assert listener.shows(None) == der(tmp_path / "org.pem")


@KINDS
@VERSIONS
@pytest.mark.parametrize("asks", [False, True])
def test_a_client_comes_back_without_a_handshake_after_a_change_too(
    tmp_path: Path, kind: str, version: ssl.TLSVersion, asks: bool
) -> None:
    listener = Listener(tmp_path, kind, asks=asks)
    context = listener.client(version)
    first = listener.connect(context, "mail.example.net")
    assert not first.wire.session_reused
    listener.renew("net", "mail.example.net", "new.example.net")
    listener.renew("org", "mail.example.org")
    listener.shown.look(NOW)
    again = listener.connect(context, "mail.example.net", first.wire.session)
    assert again.wire.session_reused
    listener.prepare("net")()
    assert listener.connect(context, "mail.example.net", again.wire.session).wire.session_reused


@pytest.mark.negative
@KINDS
def test_a_ticket_of_another_listener_is_worth_nothing(tmp_path: Path, kind: str) -> None:
    one = Listener(tmp_path, kind)
    other = Listener(tmp_path, kind, asks=True)
    context = one.client()
    ticket = one.connect(context, "mail.example.net").wire.session
    assert not other.connect(context, "mail.example.net", ticket).wire.session_reused


def test_the_authority_of_clients_is_looked_at_too(tmp_path: Path) -> None:
    listener = Listener(tmp_path, "loop", asks=True)
    before = listener.shown._default
    (tmp_path / "ca.pem").write_bytes((tmp_path / "ca.pem").read_bytes() + b"\n")
    listener.shown.look(NOW)
    assert listener.shown._default is not before


def test_the_end_of_a_certificate_is_told_once_a_day_from_a_month_before(tmp_path: Path, logged: list[str]) -> None:
    listener = Listener(tmp_path, "loop", "org")
    watched = Watched(listener.pair("org"), str)
    end = watched.certificate.expires
    for hours in range(24 * 29, 24 * 33):
        watched.warn(end - timedelta(hours=24 * 61 - hours))
    assert len(logged) == 2
    assert "org.pem ends at " in logged[0]
    assert "in 29 days: have it renewed" in logged[0]
    listener.shown.look(end + timedelta(hours=1))
    assert "it is not good any more" in logged[-1]


def test_a_share_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Clock):
        """A reactor, and threads that come to an end when a test says so."""

        def __init__(self) -> None:
            super().__init__()
            self.threads: list[Callable[[], None]] = []

        def callFromThread(self, function: Callable[[Any], None], found: Any) -> None:
            function(found)

        def begin(self, target: Callable[[], None], **_: Any) -> Any:
            return Mock(start=lambda: self.threads.append(target))

    reactor, look = Hanging(), Mock()
    monkeypatch.setattr(aside, "Thread", reactor.begin)
    stop = start_looking(reactor, Mock(), look)
    reactor.advance(INTERVAL)
    reactor.pump([INTERVAL] * 10)
    assert (len(reactor.threads), look.call_count) == (1, 0)  # one waits, and nobody for it
    reactor.threads[0]()
    assert look.call_count == 1
    reactor.advance(INTERVAL)
    stop()
    reactor.threads[1]()
    assert look.call_count == 1
    assert reactor.getDelayedCalls() == []


# An authority that asks by tls-alpn-01


class Asked(Listener):
    """A listener beside a folder, in which somebody laid out what an authority is to see."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(folder, kind)
        (folder / "challenges").mkdir()
        self.authority.issue("proof", ["mail.example.net"], SERVER)
        parts = [(folder / name).read_bytes() for name in ("proof.key", "proof.pem")]
        (folder / "challenges" / "mail.example.net.pem").write_bytes(b"".join(parts))
        self.shown.prepare(evolve(self.tls, challenges=folder / "challenges"))()

    def ask(self, name: str | None, *offered: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Any:
        context = self.client(version)
        context.set_alpn_protocols(offered)
        client = self.connect(context, name)
        return client.shown, client.alpn


@KINDS
def test_an_authority_that_asks_is_shown_what_was_laid_out_for_the_name(tmp_path: Path, kind: str) -> None:
    listener = Asked(tmp_path, kind)
    proof, net = (der(tmp_path / f"{stem}.pem") for stem in ("proof", "net"))
    assert listener.ask("Mail.example.NET", "acme-tls/1") == (proof, "acme-tls/1")
    assert listener.ask("mail.example.net", "h2", "http/1.1") == (net, "http/1.1")
    (tmp_path / "challenges" / "mail.example.net.pem").unlink()
    refused(listener, "mail.example.net")


def refused(listener: Asked, name: str | None) -> None:
    """Ask as an authority does, and nobody is to answer."""
    with pytest.raises(FAILED, match=r"(?i)no.(application.)?protocol"):
        listener.ask(name, "acme-tls/1")


def test_an_authority_may_ask_by_1_2_too(tmp_path: Path) -> None:
    listener = Asked(tmp_path, "loop")
    shown = listener.ask("mail.example.net", "acme-tls/1", version=ssl.TLSVersion.TLSv1_2)
    assert shown == (der(tmp_path / "proof.pem"), "acme-tls/1")


@pytest.mark.negative
@KINDS
@pytest.mark.parametrize("name", ["mail.example.org", None])
def test_nobody_is_shown_what_was_laid_out_for_another(tmp_path: Path, kind: str, name: str | None) -> None:
    refused(Asked(tmp_path, kind), name)


@pytest.mark.negative
@pytest.mark.parametrize("name", ["../proof", "/proof", "..", "", None, "a\0b", "a" * 254])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str | None) -> None:
    Asked(tmp_path, "loop")
    assert challenge(tmp_path / "challenges", name) is None
    assert challenge(tmp_path / "challenges", "mail.example.net")


@KINDS
def test_without_a_folder_nobody_is_asked(tmp_path: Path, kind: str) -> None:
    listener = Asked(tmp_path, kind)
    listener.shown.prepare(listener.tls)()
    refused(listener, "mail.example.net")


def test_what_an_authority_offers_may_come_in_pieces(tmp_path: Path) -> None:
    listener = Asked(tmp_path, "loop")
    context = listener.client()
    context.set_alpn_protocols(["acme-tls/1"])
    client, server = Loop(context, "mail.example.net"), Loop(listener.shown.loop)
    client.step()
    hello = client.take()
    for cut in hello[:60], hello[60:-20], hello[-20:]:
        server.put(cut)
        server.step()
    client.put(server.take())
    shake(server, client)
    assert client.shown == der(tmp_path / "proof.pem")
