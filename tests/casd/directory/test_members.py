"""Who belongs to a group, groups in groups included."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from twisted.internet.task import Clock

from casd.directory import cache
from casd.directory.cache import CachedDirectory
from casd.directory.members import Members, TooMany, members
from casd.model import Group
from tests.casd.estate import ALICE, BOB, CAROL, FakeDirectory, outcome_of, result, settings


def group(number: int, name: str, *names: str) -> Group:
    addresses = tuple(name if "@" in name else f"{name}@example.org" for name in names)
    return Group(UUID(int=number), f"{name}@example.org", members=addresses)


def everybody(*groups: Group, most: int = 100) -> Members:
    source = FakeDirectory()
    source.groups = list(groups)
    directory = CachedDirectory(source, settings(cache.Settings, Path()), Clock())
    return result(members(directory, groups[0], most))


def test_members_of_groups_in_a_group_belong_to_it_each_once() -> None:
    found = everybody(
        group(1, "all", "alice", "office", "some", "x@there.example", "X@there.example", "gone"),
        group(2, "some", "bob", "few", "alice"),
        group(3, "few", "carol", "bob", "y@there.example"),
    )
    assert found == Members((ALICE, BOB, CAROL), ("y@there.example", "x@there.example", "gone@example.org"))


@pytest.mark.negative
def test_groups_that_hold_each_other_end() -> None:
    one, two, three = group(1, "one", "two", "one"), group(2, "two", "three", "alice"), group(3, "three", "one", "two")
    assert everybody(one, two, three) == Members((ALICE,), ())


@pytest.mark.negative
def test_no_more_are_looked_up_than_may_be() -> None:
    nobody = group(1, "many", *(f"u{number}" for number in range(101)))
    with pytest.raises(TooMany):
        everybody(nobody)
    assert len(everybody(nobody, most=101).others) == 101
    deep = (group(number, f"many{number}", *(f"u{number}x{each}" for each in range(50))) for number in (2, 3))
    with pytest.raises(TooMany):
        everybody(group(1, "deep", "many2", "many3"), *deep)


@pytest.mark.negative
def test_others_have_their_turn_while_a_great_many_are_looked_up() -> None:
    source, clock = FakeDirectory(), Clock()
    many = group(1, "many", *(f"u{number}" for number in range(500)))
    found = outcome_of(members(CachedDirectory(source, settings(cache.Settings, Path()), clock), many))
    assert (found, len(source.asked) < 500) == ([], True)
    clock.advance(0)
    assert len(found[0].others) == 500


def test_a_group_without_members_has_none() -> None:
    assert everybody(group(1, "none")) == Members((), ())
