"""The client's true address behind a real load balancer, and the front end's own connections to servers that ask."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
from typing import Any
from unittest import mock

import pytest

from casd.testing import layout
from tests.integration.estate import EstateTestCase, FrontEnd, listens
from tests.integration.process import Process, wait_until

CLIENT, BALANCER = "127.0.0.5", "127.0.0.9"

HAPROXY = """
global
  log stdout format raw local0
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen one
  bind 127.0.0.1:{one}
  server front 127.0.0.1:{front} send-proxy source {balancer}
listen two
  bind 127.0.0.1:{two}
  server front 127.0.0.1:{front} send-proxy-v2 source {balancer} check check-send-proxy inter 100ms
"""


class Behind(EstateTestCase):
    """A front end on uvloop, before stand-ins, behind HAProxy."""

    environment: dict[str, str] = {}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        environment = mock.patch.dict(os.environ, self.environment)
        environment.start()
        self.addCleanup(environment.stop)
        self.estate.stand_ins()
        self.balanced = layout.free_ports("one", "two")

    def test_the_client_of_a_balancer_is_the_client(self) -> None:
        front = self.estate.front("fe1", self.sections(BALANCER))
        self.haproxy(front)
        for name in ("one", "two"):
            assert self.asked(self.balanced[name]) == CLIENT
        assert self.asked(front.ports["front"]) == CLIENT, "who comes straight needs no header"
        wait_until(lambda: self.logged() == [CLIENT] * 3, "the log")

    def test_who_is_no_balancer_is_not_believed(self) -> None:
        front = self.estate.front("fe1", self.sections(BALANCER))
        for header in (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"):
            with pytest.raises(OSError, match=r"."):
                self.open(front.ports["front"], CLIENT, header)
        with pytest.raises(OSError, match=r"."):
            self.open(front.ports["front"], BALANCER)
        header = b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n"
        assert self.ask(self.open(front.ports["front"], BALANCER, header)) == "192.0.2.7"
        plain = http.client.HTTPConnection("localhost", front.ports["plain"])
        plain.sock = self.wire(front.ports["plain"], BALANCER)
        plain.sock.sendall(header)
        plain.request("GET", "/owa/")
        assert plain.getresponse().status == 302

    def test_a_reload_puts_a_balancer_before_a_port_and_takes_it_away(self) -> None:
        front = self.estate.front("fe1")
        kept = self.open(front.ports["front"], BALANCER)
        assert self.ask(kept) == BALANCER
        for balancers in (BALANCER, f"{BALANCER} 127.0.0.8", ""):
            before = len(front.process.lines)
            layout.write_ini(front.ini, self.sections(balancers))
            front.process.signal(signal.SIGHUP)
            front.process.wait_for("configuration reloaded", before)
            header = b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n" if balancers else b""
            client = "192.0.2.7" if balancers else BALANCER
            assert self.ask(self.open(front.ports["front"], BALANCER, header)) == client
            assert self.ask(kept) == BALANCER, "no connection is dropped"

    def logged(self) -> list[str]:
        """Return the clients of the log's lines."""
        lines = (self.estate.folder / "fe1.log").read_text().splitlines()
        return [json.loads(line)["client"] for line in lines]

    def sections(self, balancers: str) -> layout.Sections:
        sections = self.estate.sections("fe1")
        sections["http"]["proxy protocol"] = balancers
        return sections

    def haproxy(self, front: FrontEnd) -> None:
        file = self.estate.folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(**self.balanced, front=front.ports["front"], balancer=BALANCER))
        balancer = Process("haproxy", "-f", file)
        self.addCleanup(balancer.kill)
        for port in self.balanced.values():
            wait_until(lambda port=port: listens(port), "HAProxy to listen")  # type: ignore[misc]

    def asked(self, port: int) -> str:
        return self.ask(self.open(port, CLIENT))

    def wire(self, port: int, source: str) -> socket.socket:
        wire = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
        self.addCleanup(wire.close)
        return wire

    def open(self, port: int, source: str, header: bytes = b"") -> http.client.HTTPSConnection:
        """Return a client's connection; a header may stand before TLS."""
        wire = self.wire(port, source)
        wire.sendall(header)
        connection = http.client.HTTPSConnection("localhost", port)
        connection.sock = self.estate.context.wrap_socket(wire, server_hostname="localhost")
        self.addCleanup(connection.close)
        return connection

    def ask(self, connection: http.client.HTTPSConnection) -> str:
        """Return the client's address as a mailbox server is told."""
        connection.request("GET", "/ews/exchange.asmx", headers={"Authorization": self.estate.basic("alice")})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return str(answer["client"])


class BehindOnTwistedsSockets(Behind):
    """The same on Twisted's own sockets."""

    environment = {"CASD_REACTOR": "default"}  # noqa: RUF012


class Before(EstateTestCase):
    def test_a_server_that_wants_a_header_gets_one(self) -> None:
        ports = {**self.estate.ports, "front": self.estate.ports["fe1.front"]}
        sections = layout.mailbox_servers(ports)
        for section in sections.values():
            section["proxy protocol"] = "127.0.0.0/8"
        front = self.estate.front("fe1", {**self.estate.sections("fe1"), **sections})
        assert self.asked(front) == 503
        for version in ("v1", "v2"):
            self.estate.casctl("server", "set", "mbx1", "--proxy-protocol", version, ini=front.ini)
            wait_until(lambda: self.asked(front) == 200, "mbx1 to answer")
            self.estate.casctl("database", "mount", "DB01", ini=front.ini)

    def asked(self, front: FrontEnd) -> int:
        """Return the status of the answer to the demo's question for alice's inbox."""
        connection = self.estate.connect(front)
        self.addCleanup(connection.close)
        headers = {"Authorization": self.estate.basic("alice"), "Content-Type": "text/xml"}
        connection.request("POST", "/ews/exchange.asmx", (self.estate.demo / "inbox.xml").read_bytes(), headers)
        return connection.getresponse().status
