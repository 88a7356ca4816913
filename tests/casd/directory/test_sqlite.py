from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from attrs import evolve
from zope.interface.verify import verifyObject

from casd.directory import sqlite, sqlite_mailboxes
from casd.directory import sqlite_edit_mailboxes as mailboxes
from casd.directory.sqlite import Directory, Settings
from casd.directory.sqlite_edit import Mistake, create, edit
from casd.directory.sqlite_edit_groups import put_group
from casd.directory.sqlite_edit_topology import put_server
from casd.directory.sqlite_schema import VERSION
from casd.interfaces import IDirectory
from casd.model import DirectoryDown, Group, Mailbox, Password, ProxyProtocol, Server

T = TypeVar("T")

ALICE = Mailbox(
    guid=UUID(int=1),
    address="Alice@example.org",
    upn="alice@corp.local",
    database="DB01",
    display_name="Alice Example",
    proxy_addresses=("a.example@example.org", "sales@example.org"),
    legacy_dn="/o=Example/cn=alice",
    hidden=True,
    switches={"imap4": False, "ews": True},
)
NOW = datetime(2025, 1, 2, tzinfo=UTC)
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


@pytest.fixture
def directory(file: Path) -> Directory:
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, ALICE)
    return Directory(Settings(file))


def test_it_keeps_what_the_interface_promises(directory: Directory) -> None:
    assert verifyObject(IDirectory, directory)


@pytest.mark.parametrize("login", ["alice@example.org", "ALICE@CORP.LOCAL", "sales@Example.org"])
def test_a_mailbox_is_found_by_upn_primary_and_proxy_address(directory: Directory, login: str) -> None:
    assert run(directory.by_login(login)) == ALICE


def test_a_upn_that_is_no_address_receives_no_mail(directory: Directory) -> None:
    assert run(directory.by_address("alice@corp.local")) is None
    assert run(directory.by_address("a.example@example.org")) == ALICE


@pytest.mark.parametrize("name", ["nobody@example.org", "", "é" * 1000, "a@" + "é" * 300, "\ud800@example.org"])
def test_what_is_nobodys_finds_nobody(directory: Directory, name: str) -> None:
    assert run(directory.by_login(name)) is None
    assert run(directory.by_address(name)) is None


def test_a_guid_finds_its_mailbox_only_in_a_domain_of_its_addresses(directory: Directory) -> None:
    assert run(directory.by_guid(ALICE.guid, "EXAMPLE.org")) == ALICE
    assert run(directory.by_guid(ALICE.guid, "corp.local")) is None
    assert run(directory.by_guid(ALICE.guid, "é" * 300)) is None
    assert run(directory.by_guid(UUID(int=9), "example.org")) is None


def test_a_password_is_there_once_it_is_set(directory: Directory, file: Path) -> None:
    assert run(directory.password(ALICE)) is None
    with edit(file) as connection:
        mailboxes.set_password(connection, ALICE.guid, HASH, NOW)
    assert run(directory.password(ALICE)) == Password(HASH, NOW)


def test_a_change_by_another_connection_is_seen_at_once(directory: Directory, file: Path) -> None:
    before = run(directory.changed())
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, evolve(ALICE, database="DB02"))
    assert run(directory.changed()) != before
    found = run(directory.by_login(ALICE.upn))
    assert found is not None
    assert found.database == "DB02"


def test_a_change_that_failed_changes_nothing(directory: Directory, file: Path) -> None:
    before = run(directory.changed())
    with pytest.raises(Mistake):
        _remove_then_fail(file)
    assert run(directory.changed()) == before
    assert run(directory.by_login(ALICE.upn)) == ALICE


def _remove_then_fail(file: Path) -> None:
    with edit(file) as connection:
        mailboxes.remove_mailbox(connection, ALICE.guid)
        mailboxes.put_mailbox(connection, evolve(ALICE, database="DB99"))


def test_the_topology_carries_the_change_number(directory: Directory) -> None:
    topology = run(directory.topology())
    assert topology.changed == run(directory.changed())
    assert topology.organisation == "Example"
    assert topology.domains == {"example.org"}


def test_a_missing_file_is_a_directory_that_is_down(tmp_path: Path) -> None:
    with pytest.raises(DirectoryDown, match="No such file"):
        run(Directory(Settings(tmp_path / "none")).changed())


def test_a_file_that_goes_away_is_missed_and_found_again(directory: Directory, file: Path) -> None:
    run(directory.by_login(ALICE.upn))
    away = file.with_name("away")
    file.rename(away)
    with pytest.raises(DirectoryDown):
        run(directory.by_login(ALICE.upn))
    away.rename(file)
    assert run(directory.by_login(ALICE.upn)) == ALICE


def test_a_file_that_was_replaced_is_read_instead(directory: Directory, file: Path, tmp_path: Path) -> None:
    run(directory.by_login(ALICE.upn))
    other = tmp_path / "other"
    create(other, "Other")
    directory.close()
    run(directory.changed())
    other.replace(file)
    assert run(directory.topology()).organisation == "Other"


def test_a_corrupt_file_is_a_directory_that_is_down(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1000)
    with pytest.raises(DirectoryDown, match="not a database"):
        run(Directory(Settings(file)).topology())


def test_a_file_of_another_version_is_refused(file: Path) -> None:
    with edit(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DirectoryDown, match="99"):
        run(Directory(Settings(file)).changed())


def test_a_locked_file_answers_soon_that_it_is_down(file: Path) -> None:
    locker = sqlite3.connect(file, isolation_level=None)
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    directory = Directory(Settings(file))
    with pytest.raises(DirectoryDown, match="locked"):
        run(directory.changed())
    locker.close()
    (milliseconds,) = directory._connect().execute("PRAGMA busy_timeout").fetchone()
    assert milliseconds < 1000


def test_a_reader_cannot_write(directory: Directory) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        directory._connect().execute("DELETE FROM mailbox")


def test_a_reader_does_not_wait_for_a_writer(directory: Directory, file: Path) -> None:
    with edit(file) as connection:
        mailboxes.remove_mailbox(connection, ALICE.guid)
        assert run(directory.by_login(ALICE.upn)) == ALICE
    assert run(directory.by_login(ALICE.upn)) is None


@pytest.fixture
def earlier(directory: Directory, file: Path) -> Path:
    """Return the file as the casd before PROXY headers made it."""
    with sqlite3.connect(file) as connection:
        gone = "".join(f"DROP TRIGGER people_{what};" for what in ("added", "removed", "renamed"))
        columns = (("server", "proxy_protocol"), ("server", "kind"), ("mailbox", "kind"), ("mailbox", "details"))
        columns += (("mailbox", "address_book"), ("database", "address_book"))
        (view,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'entry'").fetchone()
        connection.executescript(
            f"{gone} DROP INDEX mailbox_legacy_dn; DROP VIEW listing; DROP TABLE listed; DROP TABLE generation;"
            "DROP TABLE people; DROP TABLE member; DROP TABLE distribution_group; DROP TABLE partner;"
            "DROP VIEW entry; DROP TABLE opened;"
            + "".join(f"ALTER TABLE {table} DROP COLUMN {column};" for table, column in columns)
            + re.sub(r",\n    m\.kind.*AS opens", "", view, flags=re.DOTALL)
        )
        connection.execute("PRAGMA user_version = 1")
    return file


def test_a_file_of_an_earlier_casd_is_brought_up_to_date_when_it_is_read(earlier: Path) -> None:
    front = Directory(Settings(earlier))
    assert {each.proxy_protocol for each in run(front.topology()).servers.values()} == {ProxyProtocol.NONE}
    assert run(front.by_login("alice@example.org")) == ALICE
    with edit(earlier) as connection:
        mailboxes.put_mailbox(connection, evolve(ALICE, hidden=False))
    assert run(front.find("exam", 5)) == (evolve(ALICE, hidden=False),)
    assert sqlite3.connect(earlier).execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_file_of_an_earlier_casd_is_brought_up_to_date_when_it_is_changed(earlier: Path) -> None:
    wanted = Server("mbx1", "Main", proxy_protocol=ProxyProtocol.V2)
    with edit(earlier) as connection:
        put_server(connection, wanted)
    assert run(Directory(Settings(earlier)).topology()).servers["mbx1"] == wanted


def test_a_mailbox_is_found_by_its_legacy_dn_in_any_letter_case(directory: Directory, file: Path) -> None:
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, evolve(ALICE, legacy_dn="/o=Example/cn=Recipients/cn=alice"))
    found = run(directory.by_legacy_dn("/O=EXAMPLE/cn=recipients/cn=Alice"))
    assert found is not None
    assert found.guid == ALICE.guid
    plan = directory._connect().execute(f"EXPLAIN QUERY PLAN {sqlite_mailboxes._BY_DN}", ("x",)).fetchall()
    assert any("mailbox_legacy_dn" in step[3] for step in plan)


def test_no_legacy_dn_finds_nobody(directory: Directory, file: Path) -> None:
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, evolve(ALICE, legacy_dn=""))
    assert run(directory.by_legacy_dn("")) is None
    assert run(directory.by_legacy_dn("/o=Example")) is None


def test_two_processes_bring_a_file_up_to_date_once(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sqlite._bring_up_to_date

    def both(file: Path, patience: float) -> None:
        ours(file, patience)
        ours(file, patience)

    monkeypatch.setattr(sqlite, "_bring_up_to_date", both)
    assert run(Directory(Settings(earlier)).changed()) == 3


def test_people_are_found_by_the_begin_of_a_name_or_an_address(file: Path) -> None:
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, ALICE)
        for number, (address, name) in enumerate(
            (("bob@example.org", "Bob Stone"), ("x@example.org", "100% Müller")), 2
        ):
            mailboxes.put_mailbox(connection, Mailbox(UUID(int=number), address, address, "DB01", name))
    directory = Directory(Settings(file))

    def found(words: str, limit: int = 10) -> list[str]:
        return [mailbox.display_name for mailbox in run(directory.find(words, limit))]

    assert found("bob") == found("STO") == found("bob@example") == ["Bob Stone"]
    assert found("100%") == found("mül") == found("MULLER 100") == ["100% Müller"]
    assert found("alice") == found("tone") == found("_ob") == found("") == found('" *') == []
    assert (found("bo st"), found("x@"), found("b", 0)) == (["Bob Stone"], ["100% Müller"], [])
    with edit(file) as connection:
        mailboxes.put_mailbox(connection, Mailbox(UUID(int=2), "bob@example.org", "bob@example.org", "DB01", "Rob"))
        mailboxes.remove_mailbox(connection, UUID(int=3))
    assert (found("rob"), found("stone"), found("mül")) == (["Rob"], [], [])


def test_groups_are_found_as_people_are(file: Path) -> None:
    names = {"blue@example.org": "Team Blue", "x@example.org": "100% Müller", "y@example.org": "Blue lagoon"}
    names["z@example.org"] = "north_wing"
    with edit(file) as connection:
        for number, (address, name) in enumerate(names.items(), 1):
            put_group(connection, Group(UUID(int=number), address, name, members=("alice@example.org",)))
        put_group(connection, Group(UUID(int=9), "bluehidden@example.org", "Blue", hidden=True))
    directory = Directory(Settings(file))

    def found(words: str, limit: int = 10) -> list[str]:
        return [group.display_name for group in run(directory.find_groups(words, limit))]

    assert found("blu") == ["Blue lagoon", "Team Blue"]
    assert found("BLUE team") == found("blue@example.org") == ["Team Blue"]
    assert found("mül") == found("MULLER 100") == found("x@") == ["100% Müller"]
    assert (found("blue", 1), found("b", 0), found("lue"), found(""), found(" % ")) == (["Blue lagoon"], [], [], [], [])
    assert (found("north_w"), found("northw")) == (["north_wing"], [])
    assert run(directory.find_groups("team", 1))[0].members == ("alice@example.org",)
