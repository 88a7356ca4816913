"""Mailboxes of one database, asked for in one request: what one of them, or an old server, costs the others."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.logger import LogEvent, globalLogPublisher

from tests.casd.availability.conversation import PLAN, begin, say, told, wanted
from tests.casd.estate import Asked, Client, Estate, mailbox


@pytest.fixture
def crowd(estate: Estate) -> Estate:
    """A hundred mailboxes in DB03, of whom the last twenty are asked for when one of the others has answered."""
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(20, 120)]
    return estate


def ask(estate: Estate) -> Client:
    return begin(estate, *(f"m{number}" for number in range(20, 120)))


def change(estate: Estate, name: str, **how: str) -> None:
    """Change a mailbox in the directory, as whoever asks next is told at once."""
    estate.source.mailboxes = [
        evolve(one, **how) if one.address == f"{name}@example.org" else one for one in estate.source.mailboxes
    ]
    estate.directory._answers.clear()


def names(asked: Asked) -> list[str]:
    return [one.address.partition("@")[0] for one in asked.assertions]


def answer_all(estate: Estate, done: list[Asked]) -> list[Asked]:
    """Answer whatever comes until nothing does; return what came beside what was `done`."""
    came = list(done)
    while waiting := [one for one in estate.servers.requests() if one not in came]:
        for one in waiting:
            say(one, PLAN)
        came += waiting
        estate.settle()
    return came[len(done) :]


@pytest.mark.parametrize("status", [403, 431])
def test_a_server_that_takes_no_such_request_is_asked_for_each_by_himself_and_trusted_as_before(
    estate: Estate, status: int
) -> None:
    """One of an older version, or one whose limit of a head is too small."""
    client = begin(estate, "alice", "bob")
    asked = estate.servers.last()
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    asked.answer(status=status, proof=b"")
    globalLogPublisher.removeObserver(events.append)
    assert "mbx1 takes no hand-over of 2 mailboxes" in str(events[0]["error"])
    assert [names(one) for one in answer_all(estate, [asked])] == [["alice"], ["bob"]]
    assert told(client) == ["2200"] * 2
    assert not estate.pool.lane(estate.source.estate.servers["mbx1"], "http").breaker.open


@pytest.mark.negative
def test_a_server_that_takes_no_hand_over_for_one_mailbox_either_is_not_trusted(estate: Estate) -> None:
    client = begin(estate, "alice", "bob")
    for several in (["alice", "bob"], ["alice"], ["bob"]):
        (asked,) = (one for one in estate.servers.requests() if names(one) == several)
        asked.answer(status=403, proof=b"")
        estate.settle()
    assert told(client) == ["ErrorProxyRequestProcessingFailed"] * 2
    assert estate.pool.lane(estate.source.estate.servers["mbx1"], "http").breaker.open


def test_one_mailbox_that_cannot_be_opened_costs_no_other(estate: Estate) -> None:
    client = begin(estate, "alice", "bob")
    for broken in (["alice", "bob"], ["alice"]):
        (asked,) = (one for one in estate.servers.requests() if names(one) == broken)
        asked.answer(status=500)
        estate.settle()
    (asked,) = (one for one in estate.servers.requests() if names(one) == ["bob"])
    say(asked, PLAN)
    assert told(client) == ["ErrorProxyRequestProcessingFailed", "2200"]


@pytest.mark.negative
def test_who_has_left_the_database_meanwhile_is_asked_for_where_he_is_and_costs_no_other(crowd: Estate) -> None:
    client = ask(crowd)
    begun = crowd.servers.requests()
    change(crowd, "m119", database="DB01")
    for request in begun:
        say(request, PLAN)
    crowd.settle()
    later = answer_all(crowd, begun)
    assert [names(one) for one in later] == [[f"m{number}"] for number in range(100, 120)]
    assert [one.connection.server for one in later] == [*["mbx3"] * 19, "mbx1"]
    assert told(client) == ["2200"] * 100


def test_the_first_of_them_who_is_deleted_meanwhile_costs_no_other(crowd: Estate) -> None:
    client = ask(crowd)
    begun = crowd.servers.requests()
    crowd.source.mailboxes = [one for one in crowd.source.mailboxes if one.address != "m100@example.org"]
    crowd.directory._answers.clear()
    for request in begun:
        say(request, PLAN)
    crowd.settle()
    answer_all(crowd, begun)
    assert told(client) == [*["2200"] * 80, "ErrorMailboxFailover", *["2200"] * 19]


def test_whose_address_has_changed_meanwhile_is_asked_for_by_the_new_one(crowd: Estate) -> None:
    client = ask(crowd)
    begun = crowd.servers.requests()
    change(crowd, "m119", address="anna@example.org", proxy_addresses=("m119@example.org",))
    for request in begun:
        say(request, PLAN)
    crowd.settle()
    (later,) = answer_all(crowd, begun)
    assert wanted(later).addresses == tuple(one.address for one in later.assertions)
    assert names(later)[-1] == "anna"
    assert told(client) == ["2200"] * 100


def test_for_who_went_away_none_is_asked_for_by_himself(estate: Estate) -> None:
    client = begin(estate, "alice", "bob")
    asked = estate.servers.last()
    client.wire.hang_up()
    asked.answer(status=403, proof=b"")
    assert answer_all(estate, [asked]) == []
