"""The accounts that other servers are asked with, in files of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from casd.availability.accounts import Account, Accounts, BadAccount, read


def write(folder: Path, *lines: str, mode: int = 0o600, name: str = "mbx1.account") -> Path:
    file = folder / name
    file.write_text("\n".join(lines))
    file.chmod(mode)
    return file


def test_an_account_says_how_a_server_is_asked(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("PEM")
    lines = ("# ours", "", "language = ics", "url = /a/{local}?x=1", "user = casd", "password = a = b", "ca = ca.pem",
             "header = X-Remote-User: {upn}", "header=X-B:c", "impersonate = yes")  # fmt: skip
    found = read(write(tmp_path, *lines))
    headers = (("X-Remote-User", "{upn}"), ("X-B", "c"))
    assert found == Account("ics", "/a/{local}?x=1", "casd", "a = b", headers, impersonate=True, ca="PEM")
    assert found.target({"local": "b c"}, "") == b"/a/b%20c?x=1"
    assert "a = b" not in repr(found)
    assert Accounts(tmp_path).of("MBX1") == found


def test_who_has_no_account_is_asked_without_one(tmp_path: Path) -> None:
    assert Accounts(None).of("mbx1") == Accounts(tmp_path).of("mbx1") == Account()


@pytest.mark.negative
@pytest.mark.parametrize(
    "line",
    ["user", "usr = x", "header = x", "header = A B: c", "url = https://x/", "url = /\u00e9", "language",
     "impersonate = perhaps", "ca = nowhere.pem", "user = a\x07b", "token = https://x/", "client = a",
     "token = http://x/\nclient = a\nsecret = b", "token = https://x/\nclient = a\nsecret = b\nuser = c"],
)  # fmt: skip
def test_what_is_no_account_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadAccount):
        read(write(tmp_path, line))


def test_an_account_may_be_granted_a_token(tmp_path: Path) -> None:
    found = read(write(tmp_path, "token = https://login.example/t", "client = a", "secret = hidden", "scope = b"))
    assert found == Account(token="https://login.example/t", client="a", secret="hidden", scope="b")
    assert "hidden" not in repr(found)


@pytest.mark.negative
def test_a_secret_that_anybody_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAccount, match="chmod o="):
        read(write(tmp_path, "user = x", mode=0o644))


def test_a_partner_is_vouched_for_by_its_own_authority_or_the_public_ones(tmp_path: Path) -> None:
    public = tmp_path / "public.pem"
    public.write_text("PUBLIC")
    assert Accounts(None, public).authority_of(Account()) == "PUBLIC"
    assert Accounts(None, public).authority_of(Account(ca="OWN")) == "OWN"
    with pytest.raises(BadAccount):
        Accounts(None, tmp_path / "none").authority_of(Account())
