"""/casd/ask and /casd/people: what a mailbox server wants to know of other mailboxes and of people."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from casd.directory.members import TooMany
from casd.model import Group, Recipient
from casd.vdirs import meant as casd_meant
from protocols.ews import working_hours
from protocols.ews.described_zones import Zone
from tests.casd.availability.conversation import PLAN, say
from tests.casd.estate import BOB, Client, Estate, get
from tests.casd.vdirs.test_submit import token


def post(estate: Estate, path: str, body: Any, *more: bytes, shown: bytes | None = None) -> Client:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    length = b"Content-Length: %d\r\n" % len(sent)
    client = estate.client()
    client.send(get(path, token(target=path) if shown is None else shown, *more, length, method="POST") + sent)
    return client


def ask(estate: Estate, *addresses: str, question: str = "tips", **how: Any) -> Client:
    names = b"".join(b"X-CASD-Recipient: %b\r\n" % address.encode() for address in addresses)
    return post(estate, "/casd/ask", {"x": 1}, b"X-CASD-Question: %b\r\n" % question.encode(), names, **how)


def answers(client: Client) -> list[dict[str, Any]]:
    (answer,) = client.read()
    assert answer.status == 200
    listed: list[dict[str, Any]] = json.loads(answer.body)["answers"]
    return listed


def test_each_mailbox_is_asked_at_its_own_server_and_all_at_once(estate: Estate) -> None:
    client = ask(estate, "carol@example.org", "nobody@example.org", "bob@example.org")
    asked = {request.connection.server: request for request in estate.servers.requests()}
    assert {request.line for request in asked.values()} == {"POST /casd/tips"}
    assert {request.assertion.mechanism for request in asked.values()} == {"submission"}
    asked["mbx1"].answer(b'{"full": true}')
    asked["mbx2"].answer(b'{"reason": "no"}', status=422)
    assert answers(client) == [
        {"address": "carol@example.org", "reason": "no", "said": None},
        {"address": "nobody@example.org", "reason": "UserNotFound", "said": None},
        {"address": "bob@example.org", "reason": "", "said": {"full": True}},
    ]


def test_a_server_that_cannot_be_reached_costs_the_others_nothing(estate: Estate) -> None:
    estate.servers.refusing.add("mbx1")
    client = ask(estate, "bob@example.org", "carol@example.org")
    estate.servers.last().answer(b"{}")
    first, second = answers(client)
    assert (first["reason"].startswith("try later"), second["said"]) == (True, {})


def test_an_answer_that_is_none_costs_the_others_nothing(estate: Estate) -> None:
    client = ask(estate, "bob@example.org", "carol@example.org")
    asked = {request.connection.server: request for request in estate.servers.requests()}
    asked["mbx1"].answer(b"[" * 100_000)
    asked["mbx2"].answer(b"{}")
    first, second = answers(client)
    assert (first["reason"], second["said"]) == ("the server's answer is not understood", {})


WINDOW = {"start": "2027-03-01T10:00:00+01:00", "end": "2027-03-01T12:00:00+01:00"}


def times(estate: Estate, *addresses: str, **window: Any) -> Client:
    names = b"".join(b"X-CASD-Recipient: %b\r\n" % address.encode() for address in addresses)
    return post(estate, "/casd/ask", {**WINDOW, **window}, b"X-CASD-Question: freebusy\r\n", names)


def test_free_and_busy_times_are_told_of_whatever_servers(estate: Estate) -> None:
    client = times(estate, "carol@example.org", "nobody@example.org")
    (asked,) = estate.servers.requests()
    assert (asked.line, asked.assertion.user) == ("POST /EWS/Exchange.asmx", "alice@example.org")
    begun = estate.hashed
    say(asked, PLAN)
    assert estate.hashed == begun + 1  # a hundred mailboxes with a thousand events each take their time
    event = {"status": "Busy", "start": "2027-03-01T09:00:00+00:00", "end": "2027-03-01T10:00:00+00:00"}
    assert answers(client) == [
        {"address": "carol@example.org", "reason": "", "said": {"events": [event], "working": None}},
        {"address": "nobody@example.org", "reason": "ErrorMailRecipientNotFound", "said": None},
    ]


def test_when_somebody_works_is_told_where_it_is_known(estate: Estate) -> None:
    client = times(estate, "carol@example.org", end="2027-03-02T12:00:00+01:00")
    (asked,) = estate.servers.requests()
    say(asked, hours=working_hours.usual(Zone(-60)))
    (told,) = answers(client)
    assert told["said"]["working"] == [
        {"start": "2027-03-01T09:00:00+00:00", "end": "2027-03-01T16:00:00+00:00"},
        {"start": "2027-03-02T07:00:00+00:00", "end": "2027-03-02T11:00:00+00:00"},
    ]


@pytest.mark.parametrize(
    "window",
    [
        {"start": "x"},
        {"start": None},
        {"start": WINDOW["end"]},
        {"end": "2027-05-01T00:00:00Z"},
        {"start": "9999-12-30T00:00:00Z", "end": "9999-12-01T00:00:00Z"},
    ],
)
def test_a_time_that_is_none_is_not_asked_for(estate: Estate, window: dict[str, Any]) -> None:
    assert times(estate, "carol@example.org", **window).read()[0].status == 400


@pytest.mark.negative
def test_nothing_is_asked_but_what_is_known(estate: Estate) -> None:
    assert ask(estate, "bob@example.org", question="deliver").read()[0].status == 400
    assert ask(estate, "bob@example.org", shown=b"").read()[0].status == 403
    assert ask(estate, "bob@example.org", shown=token(target="/casd/submit")).read()[0].status == 403
    assert estate.servers.connections == []


@pytest.mark.negative
@pytest.mark.parametrize("user", ["carol@example.org", ""])
def test_a_server_asks_in_the_name_of_nobody_whose_mailbox_it_does_not_have(estate: Estate, user: str) -> None:
    shown = token(target="/casd/ask", user=user)
    assert ask(estate, "carol@example.org", question="freebusy", shown=shown).read()[0].status == 403
    assert estate.servers.connections == []


@pytest.mark.negative
def test_a_long_list_of_mailboxes_takes_no_server_by_storm(estate: Estate) -> None:
    client = ask(estate, *["bob@example.org"] * 20)
    most = 0
    for _ in range(20):
        going = [one for one in estate.servers.requests() if one.head.get(b"x-answered") is None]
        most = max(most, len(going))
        going[0].head.fields.append((b"x-answered", b"", b""))
        going[0].answer(b"{}")
    assert (len(answers(client)), most) == (20, 8)


def people(client: Client) -> list[str]:
    (answer,) = client.read()
    return [one["address"] for one in json.loads(answer.body)["people"]]


def test_people_are_found_by_the_begin_of_an_address_and_by_a_whole_one(estate: Estate) -> None:
    assert people(post(estate, "/casd/people", {"words": "bo", "limit": 5})) == ["bob@example.org"]
    assert people(post(estate, "/casd/people", {"words": "office@example.org", "limit": 5})) == ["alice@example.org"]
    assert people(post(estate, "/casd/people", {"words": " ", "limit": 5})) == []


def test_a_question_that_is_none_is_refused(estate: Estate) -> None:
    for body in (b"x", b"{}", {"words": "x", "limit": "many"}):
        assert post(estate, "/casd/people", body).read()[0].status == 400


def test_a_directory_that_is_down_means_try_later(estate: Estate) -> None:
    shown = token(target="/casd/people")
    estate.source.down = True
    assert post(estate, "/casd/people", {"words": "bo", "limit": 5}, shown=shown).read()[0].status == 503


@pytest.mark.negative
def test_nobody_but_a_mailbox_server_reads_the_address_book(estate: Estate) -> None:
    assert post(estate, "/casd/people", {"words": "bo", "limit": 5}, shown=b"").read()[0].status == 403


# Groups and rooms

TEAM = Group(
    UUID(int=201), "team@example.org", "Bobsled team", members=("bob@example.org", "few@example.org", "x@there.example")
)
FEW = Group(UUID(int=202), "few@example.org", hidden=True, members=("carol@example.org",))


@pytest.fixture
def town(estate: Estate) -> Estate:
    estate.source.groups = [TEAM, FEW]
    estate.source.mailboxes[1] = evolve(BOB, kind=Recipient.ROOM)
    return estate


def listed(client: Client, name: str) -> Any:
    (answer,) = client.read()
    assert answer.status == 200
    return json.loads(answer.body)[name]


def test_people_and_groups_are_told_apart(town: Estate) -> None:
    found = listed(post(town, "/casd/people", {"words": "team", "limit": 5}), "people")
    assert found == [{"address": "team@example.org", "name": "Bobsled team", "kind": "group"}]
    found = listed(post(town, "/casd/people", {"words": "bob@example.org", "limit": 5}), "people")
    assert found == [{"address": "bob@example.org", "name": "Bob", "kind": "room"}]
    town.source.groups.append(evolve(TEAM, guid=UUID(int=203), address="bobs@example.org", display_name="Agents"))
    found = listed(post(town, "/casd/people", {"words": "bob", "limit": 5}), "people")
    assert [one["kind"] for one in found] == ["group", "room"]


def test_a_whole_address_finds_a_hidden_group_too(town: Estate) -> None:
    assert people(post(town, "/casd/people", {"words": "few@example.org", "limit": 5})) == ["few@example.org"]
    assert people(post(town, "/casd/people", {"words": "few", "limit": 5})) == []


def test_the_members_of_a_group_are_told_as_they_were_put_into_it(town: Estate) -> None:
    found = listed(post(town, "/casd/members", {"address": "Team@example.org"}), "members")
    assert [(one["address"], one["name"], one["kind"]) for one in found] == [
        ("bob@example.org", "Bob", "room"),
        ("few@example.org", "", "group"),
        ("x@there.example", "", "outside"),
    ]
    assert listed(post(town, "/casd/members", {"address": "bob@example.org"}), "members") is None


@pytest.mark.negative
def test_members_are_told_to_mailbox_servers_alone_and_to_none_who_asks_wrongly(town: Estate) -> None:
    assert post(town, "/casd/members", {"address": "team@example.org"}, shown=b"").read()[0].status == 403
    for body in (b"x", b"{}", b"[]"):
        assert post(town, "/casd/members", body).read()[0].status == 400
    shown = token(target="/casd/members")
    town.source.down = True
    assert post(town, "/casd/members", {"address": "a@example.org"}, shown=shown).read()[0].status == 503


def meant(estate: Estate, who: str, *addresses: str) -> Any:
    return listed(post(estate, "/casd/meant", {"who": who, "addresses": addresses}), "meant")


def test_somebody_is_meant_by_another_of_his_addresses_or_by_a_group(town: Estate) -> None:
    office = {"address": "office@example.org", "name": "Alice", "group": False}
    assert meant(town, "alice@example.org", "team@example.org", "bob@example.org", "office@example.org") == office
    team = {"address": "Team@example.org", "name": "Carol", "group": True}
    assert meant(town, "carol@example.org", "x@there.example", "Team@example.org") == team


@pytest.mark.negative
def test_who_does_not_belong_to_a_group_is_not_meant_by_it(town: Estate) -> None:
    assert meant(town, "alice@example.org", "team@example.org", "few@example.org", "bob@example.org") is None
    assert meant(town, "nobody@example.org", "team@example.org") is None


def test_a_group_that_is_too_large_means_nobody(town: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_many(*_: object) -> None:
        raise TooMany

    monkeypatch.setattr(casd_meant, "members", too_many)
    assert meant(town, "bob@example.org", "team@example.org") is None


def test_of_many_addresses_the_first_are_looked_up_in_turns(town: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casd_meant, "_ADDRESSES", 3)
    monkeypatch.setattr(casd_meant, "_TURN", 2)
    asked = [*(f"{number}@example.org" for number in range(3)), "office@example.org"]
    client = post(town, "/casd/meant", {"who": "alice@example.org", "addresses": asked})
    assert client.read() == []
    town.clock.advance(0)
    assert listed(client, "meant") is None


@pytest.mark.negative
def test_who_is_meant_is_told_to_mailbox_servers_alone_and_to_none_who_asks_wrongly(town: Estate) -> None:
    whole = {"who": "bob@example.org", "addresses": ["team@example.org"]}
    assert post(town, "/casd/meant", whole, shown=b"").read()[0].status == 403
    for body in (b"x", b"{}", b"[]", {"who": "bob@example.org", "addresses": 7}):
        assert post(town, "/casd/meant", body).read()[0].status == 400
    shown = token(target="/casd/meant")
    town.source.down = True
    assert post(town, "/casd/meant", whole, shown=shown).read()[0].status == 503


@pytest.mark.negative
def test_a_group_of_too_many_is_not_listed(town: Estate) -> None:
    many = tuple(f"u{number}@there.example" for number in range(10_001))
    town.source.groups.append(Group(UUID(int=204), "many@example.org", members=many))
    town.source.groups.append(Group(UUID(int=205), "most@example.org", members=many[1:]))
    assert post(town, "/casd/members", {"address": "many@example.org"}).read()[0].status == 413
    client = post(town, "/casd/members", {"address": "most@example.org"})
    assert client.read() == []  # others have their turn meanwhile
    for _ in range(50):
        town.clock.advance(0)
    assert len(listed(client, "members")) == 10_000


def test_tips_tell_how_many_are_in_a_group(town: Estate) -> None:
    assert answers(ask(town, "team@example.org", "nobody@example.org")) == [
        {"address": "team@example.org", "reason": "", "said": {"members": 3, "outside": 1}},
        {"address": "nobody@example.org", "reason": "UserNotFound", "said": None},
    ]
    assert answers(ask(town, "team@example.org", question="photo"))[0]["reason"] == "UserNotFound"


def test_of_a_group_of_too_many_tips_do_not_say_that_there_is_none(town: Estate) -> None:
    many = tuple(f"u{number}@there.example" for number in range(10_001))
    town.source.groups.append(Group(UUID(int=204), "many@example.org", members=many))
    client = ask(town, "many@example.org")
    for _ in range(60):
        town.clock.advance(0)
    assert answers(client) == [{"address": "many@example.org", "reason": "TooMany", "said": None}]
