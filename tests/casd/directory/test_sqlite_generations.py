"""What address books listed, kept by the directory: the same for whoever asks, whenever he does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve

from casd.directory import sqlite_generations
from casd.directory.sqlite import Directory, Settings
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_groups import put_group
from casd.directory.sqlite_edit_mailboxes import put_mailbox, remove_mailbox
from casd.directory.sqlite_edit_topology import put_database
from casd.model import AddressBook, DirectoryDown, Generation, Group, Listed, Mailbox, Recipient
from casd.oab_book import EVERYBODY
from tests.casd.directory.conftest import DB01
from tests.casd.directory.test_sqlite import run

HOUR = 3600
DAY = 24 * HOUR
NOON = 1_800_000_000

ALICE = Mailbox(
    UUID(int=1),
    "Alice@example.org",
    "alice@example.org",
    "DB01",
    "Alice Ä",
    ("b@example.org", "A@example.org"),
    "/o=Example/cn=alice",
    details={"title": "Engineer"},
)
ROOM = Mailbox(UUID(int=3), "room@example.org", "room@example.org", "DB02", "Room", kind=Recipient.ROOM)
ALL = Group(UUID(int=2), "all@example.org", "All", "/o=Example/cn=all", members=("alice@example.org",))


@pytest.fixture
def directory(file: Path) -> Directory:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        put_mailbox(connection, ROOM)
        put_group(connection, ALL)
    return Directory(Settings(file))


def record(
    directory: Directory, now: int, books: Iterable[AddressBook] = (EVERYBODY,), *, force: bool = False, form: int = 1
) -> bool:
    return directory.record(tuple(books), now, 8 * HOUR, 7 * DAY, form, force=force)


def generations(directory: Directory) -> tuple[Generation, ...]:
    found: tuple[Generation, ...] = run(directory.generations())
    return found


def addresses(directory: Directory, first: int, last: int) -> list[str]:
    return [each.address for each in directory.listed(first, last)]


def test_the_first_generation_has_everybody_who_is_listed_in_the_order_of_guids(
    directory: Directory, file: Path
) -> None:
    with edit(file) as connection:
        put_mailbox(connection, Mailbox(UUID(int=4), "h@example.org", "h@example.org", "DB01", hidden=True))
        put_group(connection, Group(UUID(int=5), "g@example.org", hidden=True))
        put_group(connection, Group(UUID(int=6), "rooms@example.org", "Rooms", room_list=True))
    assert record(directory, NOON)
    assert generations(directory) == (Generation(1, NOON, NOON, None, 1, 1, (EVERYBODY,)),)
    alice, group, room, rooms = directory.listed(1, 1)
    proxies = ("A@example.org", "b@example.org")
    about = ("user", ALICE.address, ALICE.display_name, ALICE.legacy_dn, proxies, {"title": "Engineer"})
    assert alice == Listed(str(ALICE.guid), 1, None, "", *about)
    assert group == Listed(str(ALL.guid), 1, None, "", "group", ALL.address, ALL.display_name, ALL.legacy_dn, (), {})
    assert (room.kind, rooms.kind) == ("room", "rooms")


def test_what_changes_is_another_entry_from_the_next_generation_on(directory: Directory, file: Path) -> None:
    record(directory, NOON)
    with edit(file) as connection:
        put_mailbox(connection, evolve(ALICE, display_name="Alice B"))
        remove_mailbox(connection, ROOM.guid)
        put_mailbox(connection, Mailbox(UUID(int=9), "new@example.org", "new@example.org", "DB01"))
    assert record(directory, NOON + 8 * HOUR)
    assert [(each.display_name, each.since, each.until) for each in directory.listed(1, 2)] == [
        ("Alice Ä", 1, 2),
        ("Alice B", 2, None),
        ("All", 1, None),
        ("Room", 1, 2),
        ("", 2, None),
    ]
    assert addresses(directory, 1, 1) == ["Alice@example.org", "all@example.org", "room@example.org"]
    assert addresses(directory, 2, 2) == ["Alice@example.org", "all@example.org", "new@example.org"]


def test_nothing_is_recorded_before_it_is_time(directory: Directory, file: Path) -> None:
    record(directory, NOON)
    with edit(file) as connection:
        remove_mailbox(connection, ROOM.guid)
    assert not record(directory, NOON + 8 * HOUR - 1)
    assert record(directory, NOON + 8 * HOUR - 1, force=True)


def test_nothing_is_recorded_where_nothing_has_changed_but_that_somebody_looked(directory: Directory) -> None:
    record(directory, NOON)
    assert not record(directory, NOON + 8 * HOUR)
    assert not record(directory, NOON + 9 * HOUR, force=True)
    (only,) = generations(directory)
    assert (only.taken, only.checked) == (NOON, NOON + 9 * HOUR)


def test_other_books_are_a_reason_but_not_for_front_ends_to_take_turns(directory: Directory) -> None:
    other = evolve(EVERYBODY, domains=("example.org",))
    record(directory, NOON)
    assert not record(directory, NOON + 60, [other])
    assert record(directory, NOON + 600, [other])
    assert not record(directory, NOON + 660)
    assert generations(directory)[-1].books == (other,)


def test_files_made_in_another_way_are_a_reason_when_it_is_time(directory: Directory) -> None:
    record(directory, NOON)
    assert not record(directory, NOON + 600, form=2)
    assert record(directory, NOON + 8 * HOUR, form=2)


def test_a_site_is_recorded_only_where_a_book_asks_for_it(directory: Directory, file: Path) -> None:
    record(directory, NOON)
    assert {each.site for each in directory.listed(1, 1)} == {""}
    record(directory, NOON + DAY, [evolve(EVERYBODY, sites=("main",))])
    assert {each.address: each.site for each in directory.listed(2, 2)} == {
        "Alice@example.org": "Main",
        "room@example.org": "Main",
        "all@example.org": "",
    }
    with edit(file) as connection:
        put_database(connection, evolve(DB01, active="mbx2"))
    assert not record(directory, NOON + 2 * DAY, [evolve(EVERYBODY, sites=("main",))])  # of the same site


def test_what_is_old_is_forgotten_when_no_manifest_of_late_leads_back_to_it(directory: Directory, file: Path) -> None:
    for number in range(5):
        with edit(file) as connection:
            put_mailbox(connection, evolve(ALICE, display_name=f"Alice {number}"))
        record(directory, NOON + number * 3 * DAY)
    assert [(each.sequence, each.oldest) for each in generations(directory)] == [(2, 1), (3, 1), (4, 2), (5, 3)]
    assert [each.display_name for each in directory.listed(1, 5)][:4] == [f"Alice {number}" for number in (1, 2, 3, 4)]
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
    record(directory, NOON + 900 * DAY)
    assert [(each.sequence, each.oldest) for each in generations(directory)] == [(3, 1), (4, 2), (5, 3), (6, 5)]


def test_generations_are_bounded_however_often_one_is_asked_for(directory: Directory) -> None:
    for number in range(210):
        record(directory, NOON + number, [evolve(EVERYBODY, title=str(number))], force=True)
    assert len(generations(directory)) == 202


def test_the_first_word_of_when_clients_are_told_holds(directory: Directory) -> None:
    record(directory, NOON)
    directory.announce(1, NOON + 5)
    directory.announce(1, NOON + 9)
    assert generations(directory)[0].announced == NOON + 5


def test_front_ends_notice_a_generation(directory: Directory) -> None:
    before = run(directory.changed())
    record(directory, NOON)
    recorded = run(directory.changed())
    directory.announce(1, NOON)
    assert before < recorded < run(directory.changed())


def test_of_several_front_ends_one_records_and_the_others_follow(directory: Directory, file: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: record(Directory(Settings(file)), NOON), range(8)))
    assert sum(done) == 1
    assert len(generations(directory)) == 1


def test_what_changes_while_it_is_gathered_is_gathered_again(
    directory: Directory, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = sqlite_generations._changes

    def meanwhile(connection: sqlite3.Connection) -> int:
        number = ours(connection)
        if not done:
            done.append(1)
            with edit(file) as other:
                remove_mailbox(other, ROOM.guid)
        return number

    done: list[int] = []
    monkeypatch.setattr(sqlite_generations, "_changes", meanwhile)
    assert record(directory, NOON)
    assert addresses(directory, 1, 1) == ["Alice@example.org", "all@example.org"]


def test_a_process_that_dies_in_the_middle_has_recorded_nothing(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("casd.directory.sqlite_generations._forget", die)
    with pytest.raises(DirectoryDown, match="disk"):
        record(directory, NOON)
    assert generations(directory) == ()
    assert list(directory.listed(1, 1)) == []
