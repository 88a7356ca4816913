"""/mail/config-v1.1.xml and its place below /.well-known: for anybody, and the same for everybody of a domain."""

from __future__ import annotations

import pytest
from attrs import evolve
from lxml import etree

from casd.model import ServerKind
from tests.casd.estate import Estate, get

WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
BOTH = ["/mail/config-v1.1.xml", WELL_KNOWN]


@pytest.mark.parametrize("path", [*BOTH, "/MAIL/config-v1.1.xml"])
def test_5_6_139_a_domain_has_a_file(estate: Estate, path: str) -> None:
    answer = estate.client().ask(get(f"{path}?emailaddress=alice%40example.org"))
    assert (answer.status, answer.fields["content-type"]) == (200, "application/xml; charset=utf-8")
    provider = etree.fromstring(answer.body)[0]
    assert provider.get("id") == "example.org"
    assert provider.findtext("incomingServer/ewsURL") == "https://mail.example.org/EWS/Exchange.asmx"


def test_5_6_a_host_names_its_domain_where_no_address_does(estate: Estate) -> None:
    names = estate.house.namespaces | {"autoconfig.example.org"}
    object.__setattr__(estate.house, "namespaces", names)
    assert estate.client().ask(get(BOTH[0], host="autoconfig.example.org")).status == 200
    assert estate.client().ask(get(BOTH[0], host="mail.example.org")).status == 404


@pytest.mark.negative
@pytest.mark.parametrize("path", BOTH)
def test_a_file_tells_nothing_of_who_there_is(estate: Estate, path: str) -> None:
    client = estate.client()
    before = len(estate.source.asked)
    names = ["alice", "nobody", "office", "", "a" * 300, "%22%3E%3C", "alice%00", "alice%40example.org%40"]
    answers = [client.ask(get(f"{path}?emailaddress={name}%40example.org")) for name in names]
    heads = [{**answer.fields, "request-id": ""} for answer in answers]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert heads == [heads[0]] * len(names)
    assert {question.partition(" ")[0] for question in estate.source.asked[before:]} <= {"changed", "topology"}


@pytest.mark.negative
@pytest.mark.parametrize("path", BOTH)
def test_a_file_does_not_follow_anybodys_switches_or_server(estate: Estate, path: str) -> None:
    client = estate.client()
    before = client.ask(get(f"{path}?emailaddress=alice@example.org")).body
    estate.source.mailboxes[0] = evolve(estate.source.mailboxes[0], switches={"ews": False}, database="DB03")
    estate.source.change()
    estate.pass_time(1)
    assert client.ask(get(f"{path}?emailaddress=alice@example.org")).body == before


@pytest.mark.negative
@pytest.mark.parametrize("query", ["?emailaddress=alice@example.net", "?emailaddress=alice", "?emailaddress=@", ""])
def test_a_domain_that_is_not_ours_has_none(estate: Estate, query: str) -> None:
    assert estate.client().ask(get(BOTH[0] + query)).status == 404


def test_a_domain_where_nothing_is_offered_has_none(estate: Estate) -> None:
    servers = {name: evolve(each, kind=ServerKind.DAV) for name, each in estate.source.estate.servers.items()}
    estate.source.change(servers=servers)
    estate.pass_time(1)
    assert estate.client().ask(get(f"{WELL_KNOWN}?emailaddress=alice@example.org")).status == 404


def test_a_directory_that_is_down_has_clients_come_again(estate: Estate) -> None:
    estate.source.down = True
    answer = estate.client().ask(get(f"{WELL_KNOWN}?emailaddress=alice@example.org"))
    assert (answer.status, answer.fields["x-caserrorcode"]) == (503, "DirectoryDown")


@pytest.mark.parametrize("path", ["/mail/", "/mail/config.xml", "/.well-known/", "/.well-known/autoconfig/"])
def test_there_is_nothing_else(estate: Estate, path: str) -> None:
    assert estate.client().ask(get(path)).status == 404
    assert estate.servers.connections == []


def test_nothing_is_posted_here(estate: Estate) -> None:
    assert estate.client().ask(get(BOTH[0], b"Content-Length: 0\r\n", method="POST")).status == 405
