"""Certificates that change under a front end at work, and clients that come back to another process."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from casd.casctl.authority import SERVER, Authority
from casd.casctl.provision import NAMESPACES, ORGANISATION
from tests.integration.estate import EstateTestCase
from tests.integration.process import PATIENCE, Process, wait_until

OTHER = "other.example.net"


class Certificates(EstateTestCase):
    """One front end with two certificates, on uvloop's transports."""

    reactor = ""

    def setUp(self) -> None:
        super().setUp()
        self.patch(os, "environ", {**os.environ, "CASD_REACTOR": self.reactor})
        self.estate.stand_ins()
        self.authority = Authority(self.estate.demo, ORGANISATION, datetime.now(UTC))
        self.authority.issue("other", [OTHER], SERVER)
        sections = self.estate.sections("fe1")
        sections["http"] |= {
            "certificate": "demo/front.pem demo/other.pem",
            "private key": "demo/front.key demo/other.key",
            "namespaces": " ".join((*NAMESPACES, OTHER)),
        }
        self.front = self.estate.front("fe1", sections)
        self.port = self.front.ports["front"]

    def test_a_new_certificate_is_shown_within_seconds_and_drops_no_connection(self) -> None:
        kept = self.estate.connect(self.front)
        self.addCleanup(kept.close)
        assert self._ask(kept) == 200
        before = [self._shown(name) for name in ("localhost", OTHER)]
        assert before[0] != before[1]
        socket_of_kept = kept.sock
        self.authority.issue("other", [OTHER, "third.example.net"], SERVER)
        begun = monotonic()
        wait_until(lambda: self._shown(OTHER) != before[1], "the new certificate", 10)
        seconds = monotonic() - begun
        assert self._shown("localhost") == before[0]
        assert self._ask(kept) == 200
        assert kept.sock is socket_of_kept
        self.report(f"the new certificate was shown after {seconds:.1f} s; the connection from before goes on")

    def test_half_a_certificate_is_told_and_not_shown(self) -> None:
        before = self._shown(OTHER)
        file = self.estate.demo / "other.pem"
        whole = file.read_bytes()
        file.write_bytes(whole[:-100])
        self.front.process.wait_for("stays in use: .*other.pem")
        assert self._shown(OTHER) == before
        file.write_bytes(whole)
        self.front.process.wait_for("a new certificate is in use: .*other.pem")
        assert self._shown(OTHER) == before
        end = self.front.metric("casd_certificate_expiry_timestamp_seconds", certificate=OTHER, file=str(file))
        assert end > datetime.now(UTC).timestamp()

    def test_a_client_comes_back_without_a_handshake_after_a_change(self) -> None:
        before = self._shown(OTHER)
        session, reused = self._greet()
        assert not reused
        self.authority.issue("other", [OTHER, "third.example.net"], SERVER)
        wait_until(lambda: self._shown(OTHER) != before, "the new certificate", 10)
        assert self._greet(session)[1]

    def _greet(self, session: ssl.SSLSession | None = None) -> tuple[ssl.SSLSession | None, bool]:
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain,
            self.estate.context.wrap_socket(plain, server_hostname=OTHER, session=session) as encrypted,
        ):
            encrypted.sendall(f"GET /owa/healthcheck.htm HTTP/1.1\r\nHost: {OTHER}\r\n\r\n".encode())
            assert encrypted.recv(100).startswith(b"HTTP/1.1 200")
            return encrypted.session, bool(encrypted.session_reused)

    def _ask(self, connection: http.client.HTTPSConnection) -> int:
        connection.request("GET", "/ews/", headers={"Authorization": self.estate.basic("alice")})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _shown(self, name: str) -> int:
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain,
            self.estate.context.wrap_socket(plain, server_hostname=name) as encrypted,
        ):
            certificate = encrypted.getpeercert(binary_form=True)
        assert certificate
        return x509.load_der_x509_certificate(certificate).serial_number


class CertificatesElsewhere(Certificates):
    """The same on Twisted's own transports."""

    reactor = "default"


class Twins(SynchronousTestCase):
    """Two processes with the same contexts."""

    def test_a_ticket_of_one_is_taken_by_the_other(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(parents=True)
        Authority(folder, "Example", datetime.now(UTC)).issue("front", ["localhost"], SERVER)
        process = Process(sys.executable, "-m", "tests.integration.twins", folder)
        self.addCleanup(process.kill)
        wait_until(lambda: len(process.lines) == 2, "both to listen")
        ports = [int(line.partition(" ")[2]) for line in process.lines]
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            context = ssl.create_default_context(cafile=folder / "ca.pem")
            context.maximum_version = version
            session, reused = self._connect(context, ports[0])
            assert not reused
            assert self._connect(context, ports[1], session)[1]

    def _connect(
        self, context: ssl.SSLContext, port: int, session: ssl.SSLSession | None = None
    ) -> tuple[ssl.SSLSession | None, bool]:
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as encrypted,
        ):
            assert encrypted.recv(1) == b"x"
            return encrypted.session, bool(encrypted.session_reused)
