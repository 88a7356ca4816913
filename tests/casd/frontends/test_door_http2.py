"""The doors as clients of HTTP/2 find them: the same rules, and none of what needs a connection of its own."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from h2.errors import ErrorCodes

from casd.auth import basic
from tests.casd.client2 import Answer2, Client2, asking
from tests.casd.estate import ALICE, BOB, Estate, get

EVERYONE = {mailbox.address: str(mailbox.guid) for mailbox in (ALICE, BOB)}


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def client_of(estate: Estate) -> Client2:
    return Client2(estate.door.buildMultiplexed(None), estate.clock)


def signed(login: str = "alice@example.org") -> tuple[bytes, bytes]:
    return b"authorization", b"Basic " + b64encode(f"{login}:secret".encode())


def test_a_request_passes_with_its_own_fields_and_the_front_ends(estate: Estate) -> None:
    client = client_of(estate)
    number = client.h2.get_next_available_stream_id()
    client.answers[number] = answer = Answer2()
    head = asking("/EWS/Exchange.asmx?a=b", signed(), (b"content-type", b"text/xml"), method="POST")
    client.h2.send_headers(number, head)
    client.say(number, b"hi", ended=True)
    asked = estate.servers.last()
    assert (asked.line, asked.body) == ("POST /EWS/Exchange.asmx?a=b", b"hi")
    assert asked.fields["host"] == "mail.example.org"
    assert asked.fields["x-forwarded-for"] == "192.0.2.7"
    assert (asked.fields["content-length"], asked.fields["content-type"]) == ("2", "text/xml")
    assert asked.assertion.mailbox == str(ALICE.guid)
    asked.answer(b"hello", b"Connection: x-dropped\r\nX-Dropped: 1\r\nX-BEServer: mbx1\r\n")
    client.read()
    assert (answer.status, answer.body, answer.ended) == (200, b"hello", True)
    assert answer.fields["x-beserver"] == "mbx1"
    assert answer.fields["request-id"] == asked.assertion.request_id
    assert not {"connection", "x-dropped", "transfer-encoding", "x-casd-served"} & set(answer.fields)


def test_an_answer_in_chunks_becomes_frames(estate: Estate) -> None:
    client = client_of(estate)
    answer = client.ask(asking("/ews/", signed()))
    asked = estate.servers.last()
    asked.begin()
    asked.chunk(b"first")
    client.read()
    assert (answer.body, answer.ended) == (b"first", False)
    asked.chunk(b"last")
    asked.chunk(b"")
    client.read()
    assert (answer.body, answer.ended) == (b"firstlast", True)


@pytest.mark.negative
def test_an_answer_that_waits_for_its_window_leaves_its_servers_connection_to_others(estate: Estate) -> None:
    client = client_of(estate)
    client.ask(asking("/ews/", signed()))
    estate.servers.last().answer(bytes(70_000))
    other = estate.client()
    other.send(get("/ews/", b": ".join(signed("bob@example.org")) + b"\r\n"))
    estate.servers.last().answer(b"ok")
    assert len(estate.servers.connections) == 1
    assert other.read()[0].body == b"ok"


@pytest.mark.negative
def test_users_on_one_connection_are_never_taken_for_each_other(estate: Estate) -> None:
    client = client_of(estate)
    users = ("alice@example.org", "bob@example.org") * 3
    answers = [(user, client.ask(asking("/ews/", signed(user)))) for user in users]
    for asked in estate.servers.requests():
        asked.answer(asked.assertion.mailbox.encode())
    client.read()
    assert [answer.body.decode() for _, answer in answers] == [EVERYONE[user] for user, _ in answers]


@pytest.mark.negative
@pytest.mark.parametrize("host", ["evil.example.org", "mail.example.org@evil.org", "10.0.0.1", "mail.example.org:x"])
def test_a_host_that_is_not_ours_is_not_served(estate: Estate, host: str) -> None:
    answer = client_of(estate).ask(asking("/ews/", signed(), host=host))
    assert answer.status == 400
    assert estate.servers.connections == []


@pytest.mark.negative
def test_what_only_the_front_end_may_say_is_taken_out(estate: Estate) -> None:
    spoofed = [
        "x-casd-identity",
        "x-forwarded-for",
        "x_forwarded_for",
        "x-commonaccesstoken",
        "x-backendoverridecookie",
    ]
    cookies = (b"cookie", b"a=1"), (b"cookie", b"x-backendcookie=evil"), (b"cookie", b"b=2")
    client_of(estate).ask(asking("/ews/", signed(), *((name.encode(), b"6.6.6.6") for name in spoofed), *cookies))
    asked = estate.servers.last()
    assert "6.6.6.6" not in asked.fields.values()
    assert asked.fields["cookie"] == "a=1; b=2"
    assert asked.assertion.user == "alice@example.org"


@pytest.mark.negative
def test_who_does_not_sign_in_is_not_served(estate: Estate) -> None:
    answer = client_of(estate).ask(asking("/ews/"))
    assert (answer.status, answer.fields["www-authenticate"][:5]) == (401, "Basic")
    assert estate.servers.connections == []


@pytest.mark.negative
@pytest.mark.parametrize("method", ["RPC_IN_DATA", "RPC_OUT_DATA", "GET"])
def test_a_tunnel_comes_by_http1_only(estate: Estate, method: str) -> None:
    client = client_of(estate)
    answer = client.ask(asking("/rpc/rpcproxy.dll?mbx1:6001", signed(), method=method), more=True)
    assert (answer.status, answer.reset) == (0, ErrorCodes.HTTP_1_1_REQUIRED)
    assert estate.servers.connections == []
    assert "505" in estate.logged()[-1]
    assert client.wire.open


@pytest.mark.negative
def test_what_signs_in_a_connection_is_not_offered_on_one_that_many_share(estate: Estate) -> None:
    ntlm: Any = SimpleNamespace(name="ntlm", binds=True, read=lambda *_: None, challenge=lambda _: b"NTLM")
    estate.access.mechanisms = [basic, ntlm]
    client = client_of(estate)
    assert client.ask(asking("/ews/")).reset == ErrorCodes.HTTP_1_1_REQUIRED
    assert client.ask(asking("/ews/", signed())).reset == ErrorCodes.HTTP_1_1_REQUIRED
    assert client.ask(asking("/owa/auth/logon.aspx")).status == 200
    assert estate.client().ask(get("/ews/")).all("www-authenticate")[-1] == "NTLM"
    assert estate.servers.connections == []


def test_connections_are_counted_and_drained_like_all(estate: Estate) -> None:
    client = client_of(estate)
    assert estate.figure('casd_client_connections{door="http"}') == 1
    estate.door.drain()
    estate.settle()
    assert estate.figure('casd_client_connections{door="http"}') == 0
    assert not client.wire.open
