from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from casd.mailbox import delivery, oof, rule_letters, rules
from casd.mailbox.meetings import arriving, delegated
from casd.mailbox.store.values import Dismounted, Event, EventKind
from protocols.handover import Assertion
from tests.casd.mailbox.conversation import ALICE_ASKS, Server
from tests.casd.mailbox.store.world import ALICE, APPOINTMENT, mail, result

BRINGS = ALICE_ASKS._replace(target="/casd/deliver", user="bob@example.org", mechanism="submission")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path, {"/casd/deliver": delivery.serve}, "DB01")


def inbox(server: Server) -> list[str]:
    with server.roster.use("DB01") as database:
        mailbox = result(database.run(database.mailbox, ALICE, "alice@example.org", "Alice"))
        found = result(database.run(mailbox.items.find, [mailbox.folders.distinguished("inbox").id]))
    return [item.id for item in found.items]


def test_a_message_is_acknowledged_when_it_is_in_the_inbox(server: Server) -> None:
    answer = server.ask(BRINGS, mail())
    assert answer.status == 200
    assert (len(inbox(server)), json.loads(answer.body)) == (1, {"reason": ""})


@pytest.mark.negative
def test_who_has_sent_a_message_on_is_read_beside_it_and_not_in_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[Sequence[str]] = []
    monkeypatch.setattr(delegated, "copies", lambda _mailbox, _item, _mime, passed, _now: known.append(passed) or [])
    field = b"X-CASD-Forwarded-By: carol@example.org\r\n"
    server.ask(BRINGS, mail(), more=field)
    server.ask(BRINGS, field + mail())
    assert known == [["carol@example.org"], []]


def test_who_gets_a_message_as_a_member_of_a_group_does_not_say_that_he_is_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(oof, "reply", lambda _mailbox, sender, *_: told.append(sender))
    assert server.ask(BRINGS._replace(target="/casd/deliver?member"), mail()).status == 200
    assert (len(inbox(server)), told) == (1, [])
    server.ask(BRINGS, mail())
    assert told == ["bob@example.org"]


@pytest.mark.parametrize("other", [BRINGS._replace(mechanism="basic"), BRINGS._replace(method="GET")])
def test_a_users_own_request_is_no_delivery(server: Server, other: Assertion) -> None:
    assert server.ask(other).status == 403
    assert inbox(server) == []


def test_what_a_message_sets_off_cannot_prevent_its_delivery(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    for module, name in ((rules, "apply"), (oof, "reply"), (arriving, "arrived")):
        monkeypatch.setattr(module, name, broken)
    assert server.ask(BRINGS, mail()).status == 200
    assert len(inbox(server)) == 1


def test_a_rule_that_fails_takes_back_what_it_has_done(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rule_letters, "sent", broken)
    told: list[Event | Dismounted] = []
    with server.roster.use("DB01") as database:
        mailbox = result(database.run(database.mailbox, ALICE, "alice@example.org", "Alice"))
        rule = rules.Rule("1", "on", 1, actions={"PermanentDelete": True, "RedirectToRecipients": ["x@example.org"]})
        result(database.run(rules.save, mailbox, [rule]))
        database.watch(ALICE, told.append)
    assert server.ask(BRINGS, mail()).status == 200
    assert len(inbox(server)) == 1
    assert [event.kind for event in told if isinstance(event, Event)] == [EventKind.CREATED, EventKind.NEW_MAIL]


@pytest.mark.parametrize(
    "calendar",
    [
        b"nonsense",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:1\r\nATTENDEE:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        APPOINTMENT.replace(b"VERSION", b"METHOD:REQUEST\r\nVERSION").replace(b"COUNT=3", b"COUNT=-1;BYDAY=XX"),
        APPOINTMENT.replace(b"VERSION", b"METHOD:REQUEST\r\nVERSION").replace(b"DURATION:PT1H", b"DTEND:19000101"),
    ],
)
def test_a_meeting_message_that_is_none_is_a_message_all_the_same(server: Server, calendar: bytes) -> None:
    content = b"From: bob@example.org\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n" + calendar
    assert server.ask(BRINGS._replace(user="alice@example.org"), content).status == 200
    assert len(inbox(server)) == 1
