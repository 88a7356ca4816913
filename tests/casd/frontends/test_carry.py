"""Which server a request is carried to, and when another one may be tried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.casd.estate import Asked, Client, Estate, basic_auth, get, post

GET = get("/ews/", basic_auth())


class Errand:
    """A request of alice's, whose database has copies on mbx1 (active) and mbx2."""

    def __init__(self, folder: Path, **pool: Any) -> None:
        self.estate = Estate(folder, pool_settings=pool)
        self.client: Client = self.estate.client()

    def send(self, data: bytes) -> Asked:
        self.client.send(data)
        return self.estate.servers.last()

    def asked(self) -> list[str]:
        """Return which servers were asked, in order."""
        return [asked.connection.server for asked in self.estate.servers.requests()]

    def answer(self) -> tuple[int, str]:
        """Return the status and the routing word of the client's answer."""
        (answer,) = self.client.read()
        return answer.status, answer.fields.get("x-caserrorcode", "")


@pytest.fixture
def errand(tmp_path: Path) -> Errand:
    return Errand(tmp_path)


# A server that takes no connection


def test_when_the_active_server_takes_no_connection_the_next_copy_is_asked(errand: Errand) -> None:
    errand.estate.servers.refusing.add("mbx1")
    asked = errand.send(post(b"<x/>"))
    assert asked.connection.server == "mbx2"
    assert (asked.body, asked.assertion.server) == (b"<x/>", "mbx2")
    asked.answer(b"ok")
    assert errand.answer() == (200, "")


def test_a_copy_that_is_not_active_says_so_and_the_client_is_asked_to_try_later(errand: Errand) -> None:
    errand.estate.servers.refusing.add("mbx1")
    errand.send(GET).misdirected("mbx1")
    (answer,) = errand.client.read()
    assert (answer.status, answer.fields["retry-after"]) == (503, "5")
    assert answer.fields["x-caserrorcode"] == "Unreachable"


@pytest.mark.negative
def test_when_no_server_takes_a_connection_the_client_is_asked_to_try_later(errand: Errand) -> None:
    errand.estate.servers.refusing |= {"mbx1", "mbx2"}
    errand.client.send(GET)
    (answer,) = errand.client.read()
    assert (answer.status, answer.fields["retry-after"], answer.fields["x-feserver"]) == (503, "5", "fe1")
    assert errand.client.wire.open


# A server that gives no answer


@pytest.mark.negative
@pytest.mark.parametrize("body", [b"<SendItem/>", b""])
def test_a_post_that_was_sent_is_never_sent_again(errand: Errand, body: bytes) -> None:
    asked = errand.send(post(body))
    asked.connection.wire.hang_up()
    assert errand.answer() == (502, "BackendFailed")
    assert errand.asked() == ["mbx1"]


@pytest.mark.negative
def test_a_stream_that_began_to_flow_is_never_sent_again(errand: Errand) -> None:
    errand.client.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST") + b"1\r\na\r\n")
    asked = errand.estate.servers.last()
    asked.go_on()
    asked.connection.wire.hang_up()
    assert errand.answer() == (502, "BackendFailed")
    assert errand.asked() == ["mbx1"]


def test_a_stream_that_was_still_held_goes_whole_to_the_next_copy(errand: Errand) -> None:
    errand.client.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST") + b"1\r\na\r\n")
    errand.estate.servers.last().connection.wire.hang_up()
    assert errand.asked() == ["mbx1", "mbx2"]
    asked = errand.estate.servers.last()
    asked.go_on()
    errand.client.send(b"1\r\nb\r\n0\r\n\r\n")
    asked.connection.read()
    assert asked.body == b"ab"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_without_an_answer_is_sent_to_the_next_copy(errand: Errand, method: str) -> None:
    asked = errand.send(get("/ews/", basic_auth(), method=method))
    asked.connection.wire.hang_up()
    assert errand.asked() == ["mbx1", "mbx2"]


def test_a_stream_of_which_no_byte_was_sent_goes_to_the_next_copy(errand: Errand) -> None:
    asked = errand.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST"))
    asked.connection.wire.hang_up()
    assert errand.asked() == ["mbx1", "mbx2"]
    asked = errand.estate.servers.last()
    asked.go_on()
    errand.client.send(b"1\r\na\r\n0\r\n\r\n")
    asked.connection.read()
    assert asked.body == b"a"
    asked.answer(b"ok")
    assert errand.answer() == (200, "")


def test_what_comes_between_two_servers_is_for_the_second(errand: Errand) -> None:
    asked = errand.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST"))
    asked.go_on()
    asked.connection.wire.hang_up()
    errand.client.send(b"1\r\na\r\n")
    asked = errand.estate.servers.last()
    asked.go_on()
    errand.client.send(b"1\r\nb\r\n0\r\n\r\n")
    asked.connection.read()
    assert (asked.connection.server, asked.body, asked.ended) == ("mbx2", b"ab", True)


@pytest.mark.negative
def test_a_stream_that_began_to_flow_to_the_wrong_server_is_never_sent_again(errand: Errand) -> None:
    errand.client.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST") + b"1\r\na\r\n")
    asked = errand.estate.servers.last()
    asked.go_on()
    asked.misdirected("mbx2")
    errand.estate.source.move("DB01", "mbx2")
    errand.estate.pass_time(0.1)
    assert errand.answer() == (502, "BackendFailed")
    assert errand.asked() == ["mbx1"]


@pytest.mark.negative
def test_a_server_that_hangs_is_given_up(errand: Errand) -> None:
    errand.send(post(b"x", "/api/x"))
    errand.estate.pass_time(120, 10)
    assert errand.answer() == (502, "BackendFailed")
    assert errand.estate.figure('casd_backend_failures_total{server="mbx1"}') == 1


@pytest.mark.negative
def test_a_server_that_fails_several_clients_is_kept_out_for_a_while(errand: Errand) -> None:
    for name in ("alice", "bob", "office"):
        client = errand.estate.client()
        client.send(post(b"x").replace(basic_auth(), basic_auth(f"{name}@example.org")))
        errand.estate.servers.connections[-1].wire.hang_up()
    lane = errand.estate.pool.lanes[0]
    assert not lane.breaker.open, "office is alice's other address"
    client = errand.estate.client()
    errand.estate.source.mailboxes[3] = errand.estate.source.mailboxes[3].__class__(
        errand.estate.source.mailboxes[3].guid, "dave@example.org", "dave@example.org", "DB01"
    )
    errand.estate.source.change()
    errand.estate.clock.advance(1)
    client.send(post(b"x").replace(basic_auth(), basic_auth("dave@example.org")))
    errand.estate.servers.last().connection.wire.hang_up()
    assert lane.breaker.open
    opened = len(errand.estate.servers.connections)
    errand.client.send(GET)
    assert errand.estate.servers.connections[opened].server == "mbx2"


def test_the_only_candidate_is_asked_even_while_it_is_kept_out(errand: Errand) -> None:
    carol = get("/ews/", basic_auth("carol@example.org"))
    asked = errand.send(carol)
    asked.answer(b"", proof=b"")
    assert errand.answer() == (502, "IdentityMismatch")
    client = errand.estate.client()
    client.send(carol)
    errand.estate.servers.last().answer(b"ok")
    assert client.read()[0].status == 200


# A database on the move


def test_a_moved_database_is_found_where_it_is_now(errand: Errand) -> None:
    errand.send(post(b"<x/>")).misdirected("mbx2")
    errand.estate.source.move("DB01", "mbx2")
    errand.estate.clock.advance(0.05)
    asked = errand.estate.servers.last()
    assert (asked.connection.server, asked.body) == ("mbx2", b"<x/>")
    asked.answer(b"ok")
    assert errand.answer() == (200, "")
    assert errand.estate.figure('casd_misdirected_total{server="mbx1"}') == 1
    assert "active copy of DB01 on mbx2 (epoch 2)" in errand.estate.logged()[0]


@pytest.mark.negative
def test_where_it_is_now_is_said_by_the_directory_alone(errand: Errand) -> None:
    errand.send(GET).misdirected("mbx3")
    errand.estate.clock.advance(0.05)
    assert errand.asked() == ["mbx1", "mbx1"]


def test_a_stream_waits_for_the_right_server_before_it_flows(errand: Errand) -> None:
    errand.send(get("/ews/", basic_auth(), b"Transfer-Encoding: chunked\r\n", method="POST")).misdirected("mbx2")
    errand.client.send(b"2\r\nhi\r\n0\r\n\r\n")
    errand.estate.source.move("DB01", "mbx2")
    errand.estate.clock.advance(0.05)
    asked = errand.estate.servers.last()
    asked.go_on()
    asked.connection.read()
    assert (asked.connection.server, asked.body, asked.ended) == ("mbx2", b"hi", True)


@pytest.mark.negative
def test_a_database_that_nobody_has_is_waited_for_and_then_the_client_is_asked_to_try_later(errand: Errand) -> None:
    errand.client.send(GET)
    told: list[Asked] = []
    for _ in range(300):
        for asked in errand.estate.servers.requests():
            if asked not in told:
                told.append(asked)
                asked.misdirected()
        errand.estate.clock.advance(0.05)
    assert errand.answer() == (503, "DatabaseMoving")
    assert len(errand.asked()) > 100


@pytest.mark.negative
def test_a_mailbox_that_is_gone_meanwhile_has_no_other_server(errand: Errand) -> None:
    errand.send(GET).misdirected()
    errand.estate.source.change(databases={})
    errand.estate.clock.advance(0.05)
    assert errand.answer() == (503, "DatabaseMoving")


def test_a_client_that_goes_away_during_a_move_asks_no_more(errand: Errand) -> None:
    errand.send(GET).misdirected()
    errand.client.wire.hang_up()
    errand.estate.pass_time(1)
    assert errand.asked() == ["mbx1"]


def test_a_directory_that_goes_down_during_a_move_means_try_later(errand: Errand) -> None:
    errand.send(GET).misdirected()
    errand.estate.source.down = True
    errand.estate.clock.advance(0.05)
    assert errand.asked() == ["mbx1", "mbx1"]


# The pool's limits in the client's words


@pytest.mark.negative
def test_who_waits_too_long_for_a_connection_is_asked_to_try_later(tmp_path: Path) -> None:
    errand = Errand(tmp_path, connections=1, wait_time=10.0)
    errand.send(GET)
    client = errand.estate.client()
    client.send(get("/ews/", basic_auth("bob@example.org")))
    errand.estate.pass_time(10.1)
    (answer,) = client.read()
    assert (answer.status, answer.fields["x-caserrorcode"], answer.fields["retry-after"]) == (503, "Busy", "5")


def test_users_take_turns_at_a_busy_server(tmp_path: Path) -> None:
    errand = Errand(tmp_path, connections=1)
    greedy = [errand.estate.client() for _ in range(4)]
    for client in greedy:
        client.send(GET)
    modest = errand.estate.client()
    modest.send(get("/ews/bob", basic_auth("bob@example.org")))
    served = []
    for _ in range(5):
        asked = errand.estate.servers.last()
        served.append(asked.assertion.user[0])
        asked.answer(b"ok")
    assert "".join(served) == "aabaa"


@pytest.mark.negative
def test_without_its_hand_over_key_a_server_is_sent_nothing(errand: Errand) -> None:
    (errand.estate.folder / "keys" / "mbx1.key").unlink()
    errand.send(GET)
    assert errand.asked() == ["mbx2"]
    assert errand.estate.servers.connections[0].wire.value() == b""
    errand.estate.servers.last().answer(b"ok")
    errand.send(GET)  # which takes the way of the one before
    assert errand.asked() == ["mbx2", "mbx2"]
    assert errand.estate.servers.connections[0].wire.value() == b""


# A crowd that waits


@pytest.mark.negative
def test_hundreds_who_waited_and_went_away_cost_no_connection(tmp_path: Path) -> None:
    """After a server that hung for a while, its only connection is for whoever still waits."""
    errand = Errand(tmp_path, connections=1, streams=0)
    first = errand.send(GET)
    crowd = [errand.estate.client() for _ in range(600)]
    for client in crowd:
        client.send(GET)
    for client in crowd:
        client.wire.hang_up()
    last = errand.estate.client()
    last.send(GET)
    first.answer(b"first")
    errand.estate.settle()
    errand.estate.servers.last().answer(b"last")
    assert [answer.body for answer in last.read()] == [b"last"]
