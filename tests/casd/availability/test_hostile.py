"""Servers that lie about free and busy times, and requests that ask for too much: what they cost, and whom."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from casd.model import ServerKind
from protocols.ews.availability import Event
from tests.casd.availability.conversation import PLAN, TARGET, account, begin, group, kind, say, told
from tests.casd.estate import Estate, mailbox, post
from tests.protocols.ews.test_availability import SUGGESTED

FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001 (events have no offset)
FAULT = b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>%b</s:Body></s:Envelope>"


@pytest.mark.negative
@pytest.mark.parametrize("ends", [(FIRST, LAST), (FIRST, PLAN.end), (PLAN.start, LAST)])
def test_an_event_from_one_end_of_time_to_the_other_is_as_long_as_anybody_wants_to_know(
    estate: Estate, ends: tuple[datetime, datetime]
) -> None:
    client = begin(estate, "carol", "bob")
    asked = {request.connection.server: request for request in estate.servers.requests()}
    say(asked["mbx2"], Event(*ends, "Busy"))
    say(asked["mbx1"], PLAN)
    assert told(client)[1] == "2200"


@pytest.mark.negative
def test_a_fault_of_megabytes_is_not_read_where_clients_are_answered(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.EXCHANGE)
    account(estate, "mbx2", "user = casd", "password = s")
    client = begin(estate, "carol")
    begun = estate.hashed
    estate.servers.last().answer(FAULT % (b"x" * 100_000), status=500, proof=b"")
    assert estate.hashed == begun + 3  # one reads it, two write the answer
    assert told(client) == ["ErrorProxyRequestProcessingFailed"]


def test_7_4_with_suggestions_too_there_is_one_deadline(estate: Estate) -> None:
    client = begin(estate, "carol", more=SUGGESTED)
    estate.pass_time(15.2, 0.1)
    assert told(client) == ["ErrorTimeoutExpired"]


@pytest.mark.negative
def test_a_server_that_hangs_keeps_nobody_from_what_else_it_does(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(20, 120)]
    clients = [begin(estate, *(f"m{number}" for number in range(20, 120))) for _ in range(20)]
    assert len(estate.servers.requests()) == 64
    other = estate.client()
    other.send(post(b"<a/>", TARGET, b"X-AnchorMailbox: dave@example.org\r\n"))
    assert [one.body for one in estate.servers.requests()].count(b"<a/>") == 1
    estate.pass_time(15.2, 0.1)
    assert [set(told(client)) for client in clients] == [{"ErrorTimeoutExpired"}] * 20
    last = begin(estate, "m20")
    say(estate.servers.last(), PLAN)
    assert told(last) == ["2200"]


@pytest.mark.negative
def test_a_server_that_is_asked_no_more_leaves_nothing_behind(estate: Estate) -> None:
    client = begin(estate, "carol", "bob")
    kept = estate.access.availability._wire._turns
    assert set(kept) == {"mbx1", "mbx2"}
    for asked in estate.servers.requests():
        say(asked, PLAN)
    estate.settle()
    assert told(client) == ["2200"] * 2
    gc.collect()
    assert set(kept) == set()


@pytest.mark.negative
def test_who_asks_for_many_groups_lets_others_have_their_turn(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(100):
        group(estate, f"g{number}", *(f"x{number}-{one}" for one in range(99)), number=1000 + number)
    pause, turns = estate.directory.pause, [0]

    async def counted() -> None:
        turns.append(len(estate.source.asked))
        await pause()

    monkeypatch.setattr(estate.directory, "pause", counted)
    client = begin(estate, *(f"g{number}" for number in range(100)))
    estate.settle()
    assert len(told(client)) == 100
    assert max(later - before for before, later in pairwise([*turns, len(estate.source.asked)])) <= 800


@pytest.mark.negative
def test_for_a_client_that_went_away_nobody_is_asked_any_more(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(20, 120)]
    client = begin(estate, *(f"m{number}" for number in range(20, 120)))
    client.wire.hang_up()
    for asked in estate.servers.requests():
        say(asked)
    estate.settle()
    assert len(estate.servers.requests()) == 4


@pytest.mark.negative
def test_a_thousand_who_are_late_are_left_out_one_after_the_other(
    estate: Estate, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(10):
        names = [f"m{number}-{one}" for one in range(99)]
        estate.source.mailboxes += [mailbox(1000 + number * 100 + one, name, "DB03") for one, name in enumerate(names)]
        group(estate, f"g{number}", *names, number=5000 + number)
    client = begin(estate, *(f"g{number}" for number in range(10)))
    for _ in range(20):
        estate.settle()
    estate.pass_time(15.2, 0.1)
    assert told(client) == ["4444"] * 10
    assert "RecursionError" not in capsys.readouterr().err


@pytest.mark.negative
def test_who_asks_for_much_at_once_leaves_threads_to_those_who_sign_in(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, begun = estate.access.availability, list[tuple[Deferred[Any], Callable[..., Any], Any]]()

    def begin_one(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        begun.append((Deferred(), function, args))
        return begun[-1][0]

    monkeypatch.setattr(service, "_in_thread", begin_one)
    clients = [begin(estate, "nobody") for _ in range(300)]
    most = done = 0
    while done < len(begun):
        most = max(most, len(begun) - done)
        ended, function, args = begun[done]
        done += 1
        ended.callback(function(*args))
        estate.settle()
    assert most == 2
    assert {tuple(told(client)) for client in clients} == {("ErrorMailRecipientNotFound",)}
