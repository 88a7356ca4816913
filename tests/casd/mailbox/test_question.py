from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from casd.mailbox import oof, question
from casd.mailbox.oof import Oof
from casd.mailbox.store.mailbox import MailboxStore
from protocols.handover import Assertion
from tests.casd.mailbox.conversation import ALICE_ASKS, Server
from tests.casd.mailbox.meetings.conversation import Town

ASKS = ALICE_ASKS._replace(target="/casd/tips", user="bob@example.org", mechanism="submission")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path, {"/casd/tips": question.tips}, "DB01")


def test_a_question_is_answered(server: Server) -> None:
    answer = server.ask(ASKS, b"{}")
    assert (answer.status, json.loads(answer.body)["away"]) == (200, "")


def test_a_question_that_is_none_is_refused(server: Server) -> None:
    assert server.ask(ASKS, b"x").status == 400


@pytest.mark.negative
def test_a_question_changes_nothing_and_waits_for_no_writer(tmp_path: Path) -> None:
    def answer(mailbox: MailboxStore, _who: str, _what: Any) -> question.Answer:
        mailbox.settings.put("told", "everybody")
        return {}

    server = Server(tmp_path, {"/casd/tips": lambda call: question.asked(call, answer)}, "DB01")
    assert server.ask(ASKS, b"{}").status == 500


@pytest.mark.negative
@pytest.mark.parametrize("other", [ASKS._replace(mechanism="basic"), ASKS._replace(method="GET")])
def test_a_users_own_request_is_no_question(server: Server, other: Assertion) -> None:
    assert server.ask(other, b"{}").status == 403


@pytest.mark.negative
@pytest.mark.parametrize(("audience", "told"), [("All", "outside"), ("Known", ""), ("None", "")])
def test_strangers_are_told_of_an_absence_as_its_owner_wants(town: Town, audience: str, told: str) -> None:
    oof.save(town.alice.mailbox, Oof("Enabled", audience, internal="inside", external="outside"))
    assert question._tips(town.alice.mailbox, "eve@example.net", {})["away"] == told
    assert question._tips(town.alice.mailbox, "bob@example.org", {})["away"] == "inside"
