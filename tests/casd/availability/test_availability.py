"""Free and busy times through the front door: whom it asks, until when, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from casd.model import Server, ServerKind, Site
from protocols.ews.envelope import fault
from protocols.ews.errors import Fault
from tests.casd.availability.conversation import (
    PLAN,
    TARGET,
    begin,
    body,
    document,
    kind,
    say,
    told,
    wanted,
)
from tests.casd.client2 import Client2, asking
from tests.casd.estate import ALICE, Asked, Estate, basic_auth, mailbox
from tests.protocols.ews.soap import NAMES
from tests.protocols.ews.test_availability import SUGGESTED, at

# 7.4 Fan-out


def test_7_4_152_each_is_asked_at_his_own_server_all_at_once_and_told_in_the_order_of_the_request(
    estate: Estate,
) -> None:
    client = begin(estate, "carol", "bob", "nobody", "dave")
    asked = {request.assertion.address: request for request in estate.servers.requests()}
    assert {address: request.connection.server for address, request in asked.items()} == {
        "carol@example.org": "mbx2",
        "bob@example.org": "mbx1",
        "dave@example.org": "mbx3",
    }
    assert {request.assertion.user for request in asked.values()} == {ALICE.address}
    assert {request.line for request in asked.values()} == {"POST /EWS/Exchange.asmx"}
    say(asked["dave@example.org"])
    say(asked["bob@example.org"], PLAN)
    assert client.read(b"POST") == []
    say(asked["carol@example.org"], evolve(PLAN, status="OOF"))
    assert told(client) == ["3300", "2200", "ErrorMailRecipientNotFound", "0000"]
    assert "GetUserAvailabilityRequest is answered here" in estate.logged()[0]


def test_over_http_2_it_is_the_same(estate: Estate) -> None:
    client = Client2(estate.door.buildMultiplexed(None), estate.clock)
    numbers = [
        client.begin(asking(TARGET, (b"authorization", basic_auth()[15:-2]), method="POST")) for _ in ("one", "two")
    ]
    for number in numbers:
        client.say(number, document("bob"), ended=True)
    for asked in estate.servers.requests():
        say(asked, PLAN)
    client.talk()
    for number in numbers:
        assert b">2200<" in client.answers[number].body


def test_7_4_a_mailbox_that_is_named_twice_is_asked_once(estate: Estate) -> None:
    client = begin(estate, "alice", "office", "Alice")
    (asked,) = estate.servers.requests()
    say(asked, PLAN)
    assert told(client) == ["2200"] * 3


def test_7_4_those_of_one_database_are_asked_together_each_under_his_own_hand_over(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(20, 45)]
    client = begin(estate, "m20", "bob", *(f"m{number}" for number in range(21, 45)))
    asked = sorted(estate.servers.requests(), key=lambda request: len(request.assertions))
    names = [[one.address.partition("@")[0] for one in request.assertions] for request in asked]
    assert names == [["bob"], [f"m{number}" for number in range(40, 45)], [f"m{number}" for number in range(20, 40)]]
    for request in asked:
        assert [one.address for one in request.assertions] == list(wanted(request).addresses)
        assert {(one.user, one.mechanism) for one in request.assertions} == {(ALICE.address, "availability")}
        say(request, *([PLAN] if request is asked[0] else []))
    assert told(client) == ["0000", "2200", *["0000"] * 24]


def test_7_4_a_server_of_another_site_is_asked_as_those_of_our_own(estate: Estate) -> None:
    """Also one that sends browsers to its own front door: nobody has a browser here."""
    far = Site("Far", "far.example.org", "https://far.example.org", "https://far.example.org", redirect=True)
    topology = estate.source.estate
    servers = {**topology.servers, "mbx2": evolve(topology.servers["mbx2"], site="Far")}
    estate.source.change(sites={**topology.sites, "Far": far}, servers=servers)
    estate.access.settings = evolve(estate.access.settings, site="Main")
    client = begin(estate, "carol")
    asked = estate.servers.last()
    assert (asked.connection.server, asked.assertion.address) == ("mbx2", "carol@example.org")
    say(asked, PLAN)
    assert told(client) == ["2200"]


def test_7_4_at_one_server_only_some_are_asked_at_once(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(20, 120)]
    clients = [begin(estate, *(f"m{number}" for number in range(20, 120))) for _ in range(4)]
    done: list[Asked] = []
    while len(done) < 20:
        waiting = [one for one in estate.servers.requests() if one not in done]
        assert 0 < len(waiting) <= 16
        say(waiting[0])
        done.append(waiting[0])
    for client in clients:
        assert told(client) == ["0000"] * 100


def test_7_4_at_the_deadline_who_is_late_is_told_of_as_such_and_nobody_else(estate: Estate) -> None:
    client = begin(estate, "carol", "bob")
    asked = {request.connection.server: request for request in estate.servers.requests()}
    say(asked["mbx1"], PLAN)
    estate.pass_time(14.9, 0.1)
    assert client.read(b"POST") == []
    estate.pass_time(0.2, 0.1)
    assert told(client) == ["ErrorTimeoutExpired", "2200"]
    assert asked["mbx2"].connection.wire.aborted


def test_7_4_a_server_that_takes_no_connection_is_late_too(estate: Estate) -> None:
    estate.servers.silent.add("mbx2")
    estate.servers.refusing.add("mbx3")
    client = begin(estate, "carol", "bob", "dave")
    say(estate.servers.requests()[0])
    estate.pass_time(15.1, 0.1)
    assert told(client) == ["ErrorTimeoutExpired", "0000", "ErrorProxyRequestProcessingFailed"]
    estate.servers.pending[0]()  # after all
    assert [one.body for one in estate.servers.requests() if one.connection.server == "mbx2"] == []


def test_7_4_a_connection_that_its_server_has_just_closed_costs_nobody_an_answer(estate: Estate) -> None:
    first = begin(estate, "carol")
    worn = estate.servers.last()
    say(worn, PLAN)
    assert told(first) == ["2200"]
    second = begin(estate, "carol")
    worn.connection.wire.hang_up()
    asked = estate.servers.last()
    assert asked.connection is not worn.connection
    say(asked, PLAN)
    assert told(second) == ["2200"]
    third = begin(estate, "carol")
    again = estate.servers.last()
    again.connection.wire.hang_up()
    estate.servers.last().connection.wire.hang_up()
    assert told(third) == ["ErrorProxyRequestProcessingFailed"]


def test_7_4_a_server_that_drips_is_late_too(estate: Estate) -> None:
    client = begin(estate, "bob")
    (asked,) = estate.servers.requests()
    asked.begin()
    for _ in range(151):
        if asked.connection.wire.open:
            asked.chunk(b" ")
        estate.pass_time(0.1, 0.1)
    assert told(client) == ["ErrorTimeoutExpired"]


def test_7_4_a_database_on_the_move_is_followed(estate: Estate) -> None:
    client = begin(estate, "carol")
    estate.servers.last().misdirected()
    estate.source.move("DB02", "mbx3")
    estate.pass_time(0.1)
    asked = estate.servers.last()
    assert asked.connection.server == "mbx3"
    say(asked, PLAN)
    assert told(client) == ["2200"]


def test_7_4_a_database_on_the_move_is_not_followed_without_a_directory(estate: Estate) -> None:
    client = begin(estate, "carol")
    estate.source.down = True
    estate.directory._answers.clear()
    estate.servers.last().misdirected()
    estate.pass_time(0.1)
    assert told(client) == ["ErrorMailboxFailover"]


def test_7_4_a_database_that_arrives_nowhere_is_said_to_be_on_the_move(estate: Estate) -> None:
    client = begin(estate, "carol")
    seen = 0
    for _ in range(400):
        requests = estate.servers.requests()
        for one in requests[seen:]:
            one.misdirected()
        seen = len(requests)
        estate.pass_time(0.05)
    assert told(client) == ["ErrorMailboxFailover"]
    assert seen < 25


@pytest.mark.negative
def test_an_answer_for_another_mailbox_is_told_to_nobody(estate: Estate) -> None:
    client = begin(estate, "carol")
    asked = estate.servers.last()
    say(asked, PLAN, proof=asked.proof(mailbox=str(UUID(int=99))))
    assert told(client) == ["ErrorProxyRequestProcessingFailed"]
    assert estate.pool.lane(estate.source.estate.servers["mbx2"], "http").breaker.open


@pytest.mark.negative
def test_7_4_what_was_passed_on_already_is_not_passed_on_again(estate: Estate) -> None:
    kind(estate, "mbx2", ServerKind.EXCHANGE)
    for line in (b"X-CASD-Proxied: availability\r\n", b"User-Agent: ASProxy/CrossForest/EmailDomain\r\n"):
        client = begin(estate, "carol", "bob", lines=(line,))
        (asked,) = (one for one in estate.servers.requests() if one.body and one.assertion)
        say(asked)
        assert told(client) == ["ErrorProxyRequestNotAllowed", "0000"]
        asked.body = b""


# 7.2 What is seen


def test_7_2_details_are_told_as_far_as_the_server_tells_them(estate: Estate) -> None:
    client = begin(estate, "bob", "carol", view="DetailedMerged")
    bob, carol = estate.servers.requests()
    say(bob, PLAN, detailed=True)
    say(carol, PLAN)
    answer = body(client.read(b"POST")[0])
    kinds = [node.text for node in answer.iterfind(".//t:FreeBusyViewType", NAMES)]
    assert kinds == ["DetailedMerged", "FreeBusyMerged"]
    assert [node.text for node in answer.iterfind(".//t:Subject", NAMES)] == ["Plan"]
    assert [node.text for node in answer.iterfind(".//t:WorkingHours/t:TimeZone/t:Bias", NAMES)] == ["-60"] * 2
    assert [node.text for node in answer.iterfind(".//t:CalendarEvent/t:StartTime", NAMES)] == [
        "2027-03-01T10:00:00"
    ] * 2


def test_7_2_where_nobody_can_be_told_of_it_is_an_answer_all_the_same(estate: Estate) -> None:
    client = begin(estate, "nobody", "carol")
    estate.servers.last().answer(status=403)
    assert told(client) == ["ErrorMailRecipientNotFound", "ErrorNoFreeBusyAccess"]
    assert client.answers[0].fields["content-type"] == "text/xml; charset=utf-8"


def test_7_2_suggestions_are_made_of_what_is_told(estate: Estate) -> None:
    client = begin(estate, "bob", "carol", options="", more=SUGGESTED)
    for asked in estate.servers.requests():
        assert (wanted(asked).start, wanted(asked).end) == (at(28, 23, month=2), at(2, 23))
        say(asked, PLAN)
    answer = body(client.read(b"POST")[0])
    assert answer.find("m:FreeBusyResponseArray", NAMES) is None
    times = [node.text or "" for node in answer.iterfind(".//t:MeetingTime", NAMES)]
    assert times[:3] == ["2027-03-01T08:00:00", "2027-03-01T08:30:00", "2027-03-01T09:00:00"]
    assert "2027-03-01T10:00:00" not in times


def test_7_2_a_wider_time_for_suggestions_is_asked_for_besides(estate: Estate) -> None:
    client = begin(estate, "bob", more=SUGGESTED)
    say(estate.servers.requests()[0], PLAN)
    say(estate.servers.requests()[1], PLAN)
    answer = body(client.read(b"POST")[0])
    assert [node.text for node in answer.iterfind(".//t:MergedFreeBusy", NAMES)] == ["2200"]
    assert len(answer.findall(".//t:SuggestionDayResult", NAMES)) == 2
    long = SUGGESTED.replace("03-03", "04-13")
    assert begin(estate, "bob", more=long).read(b"POST")[0].status == 500
    assert len(estate.servers.requests()) == 2


# 7.3 Errors


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda source: source.move("DB02", ""), "ErrorMailboxFailover"),
        (lambda source: source.change(switches={"availability": False}), "ErrorNoFreeBusyAccess"),
        (
            lambda source: source.change(servers={**source.estate.servers, "mbx2": Server("mbx2", "Main")}),
            "ErrorServiceDiscoveryFailed",
        ),
        (
            lambda source: source.change(
                servers={**source.estate.servers, "mbx2": evolve(source.estate.servers["mbx2"], kind=ServerKind.MAIL)}
            ),
            "ErrorServiceDiscoveryFailed",
        ),
    ],
)
def test_7_3_who_cannot_be_asked_is_told_of_as_such(estate: Estate, change: Callable[[Any], None], code: str) -> None:
    change(estate.source)
    estate.source.number += 1
    assert told(begin(estate, "carol")) == [code]


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (200, b"nonsense", "ErrorProxyRequestProcessingFailed"),
        (200, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "ErrorProxyRequestProcessingFailed"),
        (200, b"<a>" * 10_000, "ErrorProxyRequestProcessingFailed"),
        (200, b"x" * (1 << 20) + b"y", "ErrorProxyRequestProcessingFailed"),
        (500, fault(Fault("ErrorServerBusy")), "ErrorProxyRequestProcessingFailed"),
        (403, b"", "ErrorNoFreeBusyAccess"),
        (503, b"", "ErrorServerBusy"),
    ],
)
def test_7_3_what_a_server_says_instead_costs_its_own_mailbox_alone(
    estate: Estate, status: int, content: bytes, code: str
) -> None:
    client = begin(estate, "carol", "bob")
    asked = {request.connection.server: request for request in estate.servers.requests()}
    asked["mbx2"].answer(content, status=status)
    say(asked["mbx1"])
    assert told(client) == [code, "0000"]


def test_7_3_without_a_hand_over_key_nobody_is_asked(estate: Estate) -> None:
    (estate.folder / "keys" / "mbx2.key").unlink()
    assert told(begin(estate, "carol")) == ["ErrorServiceDiscoveryFailed"]


@pytest.mark.negative
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"end": "2027-05-01T00:00:00"}, "ErrorTimeIntervalTooBig"),
        ({"interval": "4"}, "ErrorInvalidMergedFreeBusyInterval"),
        ({"view": "None"}, "ErrorInvalidFreeBusyViewType"),
    ],
)
def test_7_3_a_request_beyond_the_rules_is_a_fault_of_soap(estate: Estate, how: dict[str, str], code: str) -> None:
    (answer,) = begin(estate, "bob", **how).read(b"POST")
    assert (answer.status, body(answer).findtext("detail/e:ResponseCode", "", NAMES)) == (500, code)
    assert begin(estate, *["bob"] * 101).read(b"POST")[0].status == 500
    assert estate.servers.connections == []
