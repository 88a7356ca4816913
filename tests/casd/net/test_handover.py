"""The keys that both sides share, and the proof that a request carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from casd.net.handover import Handover, read_keys
from tests.casd.estate import ALICE, CAROL, KEYS, NOON, Estate, basic_auth, get

GOOD = "1 " + "ab" * 32


def test_a_key_file_has_a_key_on_each_line_the_first_signs(tmp_path: Path) -> None:
    (tmp_path / "mbx1.key").write_text(f"2 {'cd' * 32}\n{GOOD}\n")
    assert list(read_keys(tmp_path / "mbx1.key")) == ["2", "1"]


@pytest.mark.negative
@pytest.mark.parametrize("content", ["", "1", "1 ab", f" {'ab' * 32}", "1 " + "zz" * 32, f"{GOOD}\nnonsense", "é"])
def test_what_is_no_key_is_not_taken_for_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "mbx1.key").write_text(content)
    with pytest.raises(ValueError, match=r"."):
        read_keys(tmp_path / "mbx1.key")


def test_keys_are_read_when_they_are_needed_first(tmp_path: Path) -> None:
    handover = Handover(tmp_path, lambda: NOON)
    with pytest.raises(OSError, match=r"mbx1"):
        handover.keys("mbx1")
    (tmp_path / "mbx1.key").write_text(GOOD)
    assert handover.keys("mbx1") == {"1": b"\xab" * 32}
    (tmp_path / "mbx1.key").write_text("2 " + "cd" * 32)
    assert list(handover.keys("mbx1")) == ["1"]


@pytest.mark.negative
def test_each_server_is_shown_its_own_key_alone(estate: Estate) -> None:
    estate.client().send(get("/ews/", basic_auth()))
    estate.client().send(get("/ews/", basic_auth("carol@example.org")))
    alices, carols = estate.servers.requests()
    assert (alices.assertion.server, carols.assertion.server) == ("mbx1", "mbx2")
    assert KEYS["mbx1"] != KEYS["mbx2"]


@pytest.mark.negative
def test_an_assertion_names_who_asks_for_which_mailbox_from_where_and_how(estate: Estate) -> None:
    client = estate.client("2001:db8::7")
    client.send(get("/ews/?a=b", basic_auth(), b"X-AnchorMailbox: carol@example.org\r\n"))
    asked = estate.servers.last()
    said = asked.assertion
    assert (said.user, said.mailbox, said.address) == (ALICE.address, str(CAROL.guid), CAROL.address)
    assert (said.display_name, said.database) == ("Carol", "DB02")
    assert (said.client, said.mechanism, said.issued) == ("2001:db8::7", "basic", int(NOON))
