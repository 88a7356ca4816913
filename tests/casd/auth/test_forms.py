"""A session as a sealed cookie: any instance of the array opens it, nobody else makes or bends it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from casd.auth import forms
from casd.auth.credentials import Denied
from casd.auth.forms import COOKIES, Session, Sessions
from tests.casd.estate import NOON, settings

KEYS = {"2": b"b" * 32, "1": b"a" * 32}


class Wall:
    """A clock on the wall."""

    now = NOON

    def __call__(self) -> float:
        return self.now


def sessions(wall: Wall, keys: dict[str, bytes] | None = None) -> Sessions:
    """Return what one instance of the array has."""
    section = settings(forms.Settings, Path(), secret=Path(), public_idle=900, private_idle=28800, absolute=86400)
    return Sessions(section, keys or KEYS, wall)


@pytest.fixture
def wall() -> Wall:
    return Wall()


def begin(at: Sessions, **more: Any) -> Session:
    return at.begin("alice@example.org", "f00d", **{"private": False, **more})


def test_any_instance_with_the_same_secret_opens_a_session(wall: Wall) -> None:
    here, there = sessions(wall), sessions(wall)
    session = begin(here, private=True)
    assert there.open(here.seal(session)) == session
    assert session == Session("alice@example.org", int(NOON), int(NOON), True, "f00d")


def test_a_session_sealed_under_the_key_before_still_opens(wall: Wall) -> None:
    before, after = sessions(wall, {"1": b"a" * 32}), sessions(wall)
    assert after.open(before.seal(begin(before))).user == "alice@example.org"
    assert after.seal(begin(after)).startswith("1.2.")


@pytest.mark.negative
def test_no_two_cookies_of_a_session_are_the_same(wall: Wall) -> None:
    here = sessions(wall)
    assert here.seal(begin(here)) != here.seal(begin(here))


@pytest.mark.negative
def test_no_bit_of_a_session_may_be_changed(wall: Wall) -> None:
    here = sessions(wall)
    version, key_id, text = here.seal(begin(here)).split(".")
    sealed = urlsafe_b64decode(text)
    for position in range(len(sealed)):
        bent = bytearray(sealed)
        bent[position] ^= 1
        with pytest.raises(Denied):
            here.open(f"{version}.{key_id}.{urlsafe_b64encode(bent).decode()}")


@pytest.mark.negative
@pytest.mark.parametrize(
    "token",
    ["", "1", "1.2", "1.2.", "1.2.x", "1.2.AAAA", "1.9." + "A" * 40, "1.2.AAAA.x", "1.2.é", "…"],
)  # fmt: skip
def test_what_is_no_session_of_ours_opens_nothing(wall: Wall, token: str) -> None:
    with pytest.raises(Denied):
        sessions(wall).open(token)


@pytest.mark.negative
def test_a_session_is_bound_to_the_key_that_sealed_it(wall: Wall) -> None:
    here = sessions(wall)
    token = here.seal(begin(here))
    for other in (token.replace("1.2.", "1.1.", 1), token.replace("1.2.", "1.3.", 1), token.replace("1.2.", "2.2.", 1)):
        with pytest.raises(Denied):
            here.open(other)
    with pytest.raises(Denied):
        sessions(wall, {"2": b"x" * 32}).open(token)


@pytest.mark.negative
@pytest.mark.parametrize(("private", "idle"), [(False, 900), (True, 28800)])
def test_a_session_ends_when_it_was_idle_for_too_long(wall: Wall, private: bool, idle: int) -> None:
    here = sessions(wall)
    token = here.seal(begin(here, private=private))
    wall.now += idle - 1
    assert here.open(token)
    wall.now += 1
    with pytest.raises(Denied):
        here.open(token)


@pytest.mark.negative
def test_no_session_outlives_its_absolute_limit_however_active(wall: Wall) -> None:
    here = sessions(wall)
    session = begin(here, private=True)
    wall.now += 86399
    session = evolve(session, active=int(wall.now))
    assert here.open(here.seal(session))
    wall.now += 1
    with pytest.raises(Denied):
        here.open(here.seal(session))


def test_activity_is_noted_after_a_tenth_of_the_idle_limit(wall: Wall) -> None:
    here = sessions(wall)
    session = begin(here)
    wall.now += 89
    assert here.refreshed(session) is None
    wall.now += 1
    assert here.refreshed(session) == evolve(session, active=int(wall.now))


def test_the_five_cookies_are_kept_from_scripts_and_from_plain_http(wall: Wall) -> None:
    here = sessions(wall)
    cookies = [cookie.decode() for cookie in here.cookies(begin(here))]
    assert [cookie.partition("=")[0] for cookie in cookies] == list(COOKIES)
    assert all(cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax") for cookie in cookies)
    assert cookies[1].startswith(f"cadataTTL={int(NOON) + 900};")


def test_a_farewell_empties_all_five() -> None:
    cookies = [cookie.decode() for cookie in Sessions.farewell()]
    assert [cookie.partition(";")[0] for cookie in cookies] == [f"{name}=" for name in COOKIES]
    assert all("Expires=Thu, 01 Jan 1970" in cookie for cookie in cookies)
