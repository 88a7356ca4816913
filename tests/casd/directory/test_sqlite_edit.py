from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve

from casd.directory import sqlite_edit_topology as topology
from casd.directory.sqlite import connect
from casd.directory.sqlite_edit import Mistake, create, edit
from casd.directory.sqlite_edit_mailboxes import (
    default_legacy_dn,
    put_mailbox,
    remove_mailbox,
    set_password,
)
from casd.directory.sqlite_mailboxes import all_mailboxes, by_login
from casd.directory.sqlite_topology import read_topology
from casd.model import Copy, Database, DirectoryDown, Mailbox, Server, Site, Topology
from tests.casd.directory.conftest import DB01, DB02
from tests.casd.directory.test_sqlite import ALICE, NOW

BOB = Mailbox(UUID(int=2), "bob@example.org", "bob@example.org", "DB02")


def estate(file: Path) -> Topology:
    connection = connect(file, "ro", 1)
    try:
        return read_topology(connection)
    finally:
        connection.close()


def test_a_new_directory_is_for_its_owner_only(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [name.name for name in file.parent.iterdir()] == [file.name]


def test_a_directory_is_never_made_over_another(file: Path) -> None:
    with pytest.raises(Mistake, match="exists already"):
        create(file, "Another")
    assert estate(file).organisation == "Example"


def test_a_directory_that_cannot_be_made_says_why(file: Path) -> None:
    with pytest.raises(DirectoryDown, match="Not a directory"):
        create(file / "below", "Example")


def test_a_missing_directory_cannot_be_edited(tmp_path: Path) -> None:
    with pytest.raises(DirectoryDown, match="unable to open"), edit(tmp_path / "none"):
        pass
    assert not list(tmp_path.iterdir())


def test_what_was_put_is_read(file: Path) -> None:
    held = estate(file)
    assert held.databases == {"DB01": DB01, "DB02": DB02}
    assert held.servers["mbx2"].endpoints["http"].port == 9444
    assert held.sites["Main"] == Site("Main", "mail.example.org", "https://mail.example.org")


def test_a_server_is_replaced_with_all_its_endpoints(file: Path) -> None:
    with edit(file) as connection:
        topology.put_server(connection, Server("MBX1", "main", (15, 1), {}, "mbx1.example.org", "", "ab" * 32))
    server = estate(file).servers["mbx1"]
    assert server == Server("mbx1", "Main", (15, 1), {}, "mbx1.example.org", "", "ab" * 32)


def test_the_epoch_grows_only_when_another_copy_becomes_active(file: Path) -> None:
    with edit(file) as connection:
        topology.put_database(connection, DB01)
    assert estate(file).databases["DB01"].epoch == 1
    for active, epoch in ("mbx2", 2), ("mbx1", 3):
        with edit(file) as connection:
            topology.put_database(connection, evolve(DB01, active=active))
        assert estate(file).databases["DB01"] == evolve(DB01, active=active, epoch=epoch)


def test_a_database_is_active_only_where_it_has_a_copy(file: Path) -> None:
    with pytest.raises(Mistake, match="DB02 has no copy on mbx1"), edit(file) as connection:
        topology.put_database(connection, evolve(DB02, active="mbx1"))


def test_two_databases_never_share_a_guid(file: Path) -> None:
    with pytest.raises(Mistake, match="taken by the database DB01"), edit(file) as connection:
        topology.put_database(connection, evolve(DB02, name="DB03", guid=DB01.guid))


def test_nothing_refers_to_what_is_not_there(file: Path) -> None:
    with edit(file) as connection:
        with pytest.raises(Mistake, match="there is no site Moon; known are: Main"):
            topology.put_server(connection, Server("mbx3", "Moon"))
        with pytest.raises(Mistake, match="there is no server mbx9"):
            topology.put_database(connection, Database("DB03", UUID(int=3), "mbx9", 1, (Copy("mbx9"),)))
        with pytest.raises(Mistake, match="there is no database DB9"):
            put_mailbox(connection, evolve(BOB, database="DB9"))


def test_what_is_referred_to_stays(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, BOB)
    with edit(file) as connection:
        with pytest.raises(Mistake, match="Main holds the server mbx1"):
            topology.remove_site(connection, "Main")
        with pytest.raises(Mistake, match="mbx1 holds a copy of the database DB01"):
            topology.remove_server(connection, "mbx1")
        with pytest.raises(Mistake, match=r"DB02 holds the mailbox bob@example\.org"):
            topology.remove_database(connection, "DB02")
        with pytest.raises(Mistake, match=r"there are addresses in example\.org \(1\)"):
            topology.remove_domain(connection, "EXAMPLE.org")


def test_what_nothing_refers_to_goes(file: Path) -> None:
    with edit(file) as connection:
        topology.remove_database(connection, "db01")
        topology.remove_database(connection, "DB02")
        topology.remove_server(connection, "mbx1")
        topology.remove_server(connection, "mbx2")
        topology.remove_site(connection, "main")
        topology.remove_domain(connection, "example.org")
    held = estate(file)
    assert held == Topology("Example", changed=held.changed)


def test_removing_what_is_not_there_is_a_mistake(file: Path) -> None:
    with edit(file) as connection, pytest.raises(Mistake, match=r"there is no domain other\.org; known are: example"):
        topology.remove_domain(connection, "other.org")


def test_names_must_be_fit_for_folders_and_headers(file: Path) -> None:
    with edit(file) as connection:
        for name in "", "../DB", "a b", "x" * 64, "DB\n":
            with pytest.raises(Mistake, match="is no name"):
                topology.put_site(connection, Site(name, "mail.example.org"))
        with pytest.raises(Mistake, match="is not a domain"):
            topology.add_domain(connection, "exa mple.org")
        with pytest.raises(Mistake, match="cannot be printed"):
            topology.set_organisation(connection, "Other\x01")  # which XML cannot hold


def test_the_organisations_word_is_kept(file: Path) -> None:
    with edit(file) as connection:
        topology.set_organisation(connection, "Other")
        topology.set_default(connection, "imap4", False)
        topology.set_default(connection, "pop3", True)
        topology.set_default(connection, "pop3", None)
        topology.put_component(connection, "front1", "MapiProxy", True)
        topology.put_component(connection, "FRONT1", "mapiproxy", False)
    held = estate(file)
    assert held.organisation == "Other"
    assert held.switches == {"imap4": False}
    assert held.components == {("front1", "MapiProxy"): False}


def test_an_address_belongs_to_one_mailbox(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        with pytest.raises(Mistake, match=r"SALES@example\.org is taken by Alice@example\.org"):
            put_mailbox(connection, evolve(BOB, proxy_addresses=("SALES@example.org",)))


def test_a_upn_is_nobody_elses_address(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        with pytest.raises(Mistake, match="taken by Alice"):
            put_mailbox(connection, evolve(BOB, upn="sales@example.org"))


def test_addresses_are_in_accepted_domains_but_a_upn_need_not_be(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, evolve(BOB, upn="bob@corp.local"))
        with pytest.raises(Mistake, match=r"other\.org is not an accepted domain: casctl domain add other\.org"):
            put_mailbox(connection, evolve(BOB, proxy_addresses=("bob@other.org",)))


@pytest.mark.parametrize("change", [{"address": "bob"}, {"upn": "bob"}, {"display_name": "B\x1fob"}])
def test_a_malformed_mailbox_is_refused(file: Path, change: dict[str, str]) -> None:
    with edit(file) as connection, pytest.raises(Mistake):
        put_mailbox(connection, evolve(BOB, **change))  # type: ignore[arg-type]


def test_a_mailbox_is_replaced_and_its_old_addresses_are_free(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        put_mailbox(connection, evolve(ALICE, proxy_addresses=(), upn="alice@example.org", switches={}))
        put_mailbox(connection, evolve(BOB, proxy_addresses=("sales@example.org",)))
        assert by_login(connection, "sales@example.org") == evolve(BOB, proxy_addresses=("sales@example.org",))


def test_mailboxes_are_listed_in_the_order_of_their_addresses(file: Path) -> None:
    with edit(file) as connection:
        for mailbox in BOB, ALICE:
            put_mailbox(connection, mailbox)
        assert list(all_mailboxes(connection)) == [ALICE, BOB]
        assert list(all_mailboxes(connection, "db02")) == [BOB]


def test_a_removed_mailbox_leaves_nothing_behind(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        remove_mailbox(connection, ALICE.guid)
        for table in "mailbox", "address", "switch":
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_password_must_be_hashed(file: Path) -> None:
    with edit(file) as connection, pytest.raises(Mistake, match="argon2id"):
        set_password(connection, ALICE.guid, "secret", NOW)


def test_a_failed_savepoint_leaves_the_transaction_whole(file: Path) -> None:
    with edit(file) as connection:
        put_mailbox(connection, ALICE)
        connection.execute("SAVEPOINT row")
        with pytest.raises(Mistake):
            put_mailbox(connection, evolve(BOB, proxy_addresses=("x@example.org", "sales@example.org")))
        connection.execute("ROLLBACK TO row")
        assert by_login(connection, "x@example.org") is None
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")


def test_a_new_mailbox_gets_a_legacy_dn_that_is_its_own() -> None:
    assert default_legacy_dn("Example", BOB).endswith("/cn=Recipients/cn=00000000000000000000000000000002-bob")
