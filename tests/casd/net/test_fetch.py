"""One whole request of the front end's own."""

from __future__ import annotations

from typing import Any

import pytest

from casd.net.fetch import Answer, fetch
from casd.net.pool import Unreachable
from tests.casd.estate import MBX1, Estate, outcome_of, result


class Question:
    """A request for mbx1's health."""

    def __init__(self, estate: Estate, limit: int = 100) -> None:
        self.lane = estate.pool.lane(MBX1, "ews")
        self.connection = result(self.lane.acquire(""))
        asking = fetch(self.connection, b"POST", b"/x", b"Host: mbx1\r\n", b"hello", 10, limit)
        self.outcome: list[Any] = outcome_of(asking)
        self.asked = estate.servers.last()

    def say(self, data: bytes) -> None:
        self.asked.say(data)


def test_a_request_goes_out_whole_and_its_answer_comes_back_whole(estate: Estate) -> None:
    question = Question(estate)
    assert (question.asked.line, question.asked.body) == ("POST /x", b"hello")
    assert question.asked.fields == {"host": "mbx1", "content-length": "5"}
    question.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    question.say(b"ok")
    answer: Answer = question.outcome[0]
    assert (answer.head.status, answer.body) == (200, b"ok")
    assert question.lane.idle_connections == 1


def test_no_answer_means_unreachable(estate: Estate) -> None:
    question = Question(estate)
    estate.clock.advance(10)
    assert question.outcome[0].check(Unreachable)
    assert question.lane.idle_connections == 0


@pytest.mark.negative
def test_an_answer_over_the_limit_is_not_gathered(estate: Estate) -> None:
    question = Question(estate)
    question.say(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"a" * 60)
    question.say(b"a" * 60)
    assert question.outcome[0].check(Unreachable)
    assert question.asked.connection.wire.aborted
    assert question.lane.idle_connections == 0
    estate.settle()


@pytest.mark.negative
def test_an_answer_over_the_limit_that_comes_at_once_is_refused_too(estate: Estate) -> None:
    question = Question(estate)
    question.say(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na0\r\n" + b"a" * 160 + b"\r\n1\r\na\r\n0\r\n\r\n"
    )
    assert question.outcome[0].check(Unreachable)
    assert question.lane.idle_connections == 0
    estate.settle()


@pytest.mark.negative
def test_an_answer_in_many_small_pieces_costs_no_more_than_its_bytes(estate: Estate) -> None:
    looked_at = 0

    class Piece(bytes):
        def __len__(self) -> int:
            nonlocal looked_at
            looked_at += 1
            return super().__len__()

    question = Question(estate, limit=1000)
    question.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        question.connection._taker.body(Piece(b"x"))
    assert looked_at <= 1000
    question.say(b"0\r\n\r\n")
    assert question.outcome[0].body == b"x" * 1000
