"""The operator's listener: what is going on, told on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import succeed

from casd.certificates import Pair
from casd.frontends.admin import Admin
from casd.gather import Alone
from tests.casd.estate import Answer, Client, Estate, basic_auth, get


class Desk:
    """The operator's listener beside a front end."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        doors = [estate.door, estate.mapi, estate.rpc]
        self.certificates: list[Any] = []
        certificates = lambda: self.certificates  # noqa: E731
        self.admin = Admin("fe1", estate.access, estate.metrics, doors, certificates, estate.clock, Alone())

    def ask(self, target: str, host: str = "127.0.0.1:8444", method: str = "GET") -> Answer:
        client = Client(self.admin, self.estate.clock)
        client.send(get(target, host=host, method=method))
        return client.read(method.encode())[0]

    def status(self) -> Any:
        answer = self.ask("/status")
        assert answer.fields["content-type"] == "application/json"
        return json.loads(answer.body)


@pytest.fixture
def desk(estate: Estate) -> Desk:
    return Desk(estate)


def test_figures_are_told_in_prometheus_words(desk: Desk) -> None:
    client = desk.estate.client()
    client.send(get("/ews/", basic_auth()))
    page = desk.ask("/metrics")
    assert page.fields["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        b'casd_pool_connections{server="mbx1",state="open"} 1.0',
        b'casd_pool_connections{server="mbx1",state="idle"} 0.0',
        b'casd_open_requests{door="http"} 1.0', b'casd_open_requests{door="mapihttp"} 0.0', b"casd_directory_up 1.0",
        b'casd_breaker_open{server="mbx1"} 0.0', b'casd_pool_waiting{server="mbx1"} 0.0',
        b'casd_client_connections{door="http"} 1.0',
    ):  # fmt: skip
        assert line in page.body
    desk.estate.clock.advance(0.02)
    desk.estate.servers.last().answer(b"ok")
    page = desk.ask("/metrics")
    for line in (
        b'casd_requests_total{door="http",status="200",vdir="ews"} 1.0',
        b'casd_request_seconds_bucket{door="http",le="0.01"} 0.0',
        b'casd_request_seconds_bucket{door="http",le="0.03"} 1.0',
        b'casd_request_seconds_bucket{door="http",le="+Inf"} 1.0',
        b'casd_request_seconds_count{door="http"} 1.0',
    ):
        assert line in page.body


def test_figures_tell_when_the_directory_is_down(desk: Desk) -> None:
    desk.estate.source.down = True
    desk.estate.client().send(get("/ews/", basic_auth()))
    assert b"casd_directory_up 0.0" in desk.ask("/metrics").body
    assert desk.status()["directory"] == "down"


def test_the_status_tells_servers_databases_pools_and_open_requests(desk: Desk) -> None:
    before = desk.status()
    assert (before["name"], before["directory"], before["pools"]) == ("fe1", "up", [])
    assert [server["name"] for server in before["servers"]] == ["mbx1", "mbx2", "mbx3"]  # though nobody has come yet
    client = desk.estate.client()
    client.send(get("/ews/x", basic_auth()))
    desk.estate.clock.advance(1.5)
    status = desk.status()
    assert {"name": "mbx1", "site": "Main", "version": "15.2"} in status["servers"]
    assert {"name": "DB01", "active": "mbx1", "epoch": 1, "copies": ["mbx1", "mbx2"]} in status["databases"]
    (pool,) = status["pools"]
    assert (pool["server"], pool["endpoint"], pool["open"], pool["breaker"]) == ("mbx1", "10.0.0.1:444", 1, "closed")
    assert status["connections"] == {"http": 1, "mapihttp": 0, "rpchttp": 0}
    (request,) = status["requests"]
    assert (request["method"], request["path"], request["server"], request["seconds"]) == ("GET", "/ews/x", "mbx1", 1.5)
    assert request["user"] == "alice@example.org"
    desk.estate.servers.last().answer(b"ok")
    assert desk.status()["requests"] == []


def test_a_repeated_request_is_told_with_its_user_too(desk: Desk) -> None:
    client = desk.estate.client()
    for _ in range(2):
        client.send(get("/ews/x", basic_auth()))
        assert desk.status()["requests"][0]["user"] == "alice@example.org"
        desk.estate.servers.last().answer(b"ok")


@pytest.mark.negative
@pytest.mark.parametrize(
    "host", ["evil.example.org", "evil.example.org:8444", "127.0.0.1.evil.org:8444", "mail.example.org"]
)
def test_a_web_page_cannot_read_it_through_a_browser(desk: Desk, host: str) -> None:
    assert desk.ask("/status", host).status == 403
    assert desk.ask("/metrics", host).status == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:8444"])
def test_loopback_is_its_name(desk: Desk, host: str) -> None:
    assert desk.ask("/metrics", host).status == 200


@pytest.mark.negative
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_changes_nothing(desk: Desk, method: str) -> None:
    assert desk.ask("/status", method=method).status == 405


class Sibling(Alone):
    """The place of worker 1 of 3, of which one hangs."""

    main = 4711

    def __init__(self, told: Any) -> None:
        self.told = told

    def siblings(self) -> Any:
        return succeed(self.told)


def test_it_tells_for_all_workers(desk: Desk) -> None:
    other = json.dumps(desk.admin.report() | {"worker": 3}).encode()
    desk.admin._place = Sibling([(3, other), (2, None)])
    desk.estate.client().send(get("/ews/", basic_auth()))
    status = desk.status()
    assert [(each["worker"], each["state"]) for each in status["workers"]] == [(1, "up"), (3, "up"), (2, "silent")]
    assert (status["pid"], status["supervised"]) == (4711, True)
    assert [request["worker"] for request in status["requests"]] == [1]
    page = desk.ask("/metrics").body
    assert b'casd_client_connections{door="http"} 1.0' in page
    assert b'casd_worker_up{worker="2"} 0.0' in page


def test_what_a_sibling_says_that_cannot_be_read_is_a_fault_and_no_crash(desk: Desk) -> None:
    desk.admin._place = Sibling([(2, b"garbage")])
    assert desk.ask("/status").status == 502


def test_there_is_nothing_else(desk: Desk) -> None:
    assert desk.ask("/other").status == 404
    client = Client(desk.admin, desk.estate.clock)
    client.send(b"garbage\r\n\r\n")
    assert client.read()[0].status == 400


def test_the_end_of_each_certificate_is_a_figure(desk: Desk) -> None:
    pair = Pair(Path("front.pem"), Path("front.key"))
    end = datetime(2027, 1, 1, tzinfo=UTC)
    one, other = ("mail.example.org", "autodiscover.example.org"), ()
    desk.certificates = [SimpleNamespace(pair=pair, names=names, expires=end) for names in (one, other)]
    figure = "casd_certificate_expiry_timestamp_seconds"
    for name in "mail.example.org", "":
        assert f'{figure}{{certificate="{name}",file="front.pem"}} 1.7987616e+09' in desk.ask("/metrics").body.decode()
    desk.certificates = []
    assert f"{figure}{{" not in desk.ask("/metrics").body.decode()
