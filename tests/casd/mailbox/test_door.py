from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from casd.mailbox.call import Call
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.values import Dismounted
from protocols.handover import Assertion, sign
from protocols.http1 import Response
from tests.casd.mailbox.conversation import ALICE_ASKS, KEYS, OPERATOR, Server
from tests.casd.mailbox.store.world import ALICE, mount, result

LOST = Failure(ConnectionError("gone"))


class Service:
    """A service that does what a test tells it, and remembers its calls."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.waits: Deferred[Response | None] | None = None

    async def __call__(self, call: Call) -> Response | None:
        self.calls.append(call)
        if self.waits is not None:
            return await self.waits
        body = await call.exchange.read(1000)
        inbox = await call.database.run(call.mailbox.folders.distinguished, "inbox")
        return Response(200, (), b"%b has %d in %b" % (body, inbox.total, call.mailbox.address.encode()))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def server(tmp_path: Path, service: Service) -> Server:
    return Server(tmp_path, {"/ews/exchange.asmx": service, "/owa": service}, "DB01")


def test_a_request_is_served_from_its_mailbox_under_seal(server: Server, service: Service) -> None:
    answer = server.ask(ALICE_ASKS, b"Alice")
    assert (answer.status, answer.body) == (200, b"Alice has 0 in alice@example.org")
    assert answer.is_sealed(ALICE_ASKS)
    assert answer.headers["x-beserver"] == "mbx1"
    assert answer.headers["request-id"] == "0000-1"
    assert service.calls[0].assertion == ALICE_ASKS
    assert service.calls[0].mailbox.guid == ALICE


def test_requests_follow_each_other_on_one_connection(server: Server) -> None:
    for number in ("a", "b"):
        assertion = ALICE_ASKS._replace(request_id=number)
        assert server.ask(assertion, b"x").is_sealed(assertion)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/EWS/Exchange.asmx", 200),
        ("/ews/exchange.asmx?x=1", 200),
        ("/owa", 200),
        ("/owa/", 200),
        ("/OWA/static/a.js", 200),
        ("/owafoo", 404),
        ("/", 404),
        ("/ews/other", 404),
        ("/casd/mount", 403),
    ],
)
def test_a_path_finds_its_service_whatever_its_case(server: Server, path: str, status: int) -> None:
    asked = ALICE_ASKS._replace(target=path)
    answer = server.ask(asked, b"x")
    assert answer.status == status
    assert answer.is_sealed(asked)


@pytest.mark.parametrize(
    "lie",
    [
        ALICE_ASKS._replace(server="mbx2"),
        ALICE_ASKS._replace(method="GET"),
        ALICE_ASKS._replace(target="/owa"),
        ALICE_ASKS._replace(issued=ALICE_ASKS.issued - 100),
        ALICE_ASKS._replace(issued=ALICE_ASKS.issued + 100),
    ],
)
def test_an_assertion_for_something_else_opens_nothing(server: Server, service: Service, lie: Assertion) -> None:
    answer = server.ask(ALICE_ASKS, token=sign(lie, "1", KEYS["1"]))
    assert answer.status == 403
    assert "x-casd-served" not in answer.headers
    assert service.calls == []


@pytest.mark.parametrize("token", [b"", b"v1.x", sign(ALICE_ASKS, "1", b"x" * 32), sign(ALICE_ASKS, "3", KEYS["1"])])
def test_a_forged_assertion_opens_nothing(server: Server, service: Service, token: bytes) -> None:
    assert server.ask(ALICE_ASKS, token=token).status == 403
    assert service.calls == []


def test_two_assertions_open_nothing(server: Server, service: Service) -> None:
    more = b"x-casd-identity: %b\r\n" % sign(ALICE_ASKS, "1", KEYS["1"])
    assert server.ask(ALICE_ASKS, more=more).status == 403
    assert service.calls == []


def times(number: int) -> Assertion:
    """Have a front end ask for times of one of several mailboxes."""
    address, mailbox = f"m{number}@example.org", str(UUID(int=number))
    return ALICE_ASKS._replace(mailbox=mailbox, address=address, display_name=f"M {number}", mechanism="availability")


def test_who_asks_for_the_times_of_several_mailboxes_sees_them_all(server: Server, service: Service) -> None:
    more = b"".join(b"X-CASD-Identity: %b\r\n" % sign(times(number), "1", KEYS["1"]) for number in (2, 3))
    answer = server.ask(times(1), b"M", more=more)
    assert answer.status == 200
    assert answer.is_sealed(times(1))
    (call,) = service.calls
    assert [one.address for one in (call.mailbox, *call.beside)] == [f"m{number}@example.org" for number in (1, 2, 3)]
    assert server.ask(times(1), b"M").status == 200
    assert not service.calls[1].beside


def test_a_database_that_is_elsewhere_is_said_before_anything_is_done(
    server: Server, service: Service, tmp_path: Path
) -> None:
    (tmp_path / "DB02").mkdir()
    (tmp_path / "DB02" / "lock").write_text("mbx2\n")
    for database, active in (("DB02", "mbx2"), ("DB03", "")):
        asked = ALICE_ASKS._replace(database=database)
        answer = server.ask(asked, b"x")
        assert (answer.status, answer.headers["x-casd-active-server"]) == (421, active)
        assert answer.is_sealed(asked)
    assert service.calls == []


def test_a_waiting_client_is_not_asked_for_its_body_by_the_wrong_server(server: Server) -> None:
    asked = ALICE_ASKS._replace(database="DB03")
    token = sign(asked, "1", KEYS["1"])
    server.channel.dataReceived(
        b"POST /ews/exchange.asmx HTTP/1.1\r\nHost: x\r\nX-CASD-Identity: %b\r\n"
        b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n" % token
    )
    assert server.transport.value().startswith(b"HTTP/1.1 421 ")


def test_what_a_service_cannot_do_has_an_answer(server: Server, service: Service) -> None:
    assert server.ask(ALICE_ASKS, b"x" * 1001).status == 413
    server.connect()
    for error, status in ((NotMounted("late"), 503), (ZeroDivisionError(), 500)):
        service.waits = Deferred()
        server.say(ALICE_ASKS)
        service.waits.errback(error)
        answer = server.answer()
        assert answer.status == status
        assert answer.is_sealed(ALICE_ASKS)
        assert server.roster.mounted[0].in_flight == 0


def test_a_failure_within_an_answer_ends_the_connection(server: Server, service: Service) -> None:
    service.waits = Deferred()
    server.say(ALICE_ASKS)
    service.calls[0].exchange.begin(200, ())
    service.waits.errback(ZeroDivisionError())
    assert server.transport.aborted


def test_a_stream_holds_its_database_until_it_ends(server: Server, service: Service) -> None:
    service.waits = Deferred()
    server.say(ALICE_ASKS)
    call = service.calls[0]
    notices: list[object] = []
    call.database.watch(ALICE, notices.append)
    call.exchange.begin(200, ())
    service.waits.callback(None)
    dismounting = Deferred.fromCoroutine(server.roster.dismount("DB01"))
    assert notices == [Dismounted("DB01")]
    assert not dismounting.called
    call.exchange.write(b"bye")
    call.exchange.finish()
    assert result(dismounting) is True


def test_a_stream_whose_client_is_gone_holds_nothing(server: Server, service: Service) -> None:
    service.waits = Deferred()
    server.say(ALICE_ASKS)
    service.calls[0].exchange.begin(200, ())
    service.waits.callback(None)
    server.channel.connectionLost(LOST)
    assert server.roster.mounted[0].in_flight == 0


def test_a_client_that_is_gone_within_its_body_holds_nothing(server: Server, service: Service) -> None:
    token = sign(ALICE_ASKS, "1", KEYS["1"])
    server.channel.dataReceived(
        b"POST /ews/exchange.asmx HTTP/1.1\r\nHost: x\r\nX-CASD-Identity: %b\r\nContent-Length: 5\r\n\r\nab" % token
    )
    assert server.roster.mounted[0].in_flight == 1
    server.channel.connectionLost(LOST)
    assert server.roster.mounted[0].in_flight == 0


def test_a_health_check_needs_no_assertion_and_learns_nothing(server: Server, service: Service) -> None:
    server.channel.dataReceived(b"GET /casd/health HTTP/1.1\r\nHost: mbx1\r\n\r\n")
    answer = server.answer()
    assert (answer.status, answer.body) == (200, b"")
    assert "x-casd-served" not in answer.headers
    assert service.calls == []


def test_a_drained_door_closes_its_idle_connections(server: Server) -> None:
    server.ask(ALICE_ASKS, b"x")
    server.door.drain()
    assert server.transport.disconnecting
    server.channel.connectionLost(LOST)
    server.door.drain()


def test_bytes_that_are_no_request_are_answered_and_end_the_connection(server: Server) -> None:
    server.channel.dataReceived(b"nonsense\r\n\r\n")
    assert server.answer().status == 400
    assert server.transport.disconnecting


def test_the_operator_mounts_and_dismounts(server: Server, service: Service) -> None:
    def ask(method: str, target: str, database: str = "DB01") -> tuple[int, bytes]:
        asked = OPERATOR._replace(method=method, target=target, database=database)
        answer = server.ask(asked)
        assert answer.is_sealed(asked)
        return answer.status, answer.body

    assert ask("GET", "/casd/status") == (
        200, b'{"server": "mbx1", "databases": [{"name": "DB01", "in_flight": 0, "leaving": false}]}',
    )  # fmt: skip
    assert ask("POST", "/casd/dismount") == (200, b'{"database": "DB01", "dismounted": true}')
    assert ask("POST", "/casd/dismount") == (200, b'{"database": "DB01", "dismounted": false}')
    assert server.ask(ALICE_ASKS, b"x").status == 421
    assert ask("POST", "/casd/mount") == (200, b'{"database": "DB01"}')
    assert server.ask(ALICE_ASKS, b"x").status == 200
    assert ask("POST", "/casd/mount", "DB02")[0] == 404
    assert ask("POST", "/casd/mount?create=yes", "DB02")[0] == 200
    assert ask("GET", "/casd/mount")[0] == 404


def test_the_operator_is_told_who_holds_a_database(server: Server, tmp_path: Path) -> None:
    mount(tmp_path / "DB02", "DB02", "mbx2")
    answer = server.ask(OPERATOR._replace(target="/casd/mount", database="DB02"))
    assert (answer.status, answer.body) == (409, b'{"error": "DB02 is mounted by mbx2", "holder": "mbx2"}')


def test_the_operator_has_indexes_made_anew(server: Server) -> None:
    def ask(method: str, database: str = "DB01") -> tuple[int, bytes]:
        answer = server.ask(OPERATOR._replace(method=method, target="/casd/reindex", database=database))
        return answer.status, answer.body

    assert ask("GET") == (200, b'{"done": 0, "total": 0, "running": false, "failure": ""}')
    assert ask("POST") == (200, b'{"done": 0, "total": 0, "running": false, "failure": ""}')
    assert ask("GET", "DB09") == (404, b'{"error": "DB09 is not mounted here"}')
    assert ask("POST", "DB09")[0] == 404
    with server.roster.use("DB01") as database:
        mailbox = result(database.open(ALICE, "alice@example.org", "Alice"))
        result(database.run(mailbox.deliver, b"Subject: x\r\n\r\n"))
    assert ask("POST")[1] == b'{"done": 1, "total": 1, "running": false, "failure": ""}'


def test_the_operator_is_told_how_large_a_database_is(server: Server) -> None:
    asked = OPERATOR._replace(method="GET", target="/casd/growth")
    with server.roster.use("DB01") as database:
        mailbox = result(database.open(ALICE, "alice@example.org", "Alice"))
        result(database.run(mailbox.deliver, b"Subject: x\r\n\r\n"))
    found = json.loads(server.ask(asked).body)
    assert 0 <= found.pop("free") < found.pop("size")
    assert found == {"content": 14, "mailboxes": 1, "items": 1, "deleted": 0, "unread": 0}
    assert server.ask(asked._replace(database="DB09")).status == 404
