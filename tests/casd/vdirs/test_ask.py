"""/casd/ask and /casd/people: what a mailbox server wants to know of other mailboxes and of people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.casd.estate import Client, Estate, get
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
