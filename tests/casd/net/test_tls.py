"""What a TLS connection must prove, with either library at either end."""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from casd.certificates import Pair
from casd.net.shown import Shown
from casd.net.tls import ClientTLS, ServerTLS, UntrustedPeer, forget_contexts

Ends = tuple[Any, Any]


def der(file: Path) -> bytes:
    return x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)


def server_tls(folder: Path, name: str = "server", *, asks: bool = False) -> ServerTLS:
    return ServerTLS((Pair(folder / f"{name}.pem", folder / f"{name}.key"),), folder / "ca.pem" if asks else None)


def client_tls(folder: Path, name: str = "mbx1.example.org", **more: Any) -> ClientTLS:
    return ClientTLS(name, **{"ca": (folder / "ca.pem").read_text(), **more})


class Loop:
    """One end as asyncio makes it."""

    def __init__(self, context: ssl.SSLContext, name: str | None = None, session: ssl.SSLSession | None = None) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = context.protocol == ssl.PROTOCOL_TLS_SERVER
        self.wire = context.wrap_bio(self.incoming, self.outgoing, server, name, session)

    def step(self) -> bool:
        try:
            self.wire.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def put(self, data: bytes) -> None:
        self.incoming.write(data)

    def take(self) -> bytes:
        return self.outgoing.read()

    @property
    def shown(self) -> bytes | None:
        return self.wire.getpeercert(binary_form=True)

    @property
    def alpn(self) -> str | None:
        return self.wire.selected_alpn_protocol()


class Twisted:
    """One end as Twisted makes it."""

    def __init__(self, connection: SSL.Connection, *, server: bool) -> None:
        self.wire = connection
        connection.set_accept_state() if server else connection.set_connect_state()

    def step(self) -> bool:
        try:
            self.wire.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def put(self, data: bytes) -> None:
        if data:
            self.wire.bio_write(data)

    def take(self) -> bytes:
        try:
            return self.wire.bio_read(65536)
        except SSL.WantReadError:
            return b""

    @property
    def shown(self) -> bytes | None:
        certificate = self.wire.get_peer_certificate()
        return certificate.to_cryptography().public_bytes(Encoding.DER) if certificate else None

    @property
    def alpn(self) -> str | None:
        return self.wire.get_alpn_proto_negotiated().decode() or None


def shake(server: Any, client: Any) -> None:
    """Let two ends shake hands; raises what either raises."""
    done = {id(client): False, id(server): False}
    for _ in range(20):
        for one, other in ((client, server), (server, client)):
            done[id(one)] = one.step()
            other.put(one.take())
        if all(done.values()):
            server.step()
            client.put(server.take())
            return
    raise AssertionError("no end of the handshake")


def ends(kind: str, server: ServerTLS, client: ClientTLS) -> Ends:
    if kind == "loop":
        return Loop(Shown(server).loop), Loop(client.loop_context(), client.name)
    protocol: Any = None
    return (
        Twisted(Shown(server).twisted.serverConnectionForTLS(protocol), server=True),
        Twisted(client.twisted_context().clientConnectionForTLS(protocol), server=False),
    )


KINDS = pytest.mark.parametrize("kind", ["loop", "twisted"])
FAILED = (ssl.SSLError, SSL.Error)


@KINDS
def test_a_front_end_and_a_server_prove_themselves_to_each_other(certificates: Path, kind: str) -> None:
    client = client_tls(certificates, certificate=certificates / "client.pem", key=certificates / "client.key")
    one, other = ends(kind, server_tls(certificates, asks=True), client)
    shake(one, other)
    client.verify(other.shown)
    assert one.shown == der(certificates / "client.pem")
    version = one.wire.version() if kind == "loop" else one.wire.get_protocol_version_name()
    assert version == "TLSv1.3"


@pytest.mark.negative
@KINDS
def test_a_server_takes_no_client_without_a_certificate(certificates: Path, kind: str) -> None:
    one, other = ends(kind, server_tls(certificates, asks=True), client_tls(certificates))
    with pytest.raises(FAILED):
        shake(one, other)


@pytest.mark.negative
@KINDS
def test_a_server_of_another_authority_is_not_trusted(certificates: Path, kind: str) -> None:
    one, other = ends(kind, server_tls(certificates, "stranger-server"), client_tls(certificates))
    with pytest.raises(FAILED):
        shake(one, other)


@pytest.mark.negative
@KINDS
@pytest.mark.parametrize("name", ["mbx2.example.org", "example.org", "127.0.0.2", "::1"])
def test_a_server_of_another_name_is_not_trusted(certificates: Path, kind: str, name: str) -> None:
    client = client_tls(certificates, name)
    one, other = ends(kind, server_tls(certificates), client)
    shake(one, other)
    with pytest.raises(UntrustedPeer, match=r"another name"):
        client.verify(other.shown)


@pytest.mark.parametrize("name", ["mbx1.example.org", "127.0.0.1"])
def test_a_server_is_known_by_name_or_address(certificates: Path, name: str) -> None:
    client_tls(certificates, name).verify(der(certificates / "server.pem"))


@KINDS
def test_a_pin_is_enough_where_no_authority_is_given(certificates: Path, kind: str) -> None:
    pin = hashlib.sha256(der(certificates / "stranger-server.pem")).hexdigest().upper()
    client = client_tls(certificates, "anything", ca="", pin=pin)
    one, other = ends(kind, server_tls(certificates, "stranger-server"), client)
    shake(one, other)
    client.verify(other.shown)


@pytest.mark.negative
@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({"pin": "00" * 32}, "than the pinned one"),
        ({"pin": "00" * 32, "ca": ""}, "than the pinned one"),
        ({"ca": ""}, "neither an authority nor a pin"),
    ],
)
def test_without_proof_nothing_is_sent(certificates: Path, instead: dict[str, str], said: str) -> None:
    with pytest.raises(UntrustedPeer, match=said):
        client_tls(certificates, **instead).verify(der(certificates / "server.pem"))


@pytest.mark.negative
@pytest.mark.parametrize("shown", [None, b""])
def test_a_server_that_shows_nothing_is_not_trusted(certificates: Path, shown: bytes | None) -> None:
    with pytest.raises(UntrustedPeer, match=r"no certificate"):
        client_tls(certificates).verify(shown)


def offering(folder: Path, kind: str, offered: list[str]) -> Ends:
    """Return both ends, where the client offers these protocols."""
    one, other = ends(kind, server_tls(folder), client_tls(folder))
    if kind == "loop":
        context = ssl.create_default_context(cadata=(folder / "ca.pem").read_text())
        context.set_alpn_protocols(offered)
        return one, Loop(context, "mbx1.example.org")
    other.wire.set_alpn_protos([name.encode() for name in offered])
    return one, other


@KINDS
@pytest.mark.parametrize("offered", [["h2", "http/1.1"], ["http/1.1"]])
def test_http_1_1_is_agreed_upon(certificates: Path, kind: str, offered: list[str]) -> None:
    one, other = offering(certificates, kind, offered)
    shake(one, other)
    assert one.alpn == "http/1.1"


@pytest.mark.negative
@KINDS
def test_a_client_that_offers_only_other_protocols_is_told_so_in_the_handshake(certificates: Path, kind: str) -> None:
    one, other = offering(certificates, kind, ["imap", "pop3"])
    other.step()
    one.put(other.take())
    with suppress(FAILED):
        one.step()
    other.put(one.take())
    with pytest.raises(FAILED, match=r"(?i)no.application.protocol"):
        other.step()
    with pytest.raises(FAILED):
        one.step()


@pytest.mark.negative
@KINDS
def test_no_version_below_1_2_is_spoken(certificates: Path, kind: str) -> None:
    one, _ = ends(kind, server_tls(certificates), client_tls(certificates))
    old = SSL.Context(SSL.TLS_CLIENT_METHOD)
    old.set_min_proto_version(SSL.TLS1_VERSION)
    old.set_max_proto_version(SSL.TLS1_1_VERSION)
    old.set_cipher_list(b"ALL:@SECLEVEL=0")
    with pytest.raises(FAILED):
        shake(one, Twisted(SSL.Connection(old, None), server=False))


@KINDS
def test_a_client_names_the_server_it_wants(certificates: Path, kind: str) -> None:
    for name, named in (("mbx1.example.org", "mbx1.example.org"), ("127.0.0.1", None)):
        one, other = ends(kind, server_tls(certificates), client_tls(certificates, name))
        if kind == "loop":
            shake(one, other)
            continue
        shake(one, other)
        assert one.wire.get_servername() == (named.encode() if named else None)


def test_contexts_are_made_once_until_they_are_to_be_forgotten(certificates: Path) -> None:
    client = client_tls(certificates)
    first = client.loop_context(), client.twisted_context()
    assert (client.loop_context(), client.twisted_context()) == first
    forget_contexts()
    assert client.loop_context() is not first[0]
    assert client.twisted_context() is not first[1]


@KINDS
def test_all_suites_of_1_2_are_strong_so_the_client_chooses(certificates: Path, kind: str) -> None:
    for wanted in "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256":
        one, other = ends(kind, server_tls(certificates), client_tls(certificates))
        context = ssl.create_default_context(cadata=(certificates / "ca.pem").read_text())
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{wanted}:ALL")
        other = Loop(context, "mbx1.example.org")
        shake(one, other)
        assert other.wire.cipher()[0] == wanted


@pytest.mark.negative
@pytest.mark.parametrize("weak", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"])
@KINDS
def test_no_suite_outside_the_profile_is_spoken(certificates: Path, kind: str, weak: str) -> None:
    one, _ = ends(kind, server_tls(certificates), client_tls(certificates))
    context = ssl.create_default_context(cadata=(certificates / "ca.pem").read_text())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{weak}:@SECLEVEL=0")
    with pytest.raises(FAILED):
        shake(one, Loop(context, "mbx1.example.org"))
