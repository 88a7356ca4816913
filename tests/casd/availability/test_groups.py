"""Groups among attendees: as busy as anybody in them."""

from __future__ import annotations

import gc

import pytest
from twisted.logger import LogEvent, globalLogPublisher

from protocols.ews.availability import Event
from tests.casd.availability.conversation import (
    PLAN,
    begin,
    body,
    group,
    say,
    told,
    wanted,
)
from tests.casd.estate import Asked, Client, Estate, mailbox
from tests.protocols.ews.soap import NAMES
from tests.protocols.ews.test_availability import SUGGESTED, at


def test_7_2_a_group_is_as_busy_as_anybody_in_it(estate: Estate) -> None:
    group(estate, "team", "bob", "more", "team")
    group(estate, "more", "team", "carol", number=301)
    client = begin(estate, "team", "bob", view="DetailedMerged")
    bob, carol = estate.servers.requests()
    say(bob, PLAN, detailed=True)
    say(carol, Event(at(1, 9, 30), at(1, 10), "OOF"))
    assert told(client) == ["2300", "2200"]
    subjects = body(client.answers[0]).findall(
        ".//t:FreeBusyView[t:FreeBusyViewType='FreeBusyMerged']//t:Subject", NAMES
    )
    assert subjects == []


def test_7_2_whoever_of_a_group_does_not_answer_may_be_busy_at_any_time(estate: Estate) -> None:
    group(estate, "team", "bob", "nobody")
    client = begin(estate, "team")
    say(estate.servers.requests()[0], PLAN)
    assert told(client) == ["2244"]


def test_7_2_a_group_of_which_nobody_is_known_has_no_data(estate: Estate) -> None:
    group(estate, "team", "nobody", "gone")
    assert told(begin(estate, "team")) == ["4444"]


def test_7_2_a_group_of_a_hundred_is_asked_for_all_of_them(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(100, 200)]
    group(estate, "crowd", *(f"m{number}" for number in range(100, 200)))
    client = begin(estate, "crowd")
    estate.settle()
    answered: list[Asked] = []
    while waiting := [one for one in estate.servers.requests() if one not in answered]:
        for one in waiting:
            say(one, *([PLAN] if "m170@example.org" in wanted(one).addresses else []))
        answered += waiting
        estate.settle()
    assert sum(len(wanted(one).addresses) for one in answered) == 100
    assert told(client) == ["2200"]


def test_7_2_a_group_of_more_than_a_hundred_is_not_asked(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB03") for number in range(100, 201)]
    group(estate, "crowd", *(f"m{number}" for number in range(100, 201)))
    group(estate, "team", *(f"m{number}" for number in range(100, 150)), number=301)
    assert told(begin(estate, "crowd")) == ["ErrorFreeBusyDLLimitReached"]
    assert estate.servers.connections == []
    client = begin(estate, "crowd", options="", more=SUGGESTED)
    assert client.read(b"POST")[0].status == 200


@pytest.mark.negative
def test_hundreds_at_a_server_that_hangs_are_given_up_at_once(estate: Estate) -> None:
    estate.source.mailboxes += [mailbox(number, f"m{number}", "DB02") for number in range(1000, 1495)]
    for number in range(5):
        first = 1000 + 99 * number
        group(estate, f"g{number}", *(f"m{one}" for one in range(first, first + 99)), number=400 + number)
    client = begin(estate, *(f"g{number}" for number in range(5)), "bob")
    for _ in range(20):
        estate.clock.advance(0)
    say(next(one for one in estate.servers.requests() if one.connection.server == "mbx1"), PLAN)
    errors: list[LogEvent] = []
    globalLogPublisher.addObserver(errors.append)
    estate.pass_time(15.2, 0.1)
    gc.collect()
    globalLogPublisher.removeObserver(errors.append)
    assert told(client)[-1] == "2200"
    assert [one for one in errors if "log_failure" in one] == []


def ask_for_groups(estate: Estate, *members: list[str]) -> Client:
    """Have alice ask for the times of groups with these members."""
    for number, names in enumerate(members):
        group(estate, f"g{number}", *names, number=400 + number)
    client = begin(estate, *(f"g{number}" for number in range(len(members))))
    estate.settle()
    return client


@pytest.mark.negative
def test_7_3_groups_without_number_lead_to_no_more_than_a_thousand(estate: Estate) -> None:
    client = ask_for_groups(estate, *([f"x{number}-{one}" for one in range(99)] for number in range(12)))
    assert told(client)[-2:] == ["ErrorIndividualMailboxLimitReached"] * 2
    assert len(estate.source.asked) < 6000


@pytest.mark.negative
def test_who_belongs_to_many_groups_counts_in_each_of_them(estate: Estate) -> None:
    client = ask_for_groups(estate, *[[f"x{one}" for one in range(99)]] * 12)
    assert told(client) == [*["4444"] * 10, *["ErrorIndividualMailboxLimitReached"] * 2]
