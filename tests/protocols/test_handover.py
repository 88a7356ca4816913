"""What a front end signs and what a mailbox server seals: good for one request, and for nothing else."""

from __future__ import annotations

from binascii import b2a_base64
from typing import Any
from uuid import UUID

import pytest

from protocols.handover import Assertion, BadAssertion, seal, sealed, sign, verify, verify_all

NOON = 1_800_000_000
KEYS = {"1": b"k" * 32, "0": b"j" * 32}
ALICE = Assertion(
    issued=NOON,
    server="mbx1",
    method="POST",
    target="/ews/exchange.asmx?x=1",
    request_id="4ec19678-4386-4e9c-97bb-000000000001",
    user="alice@example.org",
    mailbox="00000000-0000-0000-0000-000000000001",
    address="alice@example.org",
    display_name="Alice Ångström.",
    database="DB01",
    client="2001:db8::1",
    mechanism="basic",
)
TOKEN = sign(ALICE, "1", KEYS["1"])


def check(token: bytes, **instead: Any) -> Assertion:
    """Verify a token as the server does that it is meant for."""
    asked: dict[str, Any] = {"server": "mbx1", "method": "POST", "target": "/ews/exchange.asmx?x=1", "now": NOON}
    return verify(token, KEYS, **{**asked, **instead})


def test_what_was_signed_is_read_again() -> None:
    assert check(TOKEN) == ALICE


def test_a_token_may_stand_in_a_field() -> None:
    assert TOKEN.isascii()
    assert not set(b" \r\n\t,") & set(TOKEN)


def test_the_key_before_still_opens() -> None:
    assert check(sign(ALICE, "0", KEYS["0"])) == ALICE


def times(number: int, **instead: Any) -> bytes:
    """Return a token for one of several mailboxes that are asked for times."""
    one = ALICE._replace(mailbox=str(UUID(int=number)), mechanism="availability")
    return sign(one._replace(**instead), "1", KEYS["1"])


def check_all(*tokens: bytes) -> list[Assertion]:
    return verify_all(tokens, KEYS, server="mbx1", method="POST", target="/ews/exchange.asmx?x=1", now=NOON)


def test_one_request_may_ask_for_the_times_of_several_mailboxes() -> None:
    assert [UUID(one.mailbox).int for one in check_all(*map(times, range(20)))] == list(range(20))
    assert check_all(TOKEN) == [ALICE]


@pytest.mark.negative
@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param([], id="none"),
        pytest.param([times(number) for number in range(21)], id="too many"),
        pytest.param([TOKEN, TOKEN], id="twice"),
        pytest.param([TOKEN, times(1)], id="another way in, and times"),
        pytest.param([times(1), TOKEN], id="times, and another way in"),
        pytest.param([times(1), times(2, user="bob@example.org")], id="users"),
        pytest.param([times(1), times(2, database="DB02")], id="databases"),
        pytest.param([times(1), times(2, request_id="2")], id="requests"),
        pytest.param([times(1), times(2, server="mbx2")], id="servers"),
        pytest.param([times(1), times(2)[:-4] + b"AAA="], id="forged"),
    ],
)
def test_several_assertions_of_one_request_are_for_nothing_else(tokens: list[bytes]) -> None:
    with pytest.raises(BadAssertion):
        check_all(*tokens)


@pytest.mark.negative
@pytest.mark.parametrize(
    "instead",
    [
        {"server": "mbx2"},
        {"method": "GET"},
        {"target": "/ews/exchange.asmx"},
        {"target": "/ews/exchange.asmx?x=1&y"},
        {"now": NOON + 66},
        {"now": NOON - 6},
    ],
)
def test_an_assertion_is_good_for_one_server_method_target_and_minute(instead: dict[str, Any]) -> None:
    with pytest.raises(BadAssertion):
        check(TOKEN, **instead)


def test_clocks_may_differ_by_some_seconds() -> None:
    assert check(TOKEN, now=NOON + 65) == check(TOKEN, now=NOON - 5) == ALICE


@pytest.mark.negative
@pytest.mark.parametrize("position", range(0, len(TOKEN), 3))
def test_no_byte_of_an_assertion_may_be_changed(position: int) -> None:
    other = TOKEN[:position] + bytes([TOKEN[position] ^ 1]) + TOKEN[position + 1 :]
    with pytest.raises(BadAssertion):
        check(other)


@pytest.mark.negative
@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"v1",
        b"......",
        TOKEN + b".",
        TOKEN[:-1],
        b"v2" + TOKEN[2:],
        b"\xff" + TOKEN,
        sign(ALICE, "1", b"x" * 32),
        sign(ALICE, "9", KEYS["1"]),
        sign(ALICE, "0", KEYS["1"]),
        sign(ALICE._replace(display_name="x\x1fy"), "1", KEYS["1"]),
    ],
)
def test_what_no_key_of_ours_has_signed_proves_nothing(token: bytes) -> None:
    with pytest.raises(BadAssertion):
        check(token)


def test_a_sealed_answer_names_its_request_and_its_mailbox() -> None:
    proof = seal(ALICE.request_id, ALICE.mailbox, "1", KEYS["1"])
    assert sealed(proof, KEYS, request_id=ALICE.request_id, mailbox=ALICE.mailbox)


@pytest.mark.negative
@pytest.mark.parametrize(
    "proof",
    [
        b"",
        b"v1.1.x.y",
        b"\xff\xff",
        seal("another", ALICE.mailbox, "1", KEYS["1"]),
        seal(ALICE.request_id, "another", "1", KEYS["1"]),
        seal(ALICE.request_id, ALICE.mailbox, "1", b"x" * 32),
        seal(ALICE.request_id, ALICE.mailbox, "9", KEYS["1"]),
        seal(ALICE.request_id, ALICE.mailbox, "1", KEYS["1"]) + b"x",
        b"v1.1.%b.%b" % (ALICE.mailbox.encode(), b2a_base64(b"0" * 32, newline=False)),
    ],
)
def test_an_answer_sealed_for_anything_else_is_no_answer(proof: bytes) -> None:
    assert not sealed(proof, KEYS, request_id=ALICE.request_id, mailbox=ALICE.mailbox)


@pytest.mark.negative
def test_an_answer_cannot_be_made_of_an_assertion() -> None:
    assert not sealed(TOKEN, KEYS, request_id=ALICE.request_id, mailbox=ALICE.mailbox)
    with pytest.raises(BadAssertion):
        check(seal(ALICE.request_id, ALICE.mailbox, "1", KEYS["1"]))
