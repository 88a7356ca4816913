"""The last answers of a directory: true while nothing has changed, good enough for a while when it is down."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from casd.directory import cache
from casd.directory.cache import CachedDirectory
from casd.interfaces import IDirectory
from casd.model import DirectoryDown
from tests.casd.estate import ALICE, FakeDirectory, outcome_of, result, settings


class Desk:
    """A directory behind its cache."""

    def __init__(self, entries: int = 100) -> None:
        self.clock = Clock()
        self.clock.advance(100)
        self.source = FakeDirectory()
        section = settings(cache.Settings, Path(), fresh=0.5, stale=600, entries=entries)
        self.cached = CachedDirectory(self.source, section, self.clock)

    def asked(self) -> list[str]:
        """Return what was asked of the directory since this was called last."""
        asked = self.source.asked[:]
        self.source.asked.clear()
        return asked


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_it_is_a_directory_like_the_one_behind_it(desk: Desk) -> None:
    assert IDirectory.providedBy(desk.cached)
    assert result(desk.cached.by_login("ALICE@example.org")) == ALICE
    assert result(desk.cached.by_address("office@example.org")) == ALICE
    assert result(desk.cached.by_guid(ALICE.guid, "example.org")) == ALICE
    assert result(desk.cached.password(ALICE)) == desk.source.passwords[ALICE.guid]
    assert result(desk.cached.topology()) is desk.source.estate
    assert result(desk.cached.changed()) == 1


def test_an_answer_is_asked_for_once_while_nothing_changes(desk: Desk) -> None:
    for _ in range(10):
        result(desk.cached.by_login("alice@example.org"))
        desk.clock.advance(0.1)
    assert desk.asked() == ["changed", "login alice@example.org", "changed"]


def test_that_nobody_is_there_is_an_answer_too(desk: Desk) -> None:
    assert result(desk.cached.by_login("nobody")) is None
    assert result(desk.cached.by_login("nobody")) is None
    assert desk.asked() == ["changed", "login nobody"]


@pytest.mark.negative
def test_a_change_is_seen_within_a_second(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    generation = desk.cached.generation
    desk.source.mailboxes.clear()
    desk.source.change()
    assert result(desk.cached.by_login("alice@example.org")) == ALICE
    desk.clock.advance(0.5)
    assert result(desk.cached.by_login("alice@example.org")) is None
    assert desk.cached.generation == generation + 1


@pytest.mark.negative
def test_an_answer_from_before_a_change_is_not_taken_for_one_from_after_it(desk: Desk) -> None:
    answered: Deferred[None] = Deferred()
    desk.source.slow.append(answered)
    told = outcome_of(desk.cached.by_login("alice@example.org"))
    desk.source.mailboxes.clear()
    desk.source.change()
    desk.clock.advance(0.5)
    result(desk.cached.changed())
    answered.callback(None)
    assert told == [ALICE]
    assert result(desk.cached.by_login("alice@example.org")) is None


def test_a_refresh_sees_a_change_at_once(desk: Desk) -> None:
    before = result(desk.cached.topology())
    desk.source.move("DB01", "mbx2")
    result(desk.cached.refresh())
    assert result(desk.cached.topology()) is not before


def test_it_is_settled_for_as_long_as_it_need_not_ask(desk: Desk) -> None:
    assert not desk.cached.settled
    result(desk.cached.changed())
    assert desk.cached.settled
    desk.clock.advance(0.5)
    assert not desk.cached.settled
    desk.source.down = True
    result(desk.cached.changed())
    assert not desk.cached.settled


def test_a_directory_that_is_down_is_answered_for_while_what_is_known_is_fresh_enough(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.source.down = True
    desk.clock.advance(600)
    assert result(desk.cached.by_login("alice@example.org")) == ALICE
    assert desk.cached.down


@pytest.mark.negative
def test_after_that_nobody_guesses(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.source.down = True
    desk.clock.advance(600.1)
    with pytest.raises(DirectoryDown):
        result(desk.cached.by_login("alice@example.org"))


@pytest.mark.negative
def test_what_was_never_asked_is_not_known_when_it_is_down(desk: Desk) -> None:
    desk.source.down = True
    with pytest.raises(DirectoryDown):
        result(desk.cached.topology())
    result(desk.cached.changed())


def test_what_was_confirmed_to_be_unchanged_counts_from_then(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.clock.advance(500)
    result(desk.cached.changed())
    desk.source.down = True
    desk.clock.advance(500)
    assert result(desk.cached.by_login("alice@example.org")) == ALICE


@pytest.mark.negative
def test_what_a_change_has_overtaken_is_not_confirmed(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.clock.advance(500)
    desk.source.change()
    result(desk.cached.changed())
    desk.source.down = True
    desk.clock.advance(500)
    with pytest.raises(DirectoryDown):
        result(desk.cached.by_login("alice@example.org"))


def test_a_directory_that_comes_back_is_asked_again(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.source.down = True
    desk.clock.advance(1)
    result(desk.cached.by_login("alice@example.org"))
    desk.source.down = False
    desk.source.mailboxes.clear()
    desk.source.change()
    desk.clock.advance(1)
    assert result(desk.cached.by_login("alice@example.org")) is None
    assert not desk.cached.down


def test_while_it_is_down_it_is_asked_only_now_and_then(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.source.down = True
    desk.clock.advance(1)
    desk.asked()
    for _ in range(10):
        result(desk.cached.by_login("alice@example.org"))
    assert desk.asked() == ["changed"]


def test_a_directory_that_goes_down_between_two_questions_is_answered_for(desk: Desk) -> None:
    result(desk.cached.by_login("alice@example.org"))
    desk.source.change()
    desk.clock.advance(1)
    result(desk.cached.changed())
    desk.source.down = True
    assert result(desk.cached.by_login("alice@example.org")) == ALICE


def test_only_so_many_answers_are_kept() -> None:
    desk = Desk(entries=2)
    for name in ("a", "b", "c", "c", "a"):
        result(desk.cached.by_login(name))
    assert desk.asked() == ["changed", "login a", "login b", "login c", "login a"]


@pytest.mark.negative
def test_a_name_longer_than_any_address_is_nobodys_and_is_not_kept(desk: Desk) -> None:
    assert result(desk.cached.by_login("a" * 60_000)) is None
    assert result(desk.cached.by_address("a" * 60_000)) is None
    assert desk.asked() == []


def test_people_are_looked_up_once_while_nothing_changes(desk: Desk) -> None:
    for _ in range(3):
        assert [one.address for one in result(desk.cached.find("bob", 5))] == ["bob@example.org"]
    assert desk.asked().count("find bob") == 1
    assert result(desk.cached.find("b" * 400, 5)) == ()
    assert desk.asked() == []


def test_groups_are_looked_up_once_while_nothing_changes(desk: Desk) -> None:
    for _ in range(3):
        assert result(desk.cached.find_groups("bob", 5)) == ()
    assert desk.asked().count("find groups bob") == 1
    assert result(desk.cached.find_groups("b" * 400, 5)) == ()
    assert desk.asked() == []
