"""Passwords against the directory: hashed once, remembered for a while, wrong ones refused unasked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import argon2
import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from casd.auth import password
from casd.auth.credentials import Denied, LoginPassword
from casd.auth.password import Passwords
from casd.directory import cache
from casd.directory.cache import CachedDirectory
from casd.model import DirectoryDown, Identity, Password
from tests.casd.estate import ALICE, BOB, HASHED, FakeDirectory, outcome_of, result, settings

ALICES = LoginPassword("alice@example.org", "secret", "basic", "mail.example.org")
IDENTITY = Identity("alice@example.org", "basic", ALICE)


class Counter:
    """Where passwords are checked; hashing takes until `finish` is called."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.source = FakeDirectory()
        self.directory = CachedDirectory(self.source, settings(cache.Settings, Path()), self.clock)
        self.running: list[Callable[[], None]] = []
        self.hashes: list[str] = []
        self.patient = False
        section = settings(password.Settings, Path(), remember=300, refuse=10, entries=3)
        self.passwords = Passwords(section, self.directory, self._run, self.clock)

    def digest(self, offered: LoginPassword) -> bytes:
        return self.passwords.digest(offered.mechanism, offered.realm, f"{offered.login}:{offered.password}".encode())

    async def sign_in(self, offered: LoginPassword = ALICES) -> Identity:
        """Do what a door does."""
        await self.directory.changed()
        digest = self.digest(offered)
        return self.passwords.recall(digest) or await self.passwords.check(offered, digest)

    def denied(self, **instead: Any) -> bool:
        try:
            result(self.sign_in(evolve(ALICES, **instead)))
        except Denied:
            return True
        return False

    def finish(self) -> None:
        while self.running:
            self.running.pop(0)()

    def _run(self, function: Callable[..., Any], hashed: str, offered: str) -> Deferred[Any]:
        self.hashes.append(hashed)
        done: Deferred[Any] = Deferred()
        self.running.append(lambda: done.callback(function(hashed, offered)))
        if not self.patient:
            self.finish()
        return done


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_a_right_password_opens(counter: Counter) -> None:
    assert result(counter.sign_in()) == IDENTITY


def test_a_wrong_password_opens_nothing(counter: Counter) -> None:
    assert counter.denied(password="Secret")


@pytest.mark.negative
def test_an_unknown_user_costs_the_same_hash_as_a_wrong_password(counter: Counter) -> None:
    assert counter.denied(password="wrong")
    assert counter.denied(login="nobody@example.org")
    wrong, unknown = (argon2.extract_parameters(hashed) for hashed in counter.hashes)
    assert wrong == unknown


@pytest.mark.negative
def test_a_user_without_a_password_may_not_sign_in_and_costs_a_hash_too(counter: Counter) -> None:
    del counter.source.passwords[ALICE.guid]
    assert counter.denied()
    assert len(counter.hashes) == 1


@pytest.mark.negative
def test_a_damaged_hash_opens_nothing(counter: Counter) -> None:
    counter.source.passwords[ALICE.guid] = Password("secret")
    assert counter.denied()


def test_a_right_password_is_not_hashed_again_for_a_while(counter: Counter) -> None:
    result(counter.sign_in())
    counter.clock.advance(299)
    assert result(counter.sign_in()) == IDENTITY
    assert len(counter.hashes) == 1
    counter.clock.advance(1)
    assert result(counter.sign_in()) == IDENTITY
    assert len(counter.hashes) == 2


@pytest.mark.negative
def test_a_wrong_password_is_refused_unasked_for_a_while(counter: Counter) -> None:
    assert counter.denied(password="wrong")
    counter.source.asked.clear()
    counter.clock.advance(9)
    assert counter.denied(password="wrong")
    assert len(counter.hashes) == 1
    assert counter.source.asked == ["changed"]
    counter.clock.advance(1)
    assert counter.denied(password="wrong")
    assert len(counter.hashes) == 2


def test_a_wrong_password_does_not_keep_the_right_one_out(counter: Counter) -> None:
    assert counter.denied(password="wrong")
    assert result(counter.sign_in()) == IDENTITY


@pytest.mark.negative
@pytest.mark.parametrize(
    "instead", [{"mechanism": "forms"}, {"realm": "localhost"}, {"login": "bob@example.org"}, {"password": "secret2"}]
)
def test_what_is_remembered_holds_for_one_mechanism_realm_and_secret(counter: Counter, instead: dict[str, Any]) -> None:
    other = evolve(ALICES, **instead)
    assert counter.digest(other) != counter.digest(ALICES)
    result(counter.sign_in())
    outcome_of(counter.sign_in(other))
    assert len(counter.hashes) == 2


@pytest.mark.negative
def test_the_parts_of_what_is_remembered_cannot_be_shifted(counter: Counter) -> None:
    digest = counter.passwords.digest
    assert digest("basic", "ab", b"c") != digest("basic", "a", b"bc")
    assert Counter().digest(ALICES) != counter.digest(ALICES)


def test_the_same_question_is_hashed_once_however_many_ask(counter: Counter) -> None:
    counter.patient = True
    outcomes = [outcome_of(counter.sign_in()) for _ in range(20)]
    assert outcomes == [[]] * 20
    counter.finish()
    assert outcomes == [[IDENTITY]] * 20
    assert len(counter.hashes) == 1


def test_the_same_wrong_question_is_hashed_once_too(counter: Counter) -> None:
    counter.patient = True
    outcomes = [outcome_of(counter.sign_in(evolve(ALICES, password="x"))) for _ in range(5)]
    counter.finish()
    assert [type(outcome[0].value) for outcome in outcomes] == [Denied] * 5
    assert len(counter.hashes) == 1


def test_when_the_first_of_many_is_told_nothing_each_asks_in_turn(counter: Counter) -> None:
    counter.patient = True
    outcomes = [outcome_of(counter.sign_in()) for _ in range(3)]
    counter.source.change()
    counter.clock.advance(1)
    result(counter.directory.changed())
    counter.finish()
    assert outcomes == [[IDENTITY]] * 3


@pytest.mark.negative
def test_a_changed_password_ends_what_is_remembered(counter: Counter) -> None:
    result(counter.sign_in())
    counter.source.passwords[ALICE.guid] = Password(argon2.PasswordHasher(1, 8, 1).hash("other"))
    counter.source.change()
    counter.clock.advance(0.5)
    assert counter.denied()


def test_a_change_elsewhere_costs_no_hash_and_shows_at_once(counter: Counter) -> None:
    result(counter.sign_in())
    moved = evolve(ALICE, database="DB02")
    counter.source.mailboxes[0] = moved
    counter.source.change()
    counter.clock.advance(0.5)
    assert result(counter.sign_in()).mailbox == moved
    assert result(counter.sign_in()).mailbox == moved
    assert len(counter.hashes) == 1


def test_only_so_many_passwords_are_remembered(counter: Counter) -> None:
    for number in range(4):
        assert counter.denied(password=f"wrong {number}")
    assert counter.denied(password="wrong 3")
    assert counter.denied(password="wrong 0")
    assert len(counter.hashes) == 5


def test_a_directory_that_is_down_is_no_wrong_password(counter: Counter) -> None:
    counter.source.down = True
    outcome = outcome_of(counter.sign_in())
    assert isinstance(outcome[0], Failure)
    assert outcome[0].check(DirectoryDown)
    counter.source.down = False
    counter.clock.advance(1)
    assert result(counter.sign_in()) == IDENTITY


def test_a_fingerprint_changes_with_the_password_and_tells_nothing_about_it(counter: Counter) -> None:
    before = result(counter.passwords.fingerprint(ALICE))
    assert before != result(counter.passwords.fingerprint(BOB)) or HASHED == HASHED
    assert len(before) == 16
    assert before not in HASHED
    counter.source.passwords[ALICE.guid] = Password("x")
    counter.source.change()
    counter.clock.advance(1)
    assert result(counter.passwords.fingerprint(ALICE)) != before
    del counter.source.passwords[ALICE.guid]
    counter.source.change()
    counter.clock.advance(1)
    assert result(counter.passwords.fingerprint(ALICE)) == ""
