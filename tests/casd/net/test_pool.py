"""The pool: shared connections, those who wait for one in turn, the breaker that keeps a failing server out."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from casd.model import Endpoint, ProxyProtocol
from casd.net.backend import Backend
from casd.net.pool import Breaker, Busy, Lane, Mode, Pool, Unreachable
from tests.casd.estate import MBX1, MBX2, Estate, outcome_of, result


class Yard(Estate):
    """A pool with few connections."""

    def __init__(self, folder: Path, **more: Any) -> None:
        few = {"connections": 2, "waiting": 4, "wait_time": 10.0, "idle_time": 60.0, "failures": 3, "quarantine": 30.0}
        super().__init__(folder, pool_settings={**few, **more})
        self.lane = self.pool.lane(MBX1, "ews")

    def take(self, who: str = "alice") -> Backend:
        return result(self.lane.acquire(who))

    def wait(self, who: str = "alice") -> list[Any]:
        return outcome_of(self.lane.acquire(who))


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def refused(acquiring: Coroutine[Deferred[Any], Any, Any]) -> str:
    with pytest.raises(Unreachable) as caught:
        result(acquiring)
    return str(caught.value)


# Connections


def test_a_connection_is_opened_when_it_is_needed_and_used_again(yard: Yard) -> None:
    first = yard.take()
    assert (yard.lane.open_connections, yard.lane.idle_connections, yard.lane.opened) == (1, 0, 1)
    yard.lane.release(first)
    assert yard.lane.idle_connections == 1
    assert yard.take("bob") is first
    assert yard.lane.opened == 1


def test_the_connection_used_last_is_used_first(yard: Yard) -> None:
    first, second = yard.take(), yard.take()
    yard.lane.release(first)
    yard.lane.release(second)
    assert yard.take() is second


@pytest.mark.negative
def test_an_expired_connection_is_never_used_again(yard: Yard) -> None:
    first = yard.take()
    first.expired = True
    yard.lane.release(first)
    assert not yard.servers.connections[0].wire.open
    second = yard.take()
    assert second is not first
    yard.lane.release(second)
    second.expired = True
    assert yard.lane.take() is None


def test_a_connection_that_its_server_closes_is_forgotten(yard: Yard) -> None:
    yard.lane.release(yard.take())
    yard.servers.connections[0].wire.hang_up()
    assert (yard.lane.open_connections, yard.lane.idle_connections) == (0, 0)


def test_idle_connections_are_closed_after_a_while(yard: Yard) -> None:
    first, second = yard.take(), yard.take()
    yard.lane.release(first)
    yard.clock.advance(30)
    second.idle_since = yard.clock.seconds()
    yard.lane.release(second)
    yard.clock.advance(30)
    assert [connection.wire.open for connection in yard.servers.connections] == [False, True]
    yard.clock.advance(60)
    assert [connection.wire.open for connection in yard.servers.connections] == [False, False]
    yard.settle()
    assert yard.clock.getDelayedCalls() == []
    assert yard.lane.open_connections == 0


# Waiting


def test_over_the_limit_a_request_waits_for_a_connection(yard: Yard) -> None:
    first, _ = yard.take(), yard.take()
    waiting = yard.wait()
    assert (waiting, yard.lane.waiting) == ([], 1)
    yard.lane.release(first)
    assert (waiting, yard.lane.waiting) == ([first], 0)


def test_users_take_turns_whoever_has_asked_most(yard: Yard) -> None:
    connection = yard.take()
    yard.take()
    turns: list[str] = []
    for who in ("alice", "alice", "alice", "bob"):
        outcome_of(Deferred.fromCoroutine(yard.lane.acquire(who)).addCallback(lambda _, who=who: turns.append(who)))
    for _ in range(4):
        yard.lane.release(connection)
    assert turns == ["alice", "bob", "alice", "alice"]


@pytest.mark.negative
def test_nobody_waits_longer_than_the_limit(yard: Yard) -> None:
    yard.take(), yard.take()
    waiting, other = yard.wait(), yard.wait()
    yard.clock.advance(9.9)
    assert waiting == other == []
    yard.clock.advance(0.1)
    assert waiting[0].check(Busy)
    assert other[0].check(Busy)
    assert yard.lane.waiting == 0


@pytest.mark.negative
def test_no_more_wait_than_the_limit(yard: Yard) -> None:
    yard.take(), yard.take()
    for _ in range(4):
        assert yard.wait() == []
    assert yard.wait()[0].check(Busy)


def test_who_waits_gets_a_new_connection_in_place_of_one_that_ended(yard: Yard) -> None:
    yard.take(), yard.take()
    waiting = yard.wait()
    yard.servers.connections[0].wire.hang_up()
    assert isinstance(waiting[0], Backend)
    assert yard.lane.open_connections == 2


def test_who_waits_hears_that_no_new_connection_can_be_had(yard: Yard) -> None:
    yard.take(), yard.take()
    waiting = yard.wait()
    yard.servers.refusing.add("mbx1")
    yard.servers.connections[0].wire.hang_up()
    assert waiting[0].check(Unreachable)


def test_a_wait_that_ends_while_its_connection_is_being_opened_goes_on_with_that(yard: Yard) -> None:
    yard.take(), yard.take()
    waiting = yard.wait()
    yard.servers.silent.add("mbx1")
    yard.clock.advance(8)
    yard.servers.connections[0].wire.hang_up()
    yard.clock.advance(3)
    yard.servers.pending[0]()
    assert isinstance(waiting[0], Backend)


# Lanes


def test_there_is_one_lane_for_each_server_and_address(yard: Yard) -> None:
    pool = yard.pool
    assert pool.lane(MBX1, "ews") is yard.lane
    assert pool.lane(MBX1, "owa") is yard.lane
    assert pool.lane(evolve(MBX1), "ews") is yard.lane
    assert pool.lane(MBX2, "ews") is not yard.lane
    assert pool.lane(MBX1, "ews", Mode.USER) is not yard.lane
    imap = evolve(MBX1, endpoints={**MBX1.endpoints, "imap4": Endpoint("10.0.0.1", 993)})
    assert pool.lane(imap, "imap4") is not yard.lane
    assert len(pool.lanes) == 4


@pytest.mark.negative
@pytest.mark.parametrize("instead", [{"pin": "01"}, {"ca": "PEM"}, {"tls_name": "evil.example.org"}])
def test_a_connection_that_was_verified_otherwise_is_not_shared(yard: Yard, instead: dict[str, str]) -> None:
    assert yard.pool.lane(evolve(MBX1, **instead), "ews") is not yard.lane


@pytest.mark.negative
@pytest.mark.parametrize(
    ("spoken", "said"), [("none", None), ("v1", b"PROXY UNKNOWN\r\n"), ("v2", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0")]
)
def test_a_shared_connection_is_announced_as_nobodys(yard: Yard, spoken: str, said: bytes | None) -> None:
    told: list[Any] = []

    async def connector(*_: Any, **more: Any) -> None:
        told.append(more.get("preface"))

    pool = Pool(yard.pool.settings, yard.clock, connector)
    server = evolve(MBX1, proxy_protocol=ProxyProtocol(spoken))
    outcome_of(pool.lane(server, "ews").acquire("alice"))
    assert told == [said]
    if said:
        assert pool.lane(MBX1, "ews") is not pool.lane(server, "ews")
        pool.retain({"mbx1": MBX1})
        assert [lane.server for lane in pool.lanes] == [MBX1]


def test_a_server_without_an_endpoint_is_unreachable(yard: Yard) -> None:
    with pytest.raises(Unreachable):
        yard.pool.lane(evolve(MBX1, endpoints={}), "ews")


@pytest.mark.negative
@pytest.mark.parametrize(
    "servers",
    [
        {},
        {"mbx1": evolve(MBX1, endpoints={"http": Endpoint("10.0.0.9", 444)})},
        {"mbx1": evolve(MBX1, pin="01")},
        {"mbx1": evolve(MBX1, ca="PEM")},
        {"mbx1": evolve(MBX1, tls_name="other.example.org")},
    ],
)
def test_connections_to_what_the_directory_no_longer_names_are_closed(yard: Yard, servers: dict[str, Any]) -> None:
    busy, idle = yard.take(), yard.take()
    yard.lane.release(idle)
    yard.pool.retain(servers)
    assert yard.pool.lanes == ()
    assert [connection.wire.open for connection in yard.servers.connections] == [True, False]
    yard.lane.release(busy)
    assert not yard.servers.connections[0].wire.open


def test_connections_to_what_the_directory_still_names_stay(yard: Yard) -> None:
    yard.lane.release(yard.take())
    yard.pool.retain({"mbx1": evolve(MBX1)})
    assert yard.pool.lanes == (yard.lane,)
    assert yard.pool.lane(MBX1, "ews") is yard.lane
    assert yard.lane.idle_connections == 1


def test_who_waits_at_a_closed_lane_is_served_and_leaves_nothing_behind(yard: Yard) -> None:
    busy, _ = yard.take(), yard.take()
    waiting = yard.wait()
    yard.pool.close()
    yard.lane.release(busy)
    yard.settle()
    connection = waiting[0]
    assert connection is not busy
    yard.lane.release(connection)
    assert (yard.lane.idle_connections, yard.servers.connections[2].wire.open) == (0, False)


def test_a_closed_pool_closes_each_connection_as_it_becomes_free(yard: Yard) -> None:
    busy, idle = yard.take(), yard.take()
    yard.lane.release(idle)
    yard.pool.close()
    assert [connection.wire.open for connection in yard.servers.connections] == [True, False]
    yard.lane.release(busy)
    yard.settle()
    assert yard.lane.open_connections == 0
    assert yard.clock.getDelayedCalls() == []


# Failures


def test_a_server_that_takes_no_connection_is_unreachable_and_says_why(yard: Yard) -> None:
    yard.servers.refusing.add("mbx1")
    assert refused(yard.lane.acquire("alice")) == "mbx1 at 10.0.0.1:444: refused"


def test_connections_being_opened_count(yard: Yard) -> None:
    yard.servers.silent.add("mbx1")
    opening = [yard.wait() for _ in range(2)]
    waiting = yard.wait()
    assert len(yard.servers.pending) == 2
    yard.servers.pending.pop()()
    assert [len(each) for each in (*opening, waiting)] == [0, 1, 0]


@pytest.mark.negative
def test_the_breaker_opens_after_failures_to_connect_in_a_row(yard: Yard) -> None:
    yard.servers.refusing.add("mbx1")
    for _ in range(3):
        assert not yard.lane.breaker.open
        refused(yard.lane.acquire("alice"))
    assert yard.lane.breaker.open
    yard.clock.advance(30)
    assert not yard.lane.breaker.open


def breaker(yard: Yard) -> Breaker:
    return Lane(MBX1, Endpoint("a", 1), Any, yard.pool_settings, yard.servers, yard.clock).breaker  # type: ignore[arg-type]


@pytest.mark.negative
def test_the_breaker_opens_when_the_requests_of_several_clients_fail(yard: Yard) -> None:
    one = breaker(yard)
    for who in ("alice", "bob", "carol"):
        assert not one.open
        one.failed(who)
    assert one.open


@pytest.mark.negative
def test_one_clients_poison_does_not_keep_a_server_from_the_others(yard: Yard) -> None:
    one = breaker(yard)
    for _ in range(100):
        one.failed("mallory")
    assert not one.open


def test_a_good_answer_forgives(yard: Yard) -> None:
    one = breaker(yard)
    for _ in range(3):
        one.failed("alice")
        one.failed("bob")
        one.refused()
        one.refused()
        one.good()
    assert not one.open


def test_a_good_answer_ends_a_quarantine(yard: Yard) -> None:
    one = breaker(yard)
    one.trip()
    assert one.open
    one.good()
    assert not one.open


@pytest.mark.negative
def test_a_good_answer_does_not_end_the_quarantine_of_a_server_that_answered_for_somebody_else(yard: Yard) -> None:
    one = breaker(yard)
    one.distrust()
    yard.clock.advance(29)
    one.good()
    assert one.open
    yard.clock.advance(1)
    assert not one.open
