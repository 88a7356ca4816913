"""Nothing that a connection needed outlives it, even when the garbage collector does not come.

The collector is kept away from requests (`casd.tap.settle_collector`): what it would have to find stays for hours.
"""

from __future__ import annotations

import gc
import http.client
import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from casd.net import trunk
from casd.net.backend import Backend
from casd.net.exchange import Exchange
from casd.net.http import Channel
from casd.net.multiplex import Multiplex
from casd.net.transports import LoopTransport
from casd.testing.organisation import Organisation
from tests.casd.client2 import asking

CLIENTS = 5


@pytest.fixture
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def found_by_the_collector() -> set[str]:
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    kinds = (Backend, Channel, Exchange, LoopTransport, Multiplex, trunk.Stream, H2Connection)
    return {type(each).__name__ for each in gc.garbage if isinstance(each, kinds)}


def nobody_is_connected(casd: Organisation) -> bool:
    admin = http.client.HTTPConnection(urlsplit(casd.admin_url).netloc, timeout=60)
    admin.request("GET", "/status")
    status = json.loads(admin.getresponse().read())
    admin.close()
    return not any(status["connections"].values())


def connect(casd: Organisation) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=casd.ca)
    return http.client.HTTPSConnection("localhost", urlsplit(casd.url).port or 0, timeout=60, context=context)


def ask(casd: Organisation, body: bytes = b"", *, wait: bool = True) -> None:
    """Ask once on a connection of its own."""
    connection = connect(casd)
    proof = b64encode(f"alice@example.org:{casd.password}".encode()).decode()
    connection.request("POST", "/ews/exchange.asmx", body, {"Authorization": f"Basic {proof}"})
    if wait:
        connection.getresponse().read()
    connection.close()


def ask2(casd: Organisation, body: bytes) -> None:
    """Ask once over HTTP/2, on a connection of its own."""
    proof = b64encode(f"alice@example.org:{casd.password}".encode())
    fields = asking("/ews/exchange.asmx", (b"authorization", b"Basic " + proof), method="POST", host="localhost")
    context = ssl.create_default_context(cafile=casd.ca)
    context.set_alpn_protocols(["h2"])
    wire = H2Connection(H2Configuration())
    port = urlsplit(casd.url).port or 0
    with (
        socket.create_connection(("localhost", port), 60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as channel,
    ):
        wire.initiate_connection()
        wire.send_headers(1, fields)
        wire.send_data(1, body, end_stream=True)
        ended = False
        while not ended:
            channel.sendall(wire.data_to_send())
            ended = any(isinstance(event, StreamEnded) for event in wire.receive_data(channel.recv(65536)))


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("body", [b"x", b"GetStreamingEvents>"], ids=["alone", "shared"])
def test_a_client_of_http2_that_has_gone_leaves_nothing(casd: Organisation, body: bytes) -> None:
    for _ in range(CLIENTS):
        ask2(casd, body)
    give_up = monotonic() + 60
    while not nobody_is_connected(casd):
        assert monotonic() < give_up
    found = found_by_the_collector()
    assert found - {"H2Connection"} == set()
    assert sum(isinstance(each, H2Connection) for each in gc.garbage) <= CLIENTS  # those of this test's own clients


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize(
    ("body", "wait"), [(b"x", True), (bytes(200_000), True), (b"x", False)], ids=["answered", "streamed", "given up"]
)
def test_a_client_that_has_gone_leaves_nothing(casd: Organisation, body: bytes, wait: bool) -> None:
    if not wait:
        casd.fail("mbx1", "slow")
    for _ in range(CLIENTS):
        ask(casd, body, wait=wait)
    if not wait:
        ask(casd)  # when the slow server has answered this, it is done with those that were given up
    give_up = monotonic() + 60
    while not nobody_is_connected(casd):
        assert monotonic() < give_up
    assert found_by_the_collector() == set()
