"""Tokens of OAuth by client credentials, asked for and granted (RFC 6749 section 4.4)."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest

from protocols import oauth
from protocols.oauth import NoToken, Token


def test_4_4_2_a_client_asks_in_a_form() -> None:
    assert oauth.write("") == b"grant_type=client_credentials"
    assert oauth.write("https://x/.default") == b"grant_type=client_credentials&scope=https%3A%2F%2Fx%2F.default"


def test_2_3_1_name_and_secret_are_encoded_before_they_are_put_together() -> None:
    assert b64decode(oauth.signed_in("a:b", "c d").removeprefix(b"Basic ")) == b"a%3Ab:c+d"


@pytest.mark.parametrize(("lasts", "seconds"), [(3599, 3599.0), ("60", 60.0), (None, 300.0), (-5, 0.0)])
def test_5_1_what_is_granted_is_read(lasts: object, seconds: float) -> None:
    told = {"access_token": "abc.d-e_f~g+h/i==", "token_type": "bearer", "expires_in": lasts}
    assert oauth.read(json.dumps(told).encode()) == Token("abc.d-e_f~g+h/i==", seconds)
    assert "abc" not in repr(oauth.read(json.dumps(told).encode()))


@pytest.mark.negative
@pytest.mark.parametrize(
    "told",
    [
        b"<html>",
        b"[" * 100_000,
        b"[]",
        b"{}",
        b'{"access_token": "a\\r\\nX: y", "token_type": "Bearer"}',
        b'{"access_token": "%b", "token_type": "Bearer"}' % (b"a" * 20_000),
        b'{"access_token": "a", "token_type": "mac"}',
        b'{"access_token": "a", "token_type": "Bearer", "expires_in": []}',
        b'{"access_token": "a", "token_type": "Bearer", "expires_in": "soon"}',
    ],
)
def test_what_is_no_token_is_none(told: bytes) -> None:
    with pytest.raises(NoToken):
        oauth.read(told)
