"""healthcheck.htm under every virtual directory."""

from __future__ import annotations

import pytest

from casd.frontends import http, mapihttp, rpchttp
from tests.casd.estate import Estate, get

VDIRS = [vdir for module in (http, mapihttp, rpchttp) for vdir in module.VDIRS]


@pytest.mark.parametrize("path", [path for vdir in VDIRS for path in vdir.paths if path != "casd"])
def test_every_path_has_a_health_page_without_sign_in(estate: Estate, path: str) -> None:
    answer = estate.client().ask(get(f"/{path}/HealthCheck.htm"))
    assert (answer.status, answer.body) == (200, b"200 OK<br/>mail.example.org")
    assert estate.servers.connections == []


def test_head_is_answered_too(estate: Estate) -> None:
    answer = estate.client().ask(get("/owa/healthcheck.htm", method="HEAD"))
    assert (answer.status, answer.body, answer.fields["content-length"]) == (200, b"", "27")


def test_a_component_that_an_operator_took_out_is_out_by_itself(estate: Estate) -> None:
    estate.source.change(components={("fe1", "MapiProxy"): False, ("fe2", "EwsProxy"): False})
    pages = {path: estate.client().ask(get(f"/{path}/healthcheck.htm")) for path in ("mapi", "ews", "owa")}
    assert {path: answer.status for path, answer in pages.items()} == {"mapi": 503, "ews": 200, "owa": 200}
    assert pages["mapi"].fields["connection"] == "close"


def test_a_front_end_that_is_offline_has_no_healthy_page(estate: Estate) -> None:
    estate.source.change(components={("fe1", "ServerWideOffline"): False})
    assert {estate.client().ask(get(f"/{path}/healthcheck.htm")).status for path in ("mapi", "ews", "owa")} == {503}


def test_a_page_tells_of_the_front_end_and_not_of_its_directory(estate: Estate) -> None:
    estate.source.down = True
    assert estate.client().ask(get("/ews/healthcheck.htm")).status == 200


@pytest.mark.parametrize("path", ["/ews/x/healthcheck.htm", "/healthcheck.htm", "/ews/healthcheck.htmx"])
def test_no_other_page_is_open(estate: Estate, path: str) -> None:
    assert estate.client().ask(get(path)).status in {401, 404}
