"""The Authorization field of Basic, read and asked for."""

from __future__ import annotations

from base64 import b64encode

import pytest

from casd.auth.basic import challenge, read
from casd.auth.credentials import Denied, LoginPassword


def offer(pair: bytes) -> bytes:
    return b"Basic " + b64encode(pair)


@pytest.mark.parametrize(
    ("value", "login", "password"),
    [
        (offer(b"alice@example.org:secret"), "alice@example.org", "secret"),
        (offer(b"alice:a:b"), "alice", "a:b"),
        (offer(b"EXAMPLE\\alice:x"), "alice", "x"),
        (offer(b"alice:"), "alice", ""),
        (offer("älice:pässword".encode()), "älice", "pässword"),
        (b"bAsIc   " + b64encode(b"a:b") + b"  ", "a", "b"),
    ],
)
def test_a_login_name_and_a_password_are_read(value: bytes, login: str, password: str) -> None:
    assert read(value, "mail.example.org") == LoginPassword(login, password, "basic", "mail.example.org")


@pytest.mark.parametrize("value", [b"Bearer abc", b"Negotiate YII=", b"", b"BasicX YTpi"])
def test_another_scheme_is_not_ours(value: bytes) -> None:
    assert read(value, "") is None


@pytest.mark.negative
@pytest.mark.parametrize(
    "value",
    [b"Basic", b"Basic ", b"Basic !!!", offer(b"no colon"), offer(b"a\xff:b"), offer(b"a\0:b"), offer(b"a:b\0")],
)  # fmt: skip
def test_a_malformed_proof_is_no_proof(value: bytes) -> None:
    with pytest.raises(Denied):
        read(value, "")


def test_a_password_is_never_shown() -> None:
    assert "secret" not in repr(LoginPassword("alice", "secret"))


@pytest.mark.parametrize(
    ("realm", "shown"), [("mail.example.org", b"mail.example.org"), ('a"b\\c', b"abc"), ("ä", b"?")]
)
def test_a_challenge_names_its_realm(realm: str, shown: bytes) -> None:
    assert challenge(realm) == b'Basic realm="%b", charset="UTF-8"' % shown
