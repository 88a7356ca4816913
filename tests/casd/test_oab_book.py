"""Which offline address book a mailbox gets (reference 6.1), and whom it lists."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from attrs import evolve

from casd.config import Ini
from casd.model import AddressBook, Database, Mailbox, Server, Topology
from casd.oab_book import EVERYBODY, Settings, book_named, book_of, is_listed, path_of

GUID = UUID(int=1)
ALICE = Mailbox(GUID, "alice@example.org", "alice@example.org", "DB01")
BOB = Mailbox(UUID(int=2), "bob@tenant.example", "bob@tenant.example", "DB02")
PLACES = Topology(
    servers={"mbx1": Server("mbx1", "Paris"), "mbx2": Server("mbx2", "Lyon")},
    databases={"DB01": Database("DB01", GUID, "mbx1"), "DB02": Database("DB02", GUID, "mbx2")},
)


def book(name: str, **conditions: tuple[str, ...]) -> AddressBook:
    return AddressBook(name, GUID, name, **conditions)


def test_6_1_without_any_other_everybody_gets_the_book_of_all() -> None:
    assert book_of([EVERYBODY], ALICE, PLACES) is EVERYBODY


def test_6_1_a_tenant_gets_the_book_of_its_domain_and_others_the_one_without_conditions() -> None:
    books = [book("tenant", domains=("tenant.example",)), book("all")]
    assert [book_of(books, each, PLACES) for each in (BOB, ALICE)] == books


def test_a_site_gets_its_book() -> None:
    books = [book("lyon", sites=("lyon",)), book("paris", sites=("paris",))]
    assert [book_of(books, each, PLACES) for each in (BOB, ALICE)] == books


def test_6_1_a_mailbox_may_have_a_book_of_its_own() -> None:
    books = [book("all"), book("Directors", addresses=("ceo@*",))]
    assert book_of(books, evolve(ALICE, address_book="directors"), PLACES) == books[1]


def test_6_1_a_database_may_have_a_book_for_who_has_none_of_his_own() -> None:
    books = [book("all"), book("sales", addresses=("sales@*",)), book("directors", addresses=("ceo@*",))]
    places = evolve(PLACES, databases={"DB01": evolve(PLACES.databases["DB01"], address_book="Sales")})
    assert book_of(books, ALICE, places) == books[1]
    assert book_of(books, evolve(ALICE, address_book="directors"), places) == books[2]
    assert book_of(books, evolve(ALICE, address_book="gone"), places) == books[1]
    assert book_of(books[:1], ALICE, places) == books[0]


def test_a_book_of_its_own_that_is_gone_counts_as_none() -> None:
    assert book_of([EVERYBODY], evolve(ALICE, address_book="gone"), PLACES) is EVERYBODY


@pytest.mark.negative
def test_who_meets_no_book_s_conditions_gets_none() -> None:
    assert book_of([book("tenant", domains=("tenant.example",))], ALICE, PLACES) is None
    assert book_of([], ALICE, PLACES) is None


def test_an_entry_meets_every_condition() -> None:
    strict = book("x", domains=("example.org",), sites=("paris",), addresses=("a*@*", "z*@*"))
    assert is_listed(strict, "Alice@Example.org", "Paris")
    assert not is_listed(strict, "alice@tenant.example", "Paris")
    assert not is_listed(strict, "alice@example.org", "Lyon")
    assert not is_listed(strict, "bob@example.org", "Paris")
    assert is_listed(strict, "all@example.org", "")  # a group stands in no site


def test_a_book_s_guid_is_made_of_its_name_on_every_front_end_alike() -> None:
    section = Ini(Path("x"), "[oab:Sales]\ndomains = Example.org\n").take("oab:Sales", Settings)
    assert section is not None
    made = book_named("Sales", section)
    assert made.domains == ("example.org",)
    assert made.guid == book_named("sales", section).guid != EVERYBODY.guid
    assert path_of(made) == f"/OAB/{made.guid}/"


def test_a_book_keeps_the_guid_that_it_has_already() -> None:
    section = Ini(Path("x"), f"[oab:x]\nguid = {{{GUID}}}\n").take("oab:x", Settings)
    assert section is not None
    assert book_named("x", section).guid == GUID


@pytest.mark.negative
def test_what_is_no_guid_is_refused_in_words() -> None:
    ini = Ini(Path("x"), "[oab:x]\nguid = sales\n")
    assert ini.take("oab:x", Settings) is None
    assert "not a GUID" in str(ini.problems[0])
