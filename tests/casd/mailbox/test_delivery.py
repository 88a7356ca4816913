from __future__ import annotations

import json
from pathlib import Path

import pytest

from casd.mailbox import delivery
from protocols.handover import Assertion
from tests.casd.mailbox.conversation import ALICE_ASKS, Server
from tests.casd.mailbox.store.world import ALICE, mail, result

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


@pytest.mark.parametrize("other", [BRINGS._replace(mechanism="basic"), BRINGS._replace(method="GET")])
def test_a_users_own_request_is_no_delivery(server: Server, other: Assertion) -> None:
    assert server.ask(other).status == 403
    assert inbox(server) == []
