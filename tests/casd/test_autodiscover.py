"""What clients are told: where it comes from, and what the ini may say; autodiscover_cases.txt has the sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from casd.advertised import Advertised, Capabilities, Elsewhere, MailDoor, Urls, address_book
from casd.autodiscover import Settings, advertise, stranger
from casd.model import AddressBook, Endpoint, Mailbox, Partner, Refuse, ServerKind, Topology
from casd.oab_book import EVERYBODY
from casd.routing import Place
from tests.casd.estate import ALICE, MBX1, TOPOLOGY, settings

PLAIN = settings(Settings, Path())
INSIDE = Place("Main", (15, 2), internal=True)


def read(**given: str) -> Any:
    """Return the section with these keys as they stand in an ini."""
    values = {
        name: getattr(Settings.__attrs_attrs__, name).metadata["converter"](text, Path())  # type: ignore[attr-defined]
        for name, text in given.items()
    }
    return evolve(PLAIN, **values)


def tell(topology: Topology, told: Any = PLAIN, mailbox: Mailbox = ALICE, place: Place = INSIDE) -> Advertised:
    answer = advertise(mailbox.address, mailbox, topology, place, told, Capabilities())
    assert isinstance(answer, Advertised)
    return answer


def exchange(**more: Any) -> Topology:
    server = evolve(MBX1, kind=ServerKind.EXCHANGE, **more)
    return evolve(TOPOLOGY, servers={"mbx1": server})


def test_5_4_every_url_comes_from_one_namespace() -> None:
    web = tell(exchange()).web
    assert sorted(web) == ["api", "eas", "ecp", "ews", "mapi", "oab", "owa", "rpc"]
    assert {url.split("/")[2] for urls in web.values() for url in (urls.internal, urls.external)} == {
        "mail.example.org"
    }


def test_5_4_a_protocol_may_have_a_url_of_its_own_on_either_side() -> None:
    told = read(urls="ews.external=https://ews.example.org eas=https://phones.example.org:8443/")
    web = tell(exchange(), told).web
    ews, eas = "/EWS/Exchange.asmx", "/Microsoft-Server-ActiveSync"
    assert web["ews"] == Urls(f"https://mail.example.org{ews}", f"https://ews.example.org{ews}")
    assert web["eas"] == Urls(f"https://phones.example.org:8443{eas}", f"https://phones.example.org:8443{eas}")


def test_5_4_mail_protocols_may_be_elsewhere() -> None:
    endpoints = {protocol: Endpoint("10.0.0.1", 1) for protocol in ("imap4", "pop3", "smtp")}
    topology = evolve(TOPOLOGY, servers={"mbx1": evolve(MBX1, kind=ServerKind.MAIL, endpoints=endpoints)})
    mail = tell(topology, read(mail="imap4=imap.example.org:143 smtp=smtp.example.org:465")).mail
    assert mail == {
        "imap4": MailDoor("imap.example.org", 143),
        "pop3": MailDoor("mail.example.org", 995),
        "smtp": MailDoor("smtp.example.org", 465),
    }
    assert [door.implicit_tls for door in mail.values()] == [False, True, True]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("urls", "ews"),
        ("urls", "ews=http://mail.example.org"),
        ("urls", "ews=https://mail.example.org/path"),
        ("urls", "ews=https://"),
        ("urls", "ews=https://mail.example.org?x"),
        ("urls", "gopher=https://mail.example.org"),
        ("urls", "ews.sideways=https://mail.example.org"),
        ("mail", "imap4"),
        ("mail", "imap4=mail.example.org"),
        ("mail", "imap=mail.example.org:993"),
    ],
)
def test_what_cannot_be_told_is_no_setting(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(**{key: text})


def test_5_2_what_is_told_is_good_for_whole_hours_at_least_one() -> None:
    assert [tell(exchange(), read(lifetime=text)).hours for text in ("1 min", "90 min", "1 d")] == [1, 1, 24]


def test_5_2_a_servers_version_is_told_in_hex() -> None:
    assert tell(exchange()).server_version == "73C28000"
    assert tell(exchange(version=(14, 3))).server_version == "73838000"


def test_5_4_who_is_outside_is_given_no_url_of_the_inside() -> None:
    urls = Urls("https://in.example.org", "")
    assert urls.seen(INSIDE) == "https://in.example.org"
    assert urls.seen(evolve(INSIDE, internal=False)) == ""


def test_5_2_the_organisation_keeps_its_deployment_and_another_has_another() -> None:
    one, other = tell(exchange()), tell(evolve(exchange(), organisation="Other"))
    assert one.deployment == tell(exchange()).deployment != other.deployment


def test_the_trace_says_what_was_considered() -> None:
    topology = evolve(exchange(), switches={"eas": False})
    assert tell(topology, mailbox=evolve(ALICE, switches={"mapi": False, "mapi-external": False})).trace == (
        "asked for alice@example.org from inside",
        f"mailbox alice@example.org ({ALICE.guid}) in database DB01",
        "autodiscover is on by the organisation's default",
        "on mbx1, a server of kind exchange, version 15.2",
        "mbx1 offers api eas ecp ews mapi oab owa rpc",
        "api is on by the organisation's default",
        "eas is off by the organisation's default",
        "ecp is on by the organisation's default",
        "ews is on by the organisation's default",
        "mapi is off by the mailbox's switch",
        "oab is on by the organisation's default",
        "owa is on by the organisation's default",
        "rpc is on by the organisation's default",
        "site Main: inside https://mail.example.org, outside https://mail.example.org",
        "mapi-external is off by the mailbox's switch",
    )


def test_a_front_end_without_a_site_says_so() -> None:
    assert any("[access] site" in fact for fact in tell(exchange(), place=Place()).trace)


@pytest.mark.parametrize(
    ("address", "word"),
    [("x@elsewhere.example", "UserNotFound"), ("nobody", "UserNotFound"), ("x@quiet.example", "UserNotFound")],
)
def test_a_stranger_is_nobody(address: str, word: str) -> None:
    topology = evolve(TOPOLOGY, partners={"quiet.example": Partner("quiet.example")})
    told = stranger(address, topology)
    assert isinstance(told, Refuse)
    assert told.word == word
    assert ("casctl partner set" in told.trace[0]) == (address == "x@quiet.example")


def test_a_partners_address_is_told_where_to_ask() -> None:
    partner = Partner("there.example", "anybody@mail.there.example")
    told = stranger("bob@THERE.example", evolve(TOPOLOGY, partners={"there.example": partner}))
    assert isinstance(told, Elsewhere)
    assert (told.url, told.address) == ("", "bob@mail.there.example")
    assert stranger("bob@example.org", TOPOLOGY) is None


# Offline address books that are made here (reference 6.1)


def with_books(*books: AddressBook, mailbox: Mailbox = ALICE) -> Advertised:
    answer = advertise(mailbox.address, mailbox, TOPOLOGY, INSIDE, PLAIN, Capabilities(), books)
    assert isinstance(answer, Advertised)
    return answer


def test_6_1_a_mailbox_is_told_of_its_own_address_book() -> None:
    tenant = AddressBook("tenant", UUID(int=50), "Tenant", domains=("tenant.example",))
    told = with_books(tenant, EVERYBODY)
    assert told.url("oab").endswith(f"/OAB/{EVERYBODY.guid}/")
    assert with_books(tenant, EVERYBODY, mailbox=evolve(ALICE, address_book="tenant")).url("oab").endswith("32/")


def test_6_1_where_none_are_made_only_who_has_a_server_with_address_books_is_told_of_one() -> None:
    """The bundled server has none: its mailboxes' are made by the front end, or not at all."""
    assert "oab" not in tell(TOPOLOGY).web
    assert tell(exchange()).url("oab").endswith(f"/OAB/{address_book('Example')}/")


def test_a_mailbox_that_gets_no_address_book_is_told_of_none() -> None:
    tenant = AddressBook("tenant", UUID(int=50), "Tenant", domains=("tenant.example",))
    assert with_books(tenant).url("oab") == ""
    assert with_books(EVERYBODY, mailbox=evolve(ALICE, switches={"oab": False})).url("oab") == ""


def test_the_address_book_does_not_depend_on_the_mailbox_s_server() -> None:
    topology = evolve(TOPOLOGY, servers={"mbx1": evolve(MBX1, kind=ServerKind.DAV)})
    answer = advertise(ALICE.address, ALICE, topology, INSIDE, PLAIN, Capabilities(), [EVERYBODY])
    assert isinstance(answer, Advertised)
    assert answer.url("oab")
