"""The front door of office servers: a token leads to its user's mailbox server, and nothing else leads anywhere."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from protocols import wopi
from protocols.wopi import Access
from tests.casd.estate import ALICE, KEYS, Client, Estate, basic_auth, get


def token(server: str = "mbx1", key: bytes | None = None, **instead: Any) -> str:
    said = Access(server, "1", int(time.time()) + 60, ALICE.address, str(ALICE.guid), "a", "https://mail.example.org")
    return wopi.issue(said._replace(**instead), key or KEYS[server]["1"])


def ask(estate: Estate, shown: str, *lines: bytes) -> Client:
    client = estate.client()
    client.send(get(f"/wopi/files/a?access_token={quote(shown)}", *lines))
    return client


def test_a_token_leads_to_the_mailbox_of_its_user(estate: Estate) -> None:
    shown = token()
    ask(estate, shown, b"X-WOPI-Proof: x\r\n")
    asked = estate.servers.last()
    assert asked.connection.server == "mbx1"
    assert asked.line == f"GET /wopi/files/a?access_token={quote(shown)}"
    said = asked.assertion
    assert (said.user, said.address, said.mechanism) == (ALICE.address, ALICE.address, "wopi")
    asked.answer()
    assert "access_token" not in estate.logged()[0]


@pytest.mark.negative
@pytest.mark.parametrize(
    "shown",
    [
        "",
        "x",
        token(key=b"x" * 32),
        token(expires=1),
        token(user="nobody@example.org"),
        token(server="mbx1", key=KEYS["mbx2"]["1"]),
        wopi.issue(Access("../mbx1", "1", 2**40, ALICE.address, "", "a", ""), KEYS["mbx1"]["1"]),
    ],
)
def test_what_is_no_token_leads_nowhere_and_asks_for_no_password(estate: Estate, shown: str) -> None:
    (answer,) = ask(estate, shown).read()
    assert answer.status == 401
    assert "www-authenticate" not in answer.fields
    assert not estate.servers.requests()


@pytest.mark.negative
def test_a_password_leads_nowhere_here(estate: Estate) -> None:
    (answer,) = ask(estate, "", basic_auth()).read()
    assert answer.status == 401


@pytest.mark.negative
def test_no_field_sends_a_token_to_another_mailbox(estate: Estate) -> None:
    ask(estate, token(), b"X-AnchorMailbox: carol@example.org\r\n")
    assert estate.servers.last().assertion.address == ALICE.address
