"""Nothing that a connection needed outlives it, even when the garbage collector does not come.

The collector is kept away from requests (`casd.tap.settle_collector`): what it would have to find stays for hours.
"""

from __future__ import annotations

import gc
import http.client
import json
import ssl
from base64 import b64encode
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit

import pytest

from casd.net.backend import Backend
from casd.net.exchange import Exchange
from casd.net.http import Channel
from casd.net.transports import LoopTransport
from casd.testing.organisation import Organisation

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
    kinds = (Backend, Channel, Exchange, LoopTransport)
    return {type(each).__name__ for each in gc.garbage if isinstance(each, kinds)}


def nobody_is_connected(casd: Organisation) -> bool:
    admin = http.client.HTTPConnection(urlsplit(casd.admin_url).netloc, timeout=10)
    admin.request("GET", "/status")
    status = json.loads(admin.getresponse().read())
    admin.close()
    return not any(status["connections"].values())


def connect(casd: Organisation) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=casd.ca)
    return http.client.HTTPSConnection("localhost", urlsplit(casd.url).port or 0, timeout=10, context=context)


def ask(casd: Organisation, body: bytes = b"", *, wait: bool = True) -> None:
    """Ask once on a connection of its own."""
    connection = connect(casd)
    proof = b64encode(f"alice@example.org:{casd.password}".encode()).decode()
    connection.request("POST", "/ews/exchange.asmx", body, {"Authorization": f"Basic {proof}"})
    if wait:
        connection.getresponse().read()
    connection.close()


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
    give_up = monotonic() + 10
    while not nobody_is_connected(casd):
        assert monotonic() < give_up
    assert found_by_the_collector() == set()
