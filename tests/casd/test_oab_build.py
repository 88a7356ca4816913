"""Offline address books made of the directory, and decoded by libmspack and by the package `oab` (reference 6)."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from casd import oab_build, oab_files
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_topology import add_domain
from casd.model import AddressBook, Group
from casd.oab_book import EVERYBODY
from casd.oab_build import GRACE, Outcome, Progress, content, missing
from casd.oab_files import Name, read_name, told
from protocols.oab import template
from tests.casd.directory.conftest import estate, file  # noqa: F401 (fixtures)
from tests.casd.oab_estate import ALICE, ALL, HIDDEN, HOUR, NOON, ROOM, Maker, decoded, entries, person, told_of

GUID = str(EVERYBODY.guid)


@pytest.fixture
def maker(file: Path, tmp_path: Path) -> Maker:  # noqa: F811 (a fixture)
    made = Maker(file, tmp_path / "oab")
    made.put(ALICE, ROOM, HIDDEN)
    made.put_group(ALL)
    return made


def change(maker: Maker, hours: float = 8) -> None:
    """Let a working day pass."""
    maker.now += hours * HOUR
    maker.put(evolve(ALICE, display_name=f"Alice at {maker.now}"))


def test_6_3_two_decoders_find_what_the_directory_has(maker: Maker) -> None:
    outcome = maker.make()
    assert (outcome.recorded, outcome.sequence) == (True, 1)
    alice, group, room = entries(maker.full(1))
    assert [alice, room] == [told_of(ALICE), told_of(ROOM)]
    assert group == {
        "PidTagEmailAddress": "/o=Example/cn=all",
        "PidTagSmtpAddress": "all@example.org",
        "PidTagDisplayName": "All",
        "PidTagObjectType": 8,
        "PidTagDisplayType": 1,
        "PidTagDisplayTypeEx": 1,
        "PidTagAccount": "all",
        "PidTagAddressBookProxyAddresses": ["SMTP:all@example.org"],
    }


def test_6_2_142_the_manifest_names_every_file_with_its_size_and_sum(maker: Maker) -> None:
    maker.make()
    change(maker)
    maker.make()
    book = maker.manifest(2)
    assert (book.attrib["id"], book.attrib["name"]) == (GUID, "\\Global Address List")
    assert [each.tag for each in book] == ["Full", "Diff", "Template", "Template", "Template"]
    for each in book:
        data = (maker.folder / each.text).read_bytes()
        assert int(each.attrib["size"]) == len(data)
        assert each.attrib["SHA"] == hashlib.sha1(data, usedforsecurity=False).hexdigest()
        assert each.attrib["seq"] == "2"
    assert int(book.find("Full").attrib["uncompressedsize"]) == len(maker.full(2))
    assert int(book.find("Diff").attrib["uncompressedsize"]) == len(maker.full(2))
    assert {each.attrib["langid"] for each in book.findall("Template")} == {"0409", "0407", "040c"}


def test_6_3_143_a_template_is_there_and_decodes(maker: Maker) -> None:
    maker.make()
    assert decoded((maker.folder / f"{GUID}-lng0409-1.lzx").read_bytes()) == template.EMPTY


def test_6_4_yesterday_s_book_and_the_difference_give_today_s(maker: Maker) -> None:
    maker.put(*(person(number) for number in range(3000)))
    maker.make()
    maker.put(*(evolve(person(number), display_name="Another") for number in range(0, 3000, 300)))
    maker.put(*(person(number) for number in range(3000, 3030)))
    maker.remove(*(person(number) for number in range(7, 3000, 500)))
    maker.now += 8 * HOUR
    maker.make()
    assert maker.stepped(maker.full(1), 2) == maker.full(2)
    sizes = {name: len(data) for name, data in maker.files().items()}
    assert sizes[f"{GUID}-binpatch-2.lzx"] < sizes[f"{GUID}-data-2.lzx"] / 20


def test_6_1_differences_lead_on_through_a_week(maker: Maker) -> None:
    maker.make()
    old = maker.full(1)
    for _ in range(6):
        change(maker)
        maker.make()
    assert [each.attrib["seq"] for each in maker.manifest(7).findall("Diff")] == ["7", "6", "5", "4", "3", "2"]
    for sequence in range(2, 8):
        old = maker.stepped(old, sequence)
    assert old == maker.full(7)


def test_6_1_what_a_manifest_of_before_names_can_be_had_until_it_is_too_old(maker: Maker) -> None:
    maker.make()
    for _ in range(30):  # ten days
        before = maker.manifest(maker.generations()[-1].sequence)
        change(maker)
        maker.make()
        assert all((maker.folder / each.text).exists() for each in before)
    assert len(maker.generations()) == 23
    assert min(each.sequence for each in map(read_name, maker.files()) if each) == 9


def test_6_1_files_are_called_as_clients_know_them(maker: Maker) -> None:
    maker.make()
    change(maker)
    maker.make()
    named = {each.text for each in maker.manifest(2)}
    templates = {f"{GUID}-lng{language}-2.lzx" for language in ("0409", "0407", "040c")}
    assert named == {f"{GUID}-data-2.lzx", f"{GUID}-binpatch-2.lzx", *templates}


def test_whoever_is_hidden_stands_in_no_book(maker: Maker) -> None:
    maker.make()
    assert all(entry["PidTagSmtpAddress"] != HIDDEN.address for entry in entries(maker.full(1)))


def test_entries_stand_in_an_order_that_lasts(maker: Maker) -> None:
    maker.make()
    before = [each["PidTagEmailAddress"] for each in entries(maker.full(1))]
    change(maker)
    maker.make()
    assert [each["PidTagEmailAddress"] for each in entries(maker.full(2))] == before


def test_each_book_lists_its_own(maker: Maker) -> None:
    with edit(maker.file) as connection:
        add_domain(connection, "tenant.example")
    maker.put(person(1, address="zoe@tenant.example", upn="zoe@tenant.example"))
    maker.put_group(Group(UUID(int=77), "team@tenant.example", "Team"))
    tenant = AddressBook("tenant", UUID(int=50), "Tenant", domains=("tenant.example",))
    other = AddressBook("rooms", UUID(int=51), "Rooms", addresses=("room*",))
    maker.books = (tenant, other)
    maker.make()
    found = [{each["PidTagSmtpAddress"] for each in entries(maker.full(1, book))} for book in maker.books]
    assert found == [{"zoe@tenant.example", "team@tenant.example"}, {"room@example.org"}]


def test_a_book_that_is_new_has_no_difference_yet(maker: Maker) -> None:
    maker.make()
    new = AddressBook("new", UUID(int=50), "New")
    maker.books = (EVERYBODY, new)
    maker.now += HOUR
    maker.make()
    assert not maker.manifest(2, new).findall("Diff")
    assert maker.manifest(2).findall("Diff")


def test_a_book_whose_conditions_change_goes_on_by_a_difference(maker: Maker) -> None:
    maker.make()
    maker.books = (evolve(EVERYBODY, addresses=("a*",), title="A"),)
    maker.now += HOUR
    maker.make()
    assert maker.stepped(maker.full(1), 2) == maker.full(2)
    assert len(entries(maker.full(2))) == 2


def test_6_1_another_front_end_makes_the_same_bytes(maker: Maker, tmp_path: Path) -> None:
    maker.put(*(person(number) for number in range(500)))
    maker.make()
    for _ in range(3):
        change(maker)
        maker.make()
    copy = tmp_path / "copy.sqlite"  # another machine's, as of the same moment
    with closing(sqlite3.connect(maker.file)) as ours, closing(sqlite3.connect(copy)) as theirs:
        ours.backup(theirs)
    other = Maker(copy, tmp_path / "other")
    other.now = maker.now + 60
    assert other.make().recorded is False
    there, here = other.files(), maker.files()
    assert f"{GUID}-manifest-4.xml" in there
    assert {name: here[name] for name in there} == there
    wanted = [name for name in map(read_name, here) if name]
    other.make(wanted=wanted)
    assert {name for name in here if name.endswith(".lzx")} == {name for name in other.files() if ".lzx" in name}
    assert {name: here[name] for name in other.files()} == other.files()


def test_a_front_end_with_a_copy_makes_what_was_recorded_and_records_nothing(maker: Maker) -> None:
    maker.settings = evolve(maker.settings, record=False)
    assert maker.make() == Outcome()
    maker.settings = evolve(maker.settings, record=True)
    maker.make()
    change(maker)
    maker.settings = evolve(maker.settings, record=False)
    for each in maker.folder.iterdir():
        each.unlink()
    assert not maker.make().recorded
    assert len(maker.generations()) == 1
    assert maker.manifest(1) is not None


def test_6_1_two_front_ends_record_one_generation_and_both_have_it(maker: Maker, tmp_path: Path) -> None:
    other = Maker(maker.file, tmp_path / "other")
    assert [maker.make().recorded, other.make().recorded] == [True, False]
    assert maker.files() == other.files()
    change(maker)
    other.now = maker.now
    assert [other.make().recorded, maker.make().recorded] == [True, False]
    assert {name: maker.files()[name] for name in other.files()} == other.files()


def test_two_workers_of_one_front_end_do_not_do_it_twice(maker: Maker) -> None:
    maker.folder.mkdir()
    with oab_build._alone(maker.folder) as free:
        assert free
        assert oab_build.is_held(maker.folder)
        assert maker.make().busy
    assert not oab_build.is_held(maker.folder)
    assert maker.make().made


def test_6_1_clients_are_told_of_the_first_generation_at_once_and_of_later_ones_when_all_have_it(maker: Maker) -> None:
    maker.make()
    change(maker)
    maker.make()
    first, second = maker.generations()
    assert first.announced == NOON
    assert second.announced == maker.now + GRACE
    assert told([first, second], maker.now) == first
    assert told([first, second], maker.now + GRACE) == second


def test_who_asks_for_one_has_clients_told_at_once(maker: Maker) -> None:
    maker.make()
    change(maker, hours=1)
    maker.make(force=True)
    assert maker.generations()[-1].announced == maker.now


def test_while_clients_know_the_one_before_a_new_front_end_makes_both(maker: Maker, tmp_path: Path) -> None:
    maker.make()
    change(maker)
    maker.make()
    other = Maker(maker.file, tmp_path / "other")
    other.now = maker.now
    other.make()
    assert other.files() == maker.files()


class Killed(BaseException):
    """The process has been killed."""


def test_an_interrupted_run_is_gone_on_with(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def die(_: Any) -> None:
        done.append(1)
        if len(done) == 2:
            raise Killed

    with pytest.raises(Killed):
        maker.make(progress=Progress(done=die))
    assert len(maker.files()) == 2
    assert maker.generations()[-1].announced is None
    before = maker.files()
    outcome = maker.make()
    assert not outcome.recorded
    assert not set(outcome.made) & set(before)
    assert maker.manifest(1) is not None
    assert maker.generations()[-1].announced == NOON


def test_what_a_process_left_when_it_died_is_removed(maker: Maker) -> None:
    maker.make()
    for name in (f".{GUID}-data-2.lzx.new", f"{GUID}-data-99.lzx", f"{UUID(int=9)}-data-1.lzx"):
        (maker.folder / name).touch()
    made = set(maker.files()) - {f"{GUID}-data-99.lzx", f"{UUID(int=9)}-data-1.lzx"}
    others = {"notes.txt", "page.xml", "archive.lzx", ".draft.new"}
    for name in others:
        (maker.folder / name).touch()
    maker.make()
    assert {each.name for each in maker.folder.iterdir()} == {*made, *others, "lock"}


def test_on_a_full_disk_there_is_room_again_once_what_is_too_old_may_go(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.settings = evolve(maker.settings, keep=8 * HOUR)

    def full(*_: Any) -> None:
        raise OSError("no space left")

    for _ in range(3):
        maker.make()
        change(maker)
    with monkeypatch.context() as patched:
        patched.setattr(oab_build, "put", full)
        for _ in range(3):
            change(maker)
            with pytest.raises(OSError, match="no space left"):
                maker.make()
    assert {name.rpartition("-")[2].partition(".")[0] for name in maker.files()} <= {"4", "5", "6"}


def test_after_a_clock_that_was_far_ahead_clients_are_told_again(maker: Maker) -> None:
    maker.now = NOON + 365 * 24 * HOUR
    maker.make()
    maker.now = float(NOON)
    assert told(maker.generations(), maker.now) is None
    assert maker.make().recorded
    assert not maker.make().recorded
    last = told(maker.generations(), maker.now + GRACE)
    assert last is not None
    assert (last.sequence, last.taken) == (2, NOON)


def test_a_room_as_large_as_no_number_keeps_nobody_from_the_book(maker: Maker) -> None:
    maker.put(evolve(ROOM, details={"capacity": "9" * 5000}))
    maker.make()
    assert entries(maker.full(1))[-1] == told_of(evolve(ROOM, details={}))


def test_progress_is_told(maker: Maker) -> None:
    told_of: list[int] = []
    maker.make(progress=Progress(told_of.append, told_of.append))
    assert told_of == [5, 1, 1, 1, 1, 1]


def test_nothing_is_made_where_nothing_has_changed(maker: Maker) -> None:
    maker.make()
    maker.now += 9 * HOUR
    outcome = maker.make()
    assert (outcome.recorded, outcome.sequence, outcome.made) == (False, 1, ())


def test_no_difference_leads_from_files_that_were_made_in_another_way(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.make()
    change(maker)
    for module in (oab_build, oab_files):
        monkeypatch.setattr(module, "FORMAT", 99)
    maker.make()
    assert not maker.manifest(2).findall("Diff")


@pytest.mark.negative
def test_what_was_cached_before_a_directory_was_restored_is_made_anew(maker: Maker, tmp_path: Path) -> None:
    maker.make()
    backup = tmp_path / "backup.sqlite"
    with closing(sqlite3.connect(maker.file)) as ours, closing(sqlite3.connect(backup)) as theirs:
        ours.backup(theirs)
    change(maker)
    maker.make()
    lost = maker.files()
    with closing(sqlite3.connect(backup)) as theirs, closing(sqlite3.connect(maker.file)) as ours:
        theirs.backup(ours)
    maker.directory.close()
    maker.put(person(1))
    maker.now += HOUR
    assert maker.make(force=True).sequence == 2
    assert maker.files()[f"{GUID}-data-2.lzx"] != lost[f"{GUID}-data-2.lzx"]
    assert maker.stepped(maker.full(1), 2) == maker.full(2)


def test_what_is_forgotten_while_it_is_made_is_not_half_made(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.make()
    change(maker)

    def forgetful(*of: Any) -> bytes:
        with edit(maker.file) as connection:
            connection.execute("DELETE FROM generation WHERE sequence = 1")
        return content(*of)

    monkeypatch.setattr(oab_build, "content", forgetful)
    assert maker.make().made == ()
    assert f"{GUID}-binpatch-2.lzx" not in maker.files()
    assert maker.generations()[-1].announced is None
    monkeypatch.undo()
    maker.make()
    assert not maker.manifest(2).findall("Diff")


@pytest.mark.negative
def test_another_casd_s_generation_is_not_made_in_our_way(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oab_build, "FORMAT", 99)
    maker.make()
    monkeypatch.undo()
    for each in maker.folder.iterdir():
        each.unlink()
    outcome = maker.make()
    assert outcome.foreign
    assert outcome.made == ()
    assert missing(maker.folder, maker.generations(), maker.now, [Name(EVERYBODY.guid, "data", 1)]) == []


@pytest.mark.negative
@pytest.mark.parametrize(
    "asked",
    [
        "",
        "lock",
        "oab.xml",
        f"{GUID}-manifest-1.xml",
        f"{GUID}-data-0.lzx",
        f"{GUID}-data-01.lzx",
        f"{GUID}-data-1.lzx.new",
        f"{GUID}-data-1.lzx\n",
        f".{GUID}-data-1.lzx",
        f"../{GUID}-data-1.lzx",
        f"{GUID}-data-99999999999.lzx",
        f"{GUID}-other-1.lzx",
        "x-data-1.lzx",
    ],
)
def test_only_names_of_files_are_names(asked: str) -> None:
    assert read_name(asked) is None


def test_a_file_can_be_made_anew_to_compare_it(maker: Maker) -> None:
    maker.make()
    change(maker)
    maker.make()
    for name, data in maker.files().items():
        known = read_name(name)
        if known:
            assert content(maker.directory, maker.folder, maker.generations(), known) == data
