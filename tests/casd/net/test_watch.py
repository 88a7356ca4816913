"""Health checks: a breaker opens before users notice, and closes again."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from casd.model import ServerKind
from casd.net import watch
from casd.net.watch import Watch
from tests.casd.estate import MBX1, MBX2, Estate, outcome_of, result, settings


class Guard:
    """A watch over mbx1 and mbx2."""

    def __init__(self, folder: Path) -> None:
        self.estate = Estate(folder, pool_settings={"connections": 1})
        section = settings(watch.Settings, folder, interval=5.0, patience=3.0)
        self.watch = Watch(section, self.estate.pool, self.estate.clock)
        self.lanes = [self.estate.pool.lane(server, "ews") for server in (MBX1, MBX2)]
        self.watch.start()

    def round(self) -> None:
        self.estate.clock.advance(5)

    @property
    def kept_out(self) -> list[bool]:
        return [lane.breaker.open for lane in self.lanes]


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path)


def test_every_server_in_use_is_asked_now_and_then(guard: Guard) -> None:
    for number in (1, 2, 3):
        guard.round()
        requests = guard.estate.servers.requests()
        assert [asked.line for asked in requests] == ["GET /casd/health"] * 2 * number
        for asked in requests[number - 1 :: number]:
            asked.say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert guard.kept_out == [False, False]
    assert len(guard.estate.servers.connections) == 2


@pytest.mark.parametrize("status", [b"503 No", b"302 Elsewhere"])
def test_a_server_that_is_not_well_is_kept_out_until_it_is(guard: Guard, status: bytes) -> None:
    guard.round()
    guard.estate.servers.requests()[0].say(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    assert guard.kept_out == [True, False]
    guard.round()
    guard.estate.servers.requests()[1].say(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert guard.kept_out[0] is False


def test_a_server_of_another_kind_has_no_page_to_ask_for(guard: Guard) -> None:
    guard.lanes[0].server = evolve(MBX1, kind=ServerKind.DAV)
    guard.round()
    assert [asked.connection.server for asked in guard.estate.servers.requests()] == ["mbx2"]


def test_a_server_that_hangs_is_kept_out(guard: Guard) -> None:
    guard.round()
    guard.estate.clock.advance(3)
    assert guard.kept_out == [True, True]


def test_a_server_that_takes_no_connection_is_kept_out(guard: Guard) -> None:
    guard.estate.servers.refusing.add("mbx2")
    guard.round()
    assert guard.kept_out == [False, True]


def test_a_server_with_a_queue_is_well_enough(guard: Guard) -> None:
    for lane in guard.lanes:
        result(lane.acquire("alice"))
    outcome_of(guard.lanes[0].acquire("bob"))
    guard.round()
    guard.estate.clock.advance(10)
    assert guard.kept_out == [False, False]
    assert guard.estate.servers.requests() == []


def test_after_stop_nobody_is_asked(guard: Guard) -> None:
    guard.watch.stop()
    guard.watch.stop()
    guard.round()
    assert guard.estate.servers.connections == []
