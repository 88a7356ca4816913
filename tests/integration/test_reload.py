"""A configuration that changes while clients are at work, and an end that lets them finish."""

from __future__ import annotations

import http.client
import signal
import socket
from datetime import UTC, datetime

from cryptography import x509

from casd.casctl.authority import SERVER, Authority
from casd.casctl.provision import NAMESPACES, ORGANISATION
from casd.testing import layout
from tests.integration.estate import EstateTestCase, listens
from tests.integration.process import PATIENCE, wait_until

NEW = "new.example.org"
LONG = 1 << 26
"""Bytes of an answer that no buffer on the way can hold."""


class Reload(EstateTestCase):
    """One front end before two stand-ins."""

    def setUp(self) -> None:
        super().setUp()
        self.estate.stand_ins()
        self.sections = self.estate.sections("fe1")
        self.front = self.estate.front("fe1", self.sections)
        self.port = self.front.ports["front"]
        self.kept = self._connect()

    def test_a_good_file_takes_effect_and_drops_no_connection(self) -> None:
        (port,) = layout.free_ports("second").values()
        before, status = self._serial(self.port), self._ask(self.kept, NEW)
        streaming = self._begin_long_answer()
        Authority(self.estate.demo, ORGANISATION, datetime.now(UTC)).issue("front", [*NAMESPACES, NEW], SERVER)
        self.sections["http"]["namespaces"] += f" {NEW}"
        self.sections["http"]["listen"] += f" 127.0.0.1:{port}"
        self._reload("configuration reloaded")
        assert (status, self._ask(self.kept, NEW)) == (400, 200)
        assert before != self._serial(self.port) == self._serial(port)
        assert len(streaming.read()) == LONG
        self.report(
            "one connection before and after: the new name answered 400, then 200; new connections and the new port "
            "show the new certificate; 64 MiB under way arrived whole"
        )

    def test_a_bad_file_changes_nothing_and_is_reported(self) -> None:
        self.sections["http"] |= {"namespaces": NEW, "pipelined": "many"}
        line = self._reload("pipelined: ")
        assert (self._ask(self.kept), self._ask(self.kept, NEW)) == (200, 400)
        assert (self._ask(self._connect()), self._ask(self._connect(), NEW)) == (200, 400)
        self.report(line.rpartition("/")[2])

    def test_a_port_that_is_taken_changes_nothing_and_is_reported(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.sections["http"]["namespaces"] = NEW
            self.sections["http"]["listen"] += f" 127.0.0.1:{taken.getsockname()[1]}"
            self._reload(f"{taken.getsockname()[1]}.*in use")
        assert (self._ask(self.kept), self._ask(self.kept, NEW)) == (200, 400)
        assert (self._ask(self._connect()), self._ask(self._connect(), NEW)) == (200, 400)

    def test_an_end_lets_a_client_finish_and_lets_nobody_in(self) -> None:
        assert self._ask(self.kept) == 200
        streaming = self._begin_long_answer()
        self.front.process.signal(signal.SIGTERM)
        wait_until(lambda: not listens(self.port), "the port to be closed")
        assert self.kept.sock.recv(1) == b""
        assert len(streaming.read()) == LONG
        assert self.front.process.wait() == -signal.SIGTERM  # how twistd ends, when all has been done
        self.report("64 MiB begun before SIGTERM arrived whole, an idle connection was closed, nobody else came in")

    def _connect(self) -> http.client.HTTPSConnection:
        connection = self.estate.connect(self.front)
        self.addCleanup(connection.close)
        return connection

    def _ask(self, connection: http.client.HTTPSConnection, host: str = "localhost") -> int:
        connection.request("GET", "/ews/", headers={"Host": host, "Authorization": self.estate.basic("alice")})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _begin_long_answer(self) -> http.client.HTTPResponse:
        connection = self._connect()
        connection.request("GET", f"/ews/?size={LONG}", headers={"Authorization": self.estate.basic("carol")})
        return connection.getresponse()

    def _reload(self, pattern: str) -> str:
        """Write the configuration, say so, and return the line that tells what came of it."""
        layout.write_ini(self.front.ini, self.sections)
        so_far = len(self.front.process.lines)
        self.front.process.signal(signal.SIGHUP)
        return self.front.process.wait_for(pattern, so_far)

    def _serial(self, port: int) -> int:
        """Return the serial number of the certificate that a new connection is shown."""
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            self.estate.context.wrap_socket(plain, server_hostname="localhost") as encrypted,
        ):
            certificate = encrypted.getpeercert(binary_form=True)
        assert certificate
        return x509.load_der_x509_certificate(certificate).serial_number


class ReloadOfWorkers(Reload):
    """The same with two workers."""

    workers = 2
