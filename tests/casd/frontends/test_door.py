"""The doors: who may come in, by which host and path, and what every answer says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from casd import accesslog
from casd.accesslog import AccessLog
from casd.model import Mailbox
from casd.net.exchange import Exchange
from casd.vdirs.ews import Ews
from tests.casd.estate import ALICE, CAROL, MBX1, NOON, Answer, Estate, basic_auth, get, post, result, settings


def slowly(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have passwords checked when what is returned is called."""
    pending: list[Callable[[], None]] = []

    def run(function: Any, *args: Any) -> Deferred[Any]:
        checked: Deferred[Any] = Deferred()
        pending.append(lambda: checked.callback(function(*args)))
        return checked

    def checked() -> None:
        pending.pop()()

    monkeypatch.setattr(estate.passwords, "_run", run)
    return checked


def ask(estate: Estate, data: bytes) -> Answer:
    """Return the answer to a request of a client of its own."""
    return estate.client().ask(data)


# Hosts


@pytest.mark.negative
@pytest.mark.parametrize(
    "head",
    [
        b"GET /ews/ HTTP/1.1\r\n",
        b"GET /ews/ HTTP/1.0\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: evil.example.org\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org.evil.org\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org@evil.org\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org:\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org:x\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: 10.0.0.1\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org\r\nHost: mail.example.org\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: " + b"a" * 5000 + b"\r\n",
        b"GET https://evil.example.org/ews/ HTTP/1.1\r\nHost: mail.example.org\r\n",
        b"GET https://mail.example.org/ews/ HTTP/1.1\r\n",
    ],
)
def test_a_host_that_is_not_ours_is_not_served(estate: Estate, head: bytes) -> None:
    answer = ask(estate, head + basic_auth() + b"\r\n")
    assert answer.status == 400
    assert answer.fields["x-feserver"] == "fe1"
    assert estate.servers.connections == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET /ews/ HTTP/1.1\r\nHost: mail.example.org\r\n",
        b"GET /ews/ HTTP/1.1\r\nHost: MAIL.Example.org:8443\r\n",
        b"GET /ews/ HTTP/1.0\r\nHost: localhost\r\n",
        b"GET https://localhost:8443/ews/ HTTP/1.1\r\nHost: evil.example.org\r\n",
    ],
)
def test_a_host_of_ours_is_served(estate: Estate, head: bytes) -> None:
    estate.client().send(head + basic_auth() + b"\r\n")
    assert estate.servers.last().fields["host"] in {"mail.example.org", "localhost"}


def test_many_hosts_do_not_fill_the_memory(estate: Estate) -> None:
    client = estate.client()
    for number in range(1100):
        assert client.ask(get("/ews/", host=f"h{number}")).status == 400
    assert client.ask(get("/nothing")).status == 404


# Paths


@pytest.mark.parametrize("path", ["/ews/", "/EWS/Exchange.asmx", "/eWs", "/%65ws/x", "//ews/"])
def test_a_path_matches_without_regard_to_case(estate: Estate, path: str) -> None:
    estate.client().send(get(path, basic_auth()))
    assert estate.servers.last().line.lower().startswith("get /ews")


@pytest.mark.parametrize(
    ("path", "door", "protocol"),
    [
        ("/ews/", "http", "ews"),
        ("/api/", "http", "api"),
        ("/oab/", "http", "oab"),
        ("/Microsoft-Server-ActiveSync", "http", "eas"),
        ("/mapi/emsmdb/", "mapihttp", "mapi"),
        ("/rpc/rpcproxy.dll", "rpchttp", "rpc"),
        ("/RpcWithCert/rpcproxy.dll", "rpchttp", "rpc"),
    ],
)
def test_each_path_belongs_to_its_door(estate: Estate, path: str, door: str, protocol: str) -> None:
    client = estate.client()
    client.send(get(path, basic_auth()))
    estate.servers.last().answer(b"ok")
    assert client.read()[0].status == 200
    assert f"door={door} " in estate.logged()[0]
    assert estate.figure(f'casd_requests_total{{door="{door}",status="200",vdir="{protocol}"}}') == 1


def test_the_root_leads_to_web_mail(estate: Estate) -> None:
    answer = ask(estate, get("/"))
    assert (answer.status, answer.fields["location"]) == (302, "/owa/")


@pytest.mark.parametrize("path", ["/nothing", "/ewsx/", "/owa.bak", "/powershell"])
def test_any_other_path_leads_nowhere(estate: Estate, path: str) -> None:
    assert ask(estate, get(path, basic_auth())).status == 404
    assert estate.servers.connections == []


def test_a_door_of_its_own_serves_its_own_paths_only(estate: Estate) -> None:
    client = estate.client(factory=estate.mapi)
    assert client.ask(get("/ews/", basic_auth())).status == 404
    assert client.ask(get("/")).status == 404
    client.send(get("/mapi/emsmdb/", basic_auth(), method="POST"))
    assert estate.servers.last().line == "POST /mapi/emsmdb/"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/ews/", "DELETE"),
        ("/ews/", "LINK"),
        ("/mapi/emsmdb/", "OPTIONS"),
        ("/rpc/x", "POST"),
        ("/ews/", "RPC_IN_DATA"),
    ],
)
def test_a_method_that_a_path_does_not_know_is_refused(estate: Estate, path: str, method: str) -> None:
    client = estate.client()
    client.send(get(path, basic_auth(), method=method))
    (answer,) = client.read()
    assert answer.status == 405
    assert method not in answer.fields["allow"].split(", ")


# Who


@pytest.mark.negative
@pytest.mark.parametrize("path", ["/ews/x", "/api/x", "/oab/x", "/Microsoft-Server-ActiveSync", "/mapi/x", "/rpc/x"])
@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Authorization: Basic x\r\n",
        b"Authorization: Bearer x\r\n",
        basic_auth(secret="wrong"),
        basic_auth("nobody@example.org"),
        b"Cookie: SecurityToken=anything\r\n",
        b"Cookie: X-AnonResource=true; X-AnonResource-Backend=mbx1\r\n",
        b"X-CASD-Identity: v1.1.x.y\r\n",
        b"X-IsFromCafe: 1\r\nX-CommonAccessToken: x\r\nmsExchLogonMailbox: x\r\n",
    ],
    ids=["nothing", "malformed", "other scheme", "wrong", "nobody", "SecurityToken", "anonymous", "forged", "internal"],
)
def test_nobody_reaches_a_server_without_proof(estate: Estate, path: str, lines: bytes) -> None:
    answer = ask(estate, get(path, lines))
    assert (answer.status, answer.all("www-authenticate")) == (401, ['Basic realm="mail.example.org", charset="UTF-8"'])
    assert estate.servers.connections == []


@pytest.mark.negative
def test_an_unknown_user_and_a_wrong_password_get_the_same_answer(estate: Estate) -> None:
    one, other = (ask(estate, get("/ews/", basic_auth(*pair))) for pair in (("alice", "x"), ("nobody", "secret")))
    del one.fields["request-id"]
    assert one.body == other.body
    assert {k: v for k, v in one.fields.items() if k != "request-id"} == {
        k: v for k, v in other.fields.items() if k != "request-id"
    }
    assert estate.hashed == 2
    assert estate.figure('casd_denied_total{door="http"}') == 2


def test_a_password_is_hashed_once_for_many_requests(estate: Estate) -> None:
    for _ in range(20):
        estate.client().send(get("/ews/", basic_auth()))
    assert estate.hashed == 1


@pytest.mark.negative
def test_one_connection_may_carry_several_users_who_stay_apart(estate: Estate) -> None:
    client = estate.client()
    for name in ("alice", "bob", "alice", "bob"):
        client.send(get("/ews/", basic_auth(f"{name}@example.org")))
        asked = estate.servers.last()
        assert asked.assertion.user == f"{name}@example.org"
        asked.answer(name.encode())
    client.send(get("/ews/"))
    assert [answer.status for answer in client.read()] == [200, 200, 200, 200, 401]


@pytest.mark.negative
@pytest.mark.parametrize("what", ["password", "switch", "mailbox"])
def test_what_changes_in_the_directory_holds_for_open_connections_within_a_second(estate: Estate, what: str) -> None:
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    estate.servers.last().answer(b"ok")
    if what == "password":
        estate.source.passwords.clear()
    elif what == "switch":
        estate.source.change(switches={"ews": False})
    else:
        estate.source.mailboxes.clear()
    estate.source.change()
    estate.clock.advance(0.5)
    estate.client().send(get("/ews/", basic_auth("bob@example.org")))
    client.send(get("/ews/", basic_auth()))
    assert client.read()[1].status == (403 if what == "switch" else 401)


@pytest.mark.negative
def test_what_changes_while_a_request_waits_for_its_turn_holds_for_it(estate: Estate) -> None:
    estate.client().send(get("/ews/", basic_auth("bob@example.org")))
    client = estate.client()
    client.send(get("/ews/", basic_auth()) * 2)
    estate.source.mailboxes.clear()
    estate.source.change()
    estate.clock.advance(60)
    estate.servers.last().answer(b"ok")
    assert [answer.status for answer in client.read()] == [200, 401]


@pytest.mark.negative
def test_what_changes_while_a_password_is_checked_holds_for_the_next_request(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = slowly(estate, monkeypatch)
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    estate.source.passwords.clear()
    estate.source.change()
    result(estate.directory.refresh())
    checked()
    estate.servers.last().answer(b"ok")
    client.send(get("/ews/", basic_auth()))
    checked()
    assert [answer.status for answer in client.read()] == [200, 401]


def test_a_moved_mailbox_is_found_at_once_on_an_open_connection(estate: Estate) -> None:
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    estate.servers.last().answer(b"ok")
    estate.source.mailboxes[0] = evolve(ALICE, database="DB02")
    estate.source.change()
    estate.clock.advance(0.5)
    for _ in range(3):
        client.send(get("/ews/", basic_auth()))
        asked = estate.servers.last()
        assert (asked.connection.server, asked.assertion.database) == ("mbx2", "DB02")
        asked.answer(b"ok")
        estate.clock.advance(1)


def test_a_repeated_request_takes_the_way_of_the_one_before_while_it_holds(estate: Estate) -> None:
    client = estate.client()
    for _ in range(4):
        client.send(get("/ews/", basic_auth()))
        estate.servers.last().answer(b"ok")
        estate.clock.advance(12)
    assert [answer.status for answer in client.read()] == [200] * 4
    assert len({line.partition(" door")[2] for line in estate.logged()}) == 1


# Where


@pytest.mark.negative
@pytest.mark.parametrize(
    "lines",
    [
        b"Cookie: X-BackEndCookie=mbx9; X-BEResource=mbx9~1941962753\r\n",
        b"X-BEResource: mbx9\r\nX-BackEndOverrideCookie: mbx9\r\n",
        b"X-AnonResource-Backend: mbx9\r\nmsExchProxyUri: https://mbx9/\r\n",
        b"X-CASD-Active-Server: mbx2\r\n",
        b"X-Forwarded-Host: mbx2\r\nX-Forwarded-Server: mbx2\r\n",
        b"X-AnchorMailbox: nobody@example.org\r\n",
        b"X-AnchorMailbox: mbx2\r\n",
        b"X-AnchorMailbox: " + b"a" * 50_000 + b"\r\n",
    ],
)
def test_no_byte_of_a_request_chooses_the_server(estate: Estate, lines: bytes) -> None:
    estate.client().send(get("/ews/?Server=mbx2&X-BEResource=mbx2", basic_auth(), lines))
    asked = estate.servers.last()
    assert (asked.connection.server, asked.assertion.mailbox) == ("mbx1", str(ALICE.guid))


def test_an_anchor_of_a_signed_in_user_is_a_hint(estate: Estate) -> None:
    estate.client().send(get("/ews/", basic_auth(), b"X-AnchorMailbox: SMTP:Carol@example.org\r\n"))
    asked = estate.servers.last()
    assert (asked.connection.server, asked.assertion.mailbox) == ("mbx2", str(CAROL.guid))
    assert asked.assertion.user == "alice@example.org"


@pytest.mark.negative
@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("/mapi/emsmdb/?MailboxId=00000000-0000-0000-0000-00000000ffff@example.org", "MailboxGuidWithDomainNotFound"),
        (f"/mapi/emsmdb/?MailboxId={ALICE.guid}@evil.example.org", "MailboxGuidWithDomainNotFound"),
        ("/mapi/nspi/?mailboxid=nonsense", "MailboxGuidWithDomainNotFound"),
        ("/rpc/rpcproxy.dll?00000000-0000-0000-0000-00000000ffff@example.org:6001", "MailboxGuidWithDomainNotFound"),
    ],
)
def test_an_anchor_that_names_nobody_is_refused(estate: Estate, target: str, word: str) -> None:
    answer = ask(estate, get(target, basic_auth()))
    assert (answer.status, answer.fields["x-caserrorcode"]) == (404, word)
    assert estate.servers.connections == []


def test_a_protocol_that_is_switched_off_is_refused(estate: Estate) -> None:
    estate.source.mailboxes[0] = evolve(ALICE, switches={"ews": False})
    answer = ask(estate, get("/ews/", basic_auth()))
    assert (answer.status, answer.fields["x-caserrorcode"]) == (403, "ProtocolDisabled")


@pytest.mark.negative
def test_a_hole_in_the_topology_means_try_later(estate: Estate) -> None:
    estate.source.change(databases={})
    answer = ask(estate, get("/ews/", basic_auth()))
    assert (answer.status, answer.fields["x-caserrorcode"], answer.fields["retry-after"]) == (
        503,
        "DatabaseNotFound",
        "5",
    )


@pytest.mark.negative
def test_without_its_directory_a_front_end_says_try_later(estate: Estate) -> None:
    estate.source.down = True
    answer = ask(estate, get("/ews/", basic_auth()))
    assert (answer.status, answer.fields["retry-after"], answer.fields["x-caserrorcode"]) == (
        503,
        "10",
        "DirectoryDown",
    )


def test_what_is_known_serves_while_the_directory_is_down(estate: Estate) -> None:
    estate.client().send(get("/ews/", basic_auth()))
    estate.source.down = True
    estate.clock.advance(60)
    estate.client().send(get("/ews/", basic_auth()))
    assert len(estate.servers.requests()) == 2


def test_a_client_is_sent_to_another_front_door_in_its_protocols_words(estate: Estate) -> None:
    newer = evolve(MBX1, version=(16, 0))
    estate.source.change(servers={"mbx1": newer})
    answer = ask(
        estate, get("/Microsoft-Server-ActiveSync?Cmd=Sync", basic_auth(), b"Content-Length: 0\r\n", method="POST")
    )
    assert answer.status == 451
    assert answer.fields["x-ms-location"] == "https://mail.example.org/Microsoft-Server-ActiveSync"


# What every answer says


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (get("/ews/"), 401),
        (get("/owa/"), 302),
        (get("/nothing"), 404),
        (get("/", host="evil"), 400),
        (get("/owa/../x"), 400),
        (b"garbage\r\n\r\n", 400),
        (get("/ews/", b"X: " + b"a" * 70_000 + b"\r\n"), 431),
        (get("/ews/", b"Content-Length: 999999999999\r\n", method="POST"), 413),
        (get("/ews/healthcheck.htm"), 200),
    ],
)
def test_every_answer_names_its_front_end(estate: Estate, data: bytes, status: int) -> None:
    client = estate.client()
    client.send(data)
    (answer,) = client.read()
    assert (answer.status, answer.fields["x-feserver"]) == (status, "fe1")
    assert "server" not in answer.fields


def test_a_client_request_id_comes_back_when_it_was_asked_for(estate: Estate) -> None:
    mine = b"client-request-id: {abc}\r\n"
    assert "client-request-id" not in ask(estate, get("/ews/", mine)).fields
    assert ask(estate, get("/ews/", mine, b"Return-Client-Request-Id: TRUE\r\n")).fields["client-request-id"] == "{abc}"
    assert ask(estate, get("/ews/", b"return-client-request-id: true\r\n")).fields["client-request-id"] == ""


@pytest.mark.negative
def test_a_body_over_the_limit_is_refused_at_its_length(tmp_path: Path) -> None:
    estate = Estate(tmp_path, limits={"body": 10_000, "window": 1000})
    client = estate.client()
    client.send(post(b"a" * 10_001))
    assert client.read()[0].status == 413
    tunnel = estate.client()
    tunnel.send(get("/rpc/x", basic_auth(), b"Content-Length: 1073741824\r\n", method="RPC_IN_DATA"))
    assert estate.servers.last().line == "RPC_IN_DATA /rpc/x"
    again = estate.client()
    again.send(get("/ews/", basic_auth(), method="POST"))
    estate.servers.last().answer(b"ok")
    again.send(post(b"a" * 10_001))
    assert [answer.status for answer in again.read()] == [200, 413]


def test_a_surprise_is_a_502_for_one_client_and_a_line_for_the_operator(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Ews, head: Any, identity: Any) -> Any:
        raise RuntimeError("surprise")

    client = estate.client()
    with monkeypatch.context() as patched:
        patched.setattr(Ews, "anchor", fail)
        client.send(get("/ews/", basic_auth()))
    (answer,) = client.read()
    assert (answer.status, answer.fields["x-caserrorcode"]) == (502, "InternalError")
    client.send(get("/ews/", basic_auth()))
    assert estate.servers.last().line == "GET /ews/"


def test_a_surprise_within_an_answer_cuts_it_off(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin(self: Ews, exchange: Exchange, access: Any) -> None:
        exchange.begin(200, [])
        raise RuntimeError("surprise")

    monkeypatch.setattr(Ews, "own", begin)
    client = estate.client()
    client.send(get("/ews/"))
    assert client.wire.aborted


# What is written down


def test_a_line_tells_who_came_where_and_how_it_ended(estate: Estate) -> None:
    client = estate.client("2001:db8::1")
    client.send(post(b"hello", "/ews/Exchange.asmx"))
    estate.clock.advance(0.25)
    estate.servers.last().answer(b"answer")
    (line,) = estate.logged()
    request_id = client.read()[0].fields["request-id"]
    for said in (
        f"id={request_id}", "seconds=0.2500", "status=200", "in=5", "out=6", "door=http", "client=2001:db8::1",
        "user=alice@example.org", "method=POST", "path=/ews/Exchange.asmx", "server=mbx1",
        "anchor user~alice@example.org",
    ):  # fmt: skip
        assert said in line
    assert "secret" not in line
    assert b64encode(b"alice@example.org:secret").decode() not in line


@pytest.mark.negative
def test_what_a_client_sends_cannot_begin_a_line_or_a_field_of_the_log(estate: Estate) -> None:
    ask(estate, get("/ews/a%22%20status=200%C2%85x", basic_auth("x\n"), b"X: y\r\n"))
    (line,) = estate.logged()
    assert line.count("status=") - line.count("status=200") == 1
    assert 'path="/ews/a\\" status=200' in line


def test_bytes_that_were_no_request_have_a_line_too(estate: Estate) -> None:
    estate.client().send(b"\x16\x03\x01")
    (line,) = estate.logged()
    assert "status=400" in line
    assert "client=192.0.2.7" in line
    assert estate.figure('casd_rejected_total{door="http",status="400"}') == 1


def test_a_line_may_be_json(estate: Estate) -> None:
    json_lines = AccessLog(
        settings(accesslog.Settings, estate.folder, style="json"), estate.log, estate.clock, lambda: NOON
    )
    estate.lines("1", 0.5, 200, 1, 2, estate.lines.said((("path", "/é\n"),)))
    json_lines("1", 0.5, 200, 1, 2, json_lines.said((("path", "/é\n"),)))
    estate.lines.flush()
    json_lines.flush()
    text, as_json = estate.log.getvalue().splitlines()
    assert text == '2027-01-15T08:00:00Z id=1 seconds=0.5000 status=200 in=1 out=2 path="/\\u00e9\\n"'
    assert json.loads(as_json) == {
        "time": "2027-01-15T08:00:00Z", "id": "1", "seconds": 0.5, "status": 200, "in": 1, "out": 2, "path": "/é\n",
    }  # fmt: skip


# Connections


def test_connections_and_requests_are_counted(estate: Estate) -> None:
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    assert estate.figure('casd_client_connections{door="http"}') == 1
    assert len(estate.door.open) == 1
    estate.servers.last().answer(b"ok")
    client.wire.hang_up()
    assert estate.figure('casd_client_connections{door="http"}') == 0
    assert len(estate.door.open) == 0
    assert len(estate.door.channels) == 0


def test_a_request_of_a_sharing_door_is_open_there_until_it_ends(estate: Estate) -> None:
    client = estate.client()
    client.send(get("/mapi/x", basic_auth()))
    assert len(estate.mapi.open) == 1
    client.wire.hang_up()
    assert len(estate.mapi.open) == 0


def test_a_drained_door_lets_what_is_under_way_end(estate: Estate) -> None:
    idle, busy = estate.client(), estate.client()
    busy.send(get("/ews/", basic_auth()))
    estate.door.drain()
    assert (idle.wire.open, busy.wire.open) == (False, True)
    estate.servers.last().answer(b"ok")
    assert busy.read()[0].status == 200
    assert not busy.wire.open


def test_a_door_that_takes_over_serves_the_clients_of_the_one_before(estate: Estate, tmp_path: Path) -> None:
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    estate.servers.last().answer(b"ok")
    folder = tmp_path / "after"
    folder.mkdir()
    after = Estate(folder)
    mailbox: Mailbox = evolve(ALICE, database="DB02")
    after.source.mailboxes[0] = mailbox
    after.door.adopt(estate.door)
    assert len(after.door.channels) == 1
    client.send(get("/ews/", basic_auth()))
    assert len(estate.servers.requests()) == 1
    assert after.servers.last().connection.server == "mbx2"


@pytest.mark.negative
def test_the_way_of_a_request_that_a_reload_overtook_is_not_taken_again(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = slowly(estate, monkeypatch)
    result(estate.directory.refresh())
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    folder = tmp_path / "after"
    folder.mkdir()
    after = Estate(folder)
    result(after.directory.refresh())  # whose generation is the same by chance
    after.door.adopt(estate.door)
    checked()
    estate.servers.last().answer(b"ok")
    client.send(get("/ews/", basic_auth()))
    assert len(estate.servers.requests()) == 1
    assert len(after.servers.requests()) == 1


def test_a_request_under_way_at_a_reload_is_forgotten_when_it_ends(estate: Estate, tmp_path: Path) -> None:
    client = estate.client()
    client.send(get("/ews/", basic_auth()))
    folder = tmp_path / "after"
    folder.mkdir()
    after = Estate(folder)
    after.door.adopt(estate.door)
    assert len(after.door.open) == 1
    assert (estate.door.open, estate.door.channels) == (set(), set())
    estate.servers.last().answer(b"ok")
    assert client.read()[0].status == 200
    assert after.door.open == set()
