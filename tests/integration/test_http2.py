"""HTTP/2 as curl and h2load speak it, through a front end to mailbox servers; and clients that mean no good."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event
from hyperframe.frame import ContinuationFrame, HeadersFrame, PingFrame, SettingsFrame

from tests.integration import soap
from tests.integration.estate import EstateTestCase
from tests.integration.process import PATIENCE

REQUESTS = 2000
PSEUDO = [(":method", "GET"), (":scheme", "https"), (":path", "/ews/"), (":authority", "localhost")]


class Http2(EstateTestCase):
    """One front end; what it proxies to shares connections whenever it can."""

    def setUp(self) -> None:
        super().setUp()
        sections = self.estate.sections("fe1")
        sections["pool"]["alone"] = "0"
        self.front = self.estate.front("fe1", sections)

    def test_curl_reaches_a_mailbox_over_http2_on_both_sides(self) -> None:
        self.estate.mailbox_servers()
        for user in ("alice", "carol"):
            for _ in range(2):
                said, body = self.curl("-d", soap.get_inbox().decode(), path="/ews/exchange.asmx", user=user)
                assert said == "2 200"
                assert soap.succeeded(body.encode())
        assert [pool["open"] for pool in self.front.status()["pools"]] == [1, 1]

    def test_a_tunnel_is_asked_for_again_by_http1(self) -> None:
        self.estate.stand_ins()
        said, _ = self.curl("-X", "RPC_IN_DATA", "-d", "x" * 16, path="/rpc/rpcproxy.dll?mbx1:6001", user="alice")
        assert said == "1.1 200"

    def test_h2load_gets_an_answer_to_each_request(self) -> None:
        self.estate.stand_ins()
        command = ["h2load", "-n", str(REQUESTS), "-c", "8", "-m", "50"]
        header = f"Authorization: {self.estate.basic('alice')}"
        done = subprocess.run(
            [*command, "-H", header, f"{self.front.url}/ews/"], capture_output=True, text=True, timeout=120, check=True
        )
        self.report(re.findall("finished in .*", done.stdout)[0])
        assert f"{REQUESTS} succeeded, 0 failed" in done.stdout
        assert "Application protocol: h2" in done.stdout

    def test_a_client_that_means_no_good_is_sent_away_and_nobody_else_notices(self) -> None:
        self.estate.stand_ins()
        attacks = {"resets": _rapid_reset(), "continuation": _continuation(), "pings": _many(PingFrame(0, b"12345678"))}
        attacks |= {"settings": _many(SettingsFrame(0)), "bomb": _bomb()}
        for name, attack in attacks.items():
            assert self.attacked(attack) == ErrorCodes.ENHANCE_YOUR_CALM, name
            assert self.curl(path="/ews/", user="alice")[0] == "2 200"
        assert self.front.metric("casd_rejected_total", door="http", status="429") >= len(attacks) - 1

    def attacked(self, attack: bytes) -> int | None:
        """Send bytes after the preface; return the code of the GOAWAY that comes."""
        context = ssl.create_default_context(cafile=self.estate.demo / "ca.pem")
        context.set_alpn_protocols(["h2"])
        wire = H2Connection(H2Configuration())
        wire.initiate_connection()
        port = self.front.ports["front"]
        with (
            socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as channel,
        ):
            channel.sendall(wire.data_to_send() + attack)
            said = b""
            with contextlib.suppress(ConnectionResetError):
                while data := channel.recv(65536):
                    said += data
        return next(
            (event.error_code for event in _events(wire, said) if isinstance(event, ConnectionTerminated)), None
        )

    def curl(self, *arguments: str, path: str, user: str) -> tuple[str, str]:
        """Return version and status, and the body."""
        who = f"{user}@example.org:{self.estate.password}"
        command = ["curl", "--silent", "--http2", "--cacert", str(self.estate.demo / "ca.pem"), "--user", who]
        form = ["--write-out", "\n%{http_version} %{http_code}", "-H", "Content-Type: text/xml; charset=utf-8"]
        done = subprocess.run(
            [*command, *form, *arguments, self.front.url + path],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        body, _, said = done.stdout.rpartition("\n")
        return said, body


def _events(wire: H2Connection, data: bytes) -> list[Event]:
    # What is answered to streams that this client says it never opened is not looked at.
    goaway = data.find(b"\x07\0\0\0\0\0")
    return wire.receive_data(data[goaway - 3 :]) if goaway >= 3 else []


def _rapid_reset() -> bytes:
    wire = H2Connection(H2Configuration())
    wire.initiate_connection()
    wire.clear_outbound_data_buffer()
    for number in range(1, 1001, 2):
        wire.send_headers(number, PSEUDO, end_stream=True)
        wire.reset_stream(number, ErrorCodes.CANCEL)
    return wire.data_to_send()


def _continuation() -> bytes:
    head = HeadersFrame(1, bytes(1000), flags=["END_STREAM"]).serialize()
    return head + ContinuationFrame(1, b"x").serialize() * 2000


def _many(frame: PingFrame | SettingsFrame) -> bytes:
    return frame.serialize() * 2000


def _bomb() -> bytes:
    wire = H2Connection(H2Configuration())
    large = [("x-large", "a" * 4000)]
    block = wire.encoder.encode(PSEUDO) + wire.encoder.encode(large) + wire.encoder.encode(large) * 5000
    return HeadersFrame(1, block, flags=["END_HEADERS", "END_STREAM"]).serialize()
