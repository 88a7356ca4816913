"""/casd/submit: mail from a mailbox server to the servers of its recipients, and from nobody else."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from casd.directory import members
from casd.model import Group
from protocols.handover import REQUEST_HEADER, Assertion, sign
from tests.casd.estate import ALICE, KEYS, Client, Estate, basic_auth, get, mailbox

MAIL = b"Subject: hello\r\n\r\nbody\r\n"


def token(server: str = "mbx1", key: bytes | None = None, **instead: Any) -> bytes:
    """Return what a mailbox server shows when it submits for alice."""
    said = Assertion(
        issued=int(time.time()), server="front", method="POST", target="/casd/submit", request_id="1",
        user=ALICE.address, mailbox=str(ALICE.guid), address=ALICE.address, display_name="", database="DB01",
        client="", mechanism="submission",
    )._replace(**instead)  # fmt: skip
    proof = sign(said, "1", key or KEYS[server]["1"])
    return b"X-CASD-Server: %b\r\n%b: %b\r\n" % (server.encode(), REQUEST_HEADER, proof)


def submit(estate: Estate, *recipients: str, shown: bytes | None = None, target: str = "/casd/submit") -> Client:
    """Submit a message; return the mailbox server's connection."""
    names = b"".join(b"X-CASD-Recipient: %b\r\n" % recipient.encode() for recipient in recipients)
    length = b"Content-Length: %d\r\n" % len(MAIL)
    client = estate.client()
    client.send(get(target, token() if shown is None else shown, names, length, method="POST") + MAIL)
    return client


def receipts(client: Client) -> dict[str, str]:
    """Return what became of each recipient: nothing is good news."""
    (answer,) = client.read()
    assert (answer.status, answer.fields["content-type"]) == (200, "application/json")
    said = json.loads(answer.body)["receipts"]
    assert all(receipt["delivered"] is not bool(receipt["reason"]) for receipt in said)
    return {receipt["address"]: receipt["reason"] for receipt in said}


def test_a_message_is_handed_to_the_server_of_each_recipient(estate: Estate) -> None:
    client = submit(estate, "bob@example.org", "carol@example.org", "bob@example.org")
    going = {asked.connection.server: asked for asked in estate.servers.requests()}
    for server, name in (("mbx1", "bob"), ("mbx2", "carol")):
        asked = going[server]
        assert (asked.line, asked.body) == ("POST /casd/deliver", MAIL)
        said = asked.assertion
        assert (said.address, said.user, said.mechanism) == (f"{name}@example.org", ALICE.address, "submission")
        asked.answer()
    assert receipts(client) == {"bob@example.org": "", "carol@example.org": ""}
    assert "user=alice@example.org" in estate.logged()[0]


def test_who_has_sent_a_message_on_is_said_beside_it(estate: Estate) -> None:
    passed = b"X-CASD-Forwarded-By: carol@example.org\r\n"
    submit(estate, "bob@example.org", shown=token() + passed)
    asked = estate.servers.last()
    assert asked.fields["x-casd-forwarded-by"] == "carol@example.org"
    assert submit(estate, "bob@example.org", shown=token() + passed * 11).read()[0].status == 400


def test_a_server_that_hangs_keeps_no_other_recipient_waiting(estate: Estate) -> None:
    client = submit(estate, "bob@example.org", "carol@example.org")
    going = {asked.connection.server: asked for asked in estate.servers.requests()}
    going["mbx2"].answer()
    estate.clock.advance(61)
    told = receipts(client)
    assert (told["carol@example.org"], told["bob@example.org"].partition(":")[0]) == ("", "try later")


def test_a_recipient_whom_nobody_knows_is_told_of(estate: Estate) -> None:
    assert receipts(submit(estate, "nobody@example.org")) == {"nobody@example.org": "UserNotFound"}


def test_a_server_that_does_not_take_a_message_is_told_of(estate: Estate) -> None:
    client = submit(estate, "bob@example.org")
    estate.servers.last().answer(status=507)
    assert receipts(client) == {"bob@example.org": "the server answered 507"}


def test_a_server_that_cannot_be_reached_means_try_later(estate: Estate) -> None:
    estate.servers.refusing.add("mbx1")
    assert receipts(submit(estate, "bob@example.org"))["bob@example.org"].startswith("try later")


def test_a_moved_database_is_found_where_it_is_now(estate: Estate) -> None:
    client = submit(estate, "bob@example.org")
    estate.servers.last().misdirected("mbx2")
    estate.source.move("DB01", "mbx2")
    estate.clock.advance(0.05)
    asked = estate.servers.last()
    assert asked.connection.server == "mbx2"
    asked.answer()
    assert receipts(client) == {"bob@example.org": ""}


@pytest.mark.negative
def test_a_database_that_nobody_has_is_waited_for_and_then_told_of(estate: Estate) -> None:
    client = submit(estate, "bob@example.org")
    for _ in range(300):
        for asked in estate.servers.requests():
            if asked.head.get(b"x-answered") is None:
                asked.head.fields.append((b"x-answered", b"", b""))
                asked.misdirected()
        estate.clock.advance(0.05)
    assert receipts(client) == {"bob@example.org": "DatabaseMoving"}


@pytest.mark.negative
def test_a_receipt_for_somebody_else_is_no_receipt(estate: Estate) -> None:
    client = submit(estate, "bob@example.org")
    asked = estate.servers.last()
    asked.answer(proof=asked.proof(mailbox=str(ALICE.guid)))
    assert receipts(client)["bob@example.org"].startswith("try later")
    assert not asked.connection.wire.open
    assert estate.pool.lanes[0].breaker.open


@pytest.mark.negative
@pytest.mark.parametrize(
    "shown",
    [
        b"",
        basic_auth(),
        token(key=b"x" * 32),
        token("mbx1", KEYS["mbx2"]["1"]),
        token("mbx9", KEYS["mbx1"]["1"]),
        token("../mbx1", KEYS["mbx1"]["1"]),
        token(target="/casd/other"),
        token(issued=int(time.time()) - 90),
        token(mechanism="basic"),
        token(method="GET"),
    ],
    ids=["nothing", "a client", "no key", "another's key", "unknown", "a path", "target", "old", "mechanism", "method"],
)
def test_nobody_but_a_mailbox_server_submits(estate: Estate, shown: bytes) -> None:
    client = submit(estate, "bob@example.org", shown=shown)
    assert client.read()[0].status == 403
    assert estate.servers.connections == []


@pytest.mark.negative
@pytest.mark.parametrize("user", ["carol@example.org", "", "nobody@example.org"])
def test_a_server_submits_for_nobody_whose_mailbox_it_does_not_have(estate: Estate, user: str) -> None:
    client = submit(estate, "bob@example.org", shown=token(user=user))
    assert client.read()[0].status == 403
    assert estate.servers.connections == []
    assert f'why="mbx1 asks for {user or "nobody"}, whose mailbox it does not have"' in estate.logged()[0]


@pytest.mark.negative
def test_the_server_of_another_copy_submits_nothing(estate: Estate) -> None:
    assert submit(estate, "bob@example.org", shown=token("mbx2")).read()[0].status == 403


def test_a_server_submits_at_once_for_what_has_just_moved_to_it(estate: Estate) -> None:
    submit(estate, "bob@example.org")
    estate.source.move("DB01", "mbx2")
    client = submit(estate, "carol@example.org", shown=token("mbx2"))
    estate.servers.last().answer()
    assert receipts(client) == {"carol@example.org": ""}
    assert submit(estate, "carol@example.org", shown=token("mbx1")).read()[0].status == 403


def test_a_sender_is_told_by_his_first_address(estate: Estate) -> None:
    submit(estate, "bob@example.org", shown=token(user="Office@example.org"))
    assert estate.servers.last().assertion.user == ALICE.address


@pytest.mark.negative
def test_an_assertion_for_a_mailbox_server_opens_no_submission(estate: Estate) -> None:
    estate.client().send(get("/ews/", basic_auth()))
    stolen = estate.servers.last().fields["x-casd-identity"].encode()
    client = submit(estate, "bob@example.org", shown=b"X-CASD-Server: mbx1\r\nX-CASD-Identity: %b\r\n" % stolen)
    assert client.read()[0].status == 403


def test_a_server_whose_key_is_not_there_submits_nothing(estate: Estate) -> None:
    servers = {**estate.source.estate.servers, "mbx4": evolve(estate.source.estate.servers["mbx1"], name="mbx4")}
    estate.source.change(servers=servers)
    assert submit(estate, "bob@example.org", shown=token("mbx4", b"4" * 32)).read()[0].status == 403


@pytest.mark.parametrize("target", ["/casd/", "/casd/submit/x", "/CASD/deliver"])
def test_there_is_nothing_beside_it(estate: Estate, target: str) -> None:
    assert submit(estate, target=target).read()[0].status == 404


# Groups


def put_groups(estate: Estate, **groups: str) -> None:
    """Put groups of example.org into the directory; names of members are of example.org too."""
    for number, (name, names) in enumerate(groups.items(), 200):
        addresses = tuple(each if "@" in each else f"{each}@example.org" for each in names.split())
        estate.source.groups.append(Group(UUID(int=number), f"{name}@example.org", members=addresses, hidden=True))


def brought(estate: Estate) -> dict[str, str]:
    """Return to whom a message is brought by now, and by which path."""
    return {asked.assertion.address: asked.line for asked in estate.servers.requests() if not asked.assertion.client}


def test_mail_to_a_group_is_brought_to_each_member_once(estate: Estate) -> None:
    put_groups(estate, team="bob carol few", few="bob dave team")
    client = submit(estate, "Team@example.org")
    assert brought(estate) == {f"{name}@example.org": "POST /casd/deliver?member" for name in ("bob", "carol", "dave")}
    for asked in estate.servers.requests():
        assert (asked.body, asked.assertion.user) == (MAIL, ALICE.address)
        asked.answer()
    assert receipts(client) == {"Team@example.org": ""}


def test_who_is_written_to_beside_his_group_gets_one_message_as_himself(estate: Estate) -> None:
    put_groups(estate, team="bob alice", few="bob")
    client = submit(estate, "team@example.org", "bob@example.org", "office@example.org", "few@example.org")
    assert brought(estate) == {f"{name}@example.org": "POST /casd/deliver" for name in ("bob", "alice")}
    for asked in estate.servers.requests():
        asked.answer()
    assert set(receipts(client)) == {f"{name}@example.org" for name in ("team", "bob", "office", "few")}


def all_receipts(client: Client) -> list[tuple[str, str, str]]:
    (answer,) = client.read()
    said = json.loads(answer.body)["receipts"]
    return [(one["address"], one["reason"], one["group"]) for one in said]


def test_members_who_got_nothing_are_named(estate: Estate) -> None:
    put_groups(estate, team="bob carol eve@there.example")
    client = submit(estate, "team@example.org")
    for asked in estate.servers.requests():
        if asked.assertion.address == "bob@example.org":
            asked.answer()
        else:
            asked.answer(b'{"reason": "552 5.2.2 The mailbox is full."}', status=422)
    assert all_receipts(client) == [
        ("team@example.org", "", ""),
        ("carol@example.org", "552 5.2.2 The mailbox is full.", "team@example.org"),
        ("eve@there.example", "OtherOrganisation", "team@example.org"),
    ]


def test_a_group_whom_nobody_gets_anything_of_is_not_reached(estate: Estate) -> None:
    put_groups(estate, away="eve@there.example", none="", circle="circle")
    client = submit(estate, "away@example.org", "none@example.org", "circle@example.org")
    assert all_receipts(client) == [
        ("eve@there.example", "OtherOrganisation", "away@example.org"),
        ("none@example.org", "GroupEmpty", ""),
        ("circle@example.org", "GroupEmpty", ""),
    ]


@pytest.mark.negative
def test_a_group_of_too_many_is_refused_as_a_whole(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members.members, "__defaults__", (3,))
    put_groups(estate, many="bob carol dave alice")
    assert receipts(submit(estate, "many@example.org")) == {"many@example.org": "GroupTooLarge"}
    assert estate.servers.connections == []


@pytest.mark.negative
def test_a_group_is_looked_into_once_however_its_address_is_spelt(estate: Estate) -> None:
    put_groups(estate, team="bob")
    asked = submit(estate, "team@example.org", "TEAM@example.org", "team@EXAMPLE.org", "Team@Example.Org")
    for one in estate.servers.requests():
        one.answer()
    assert receipts(asked) == {"team@example.org": ""}


@pytest.mark.negative
def test_thousands_who_cannot_be_reached_cost_the_others_nothing(estate: Estate) -> None:
    lost = [mailbox(2000 + number, f"u{number}", "DB09") for number in range(3000)]
    estate.source.mailboxes += lost
    put_groups(estate, all="alice bob carol " + " ".join(one.address for one in lost))
    client = submit(estate, "all@example.org")
    for _ in range(100):
        estate.clock.advance(0)
    for asked in estate.servers.requests():
        asked.answer()
    told = all_receipts(client)
    assert (told[0], told[-1][1]) == (("all@example.org", "", ""), "5.2.4 2900 more of its members got nothing")


def test_not_all_are_named_of_a_great_many_who_got_nothing(estate: Estate) -> None:
    put_groups(estate, many=" ".join(f"u{number}@there.example" for number in range(120)))
    told = all_receipts(submit(estate, "many@example.org"))
    assert (len(told), told[-1]) == (101, ("many@example.org", "5.2.4 20 more of its members got nothing", ""))


def test_a_directory_that_is_down_means_try_later(estate: Estate) -> None:
    submit(estate, "nobody@example.org")
    shown = token()
    estate.source.down = True
    estate.clock.advance(1)
    assert receipts(submit(estate, "bob@example.org", shown=shown))["bob@example.org"].startswith("try later")
