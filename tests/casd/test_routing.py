"""Where a request goes, as a table: what an anchor that names nobody is called; proxy or redirect."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from casd.model import Anchor, Copy, Database, Decision, Endpoint, Kind, Mailbox, Proxy, Redirect, Refuse, Server, Site
from casd.routing import Place, route
from tests.casd.estate import ALICE, MBX1, MBX2, TOPOLOGY

SELF = Anchor(Kind.USER, ALICE.address, "the authenticated user")

SITES = {
    "Here": Site("Here", "mail.example.org", "https://in.example.org", "https://mail.example.org"),
    "There": Site("There", "there.example.org", "https://in.there.example.org", "https://there.example.org"),
    "Silent": Site("Silent", "there.example.org", "https://in.there.example.org", "https://there.example.org", True),
    "Inner": Site("Inner", "inner.example.org", "https://inner.example.org", "", True),
    "Bare": Site("Bare", "", redirect=True),
}


def decide(protocol: str, site: str, version: tuple[int, int] = (15, 2), *, internal: bool = False) -> Decision:
    """Decide on a request of alice's, her mailbox being on a server of this site and version; we are Here and 15.2."""
    server = evolve(MBX1, site=site, version=version)
    topology = evolve(TOPOLOGY, sites=SITES, servers={"mbx1": server})
    return route(SELF, ALICE, protocol, topology, Place("Here", (15, 2), internal))


def said(decision: Decision) -> str:
    """Return a decision in a word or two."""
    match decision:
        case Proxy(server):
            return f"proxy {server.name}"
        case Redirect(url):
            return f"redirect {url}"
        case Refuse(word, later):
            return f"{'later' if later else 'refuse'} {word}"


OUTER, INNER = "redirect https://there.example.org", "redirect https://in.there.example.org"
PROXY, UPWARDS = "proxy mbx1", "refuse NewerVersion"

TABLE = [
    # protocol        site      version   answer
    ("owa", "Here", (15, 2), PROXY),
    ("ecp", "Here", (15, 2), PROXY),
    ("ews", "Here", (15, 2), PROXY),
    ("eas", "Here", (15, 2), PROXY),
    ("mapi", "Here", (15, 0), PROXY),
    # another site: silent redirect for the web only where that site asks for it
    ("owa", "There", (15, 2), PROXY),
    ("owa", "Silent", (15, 2), OUTER),
    ("ecp", "Silent", (15, 2), PROXY),
    ("ews", "Silent", (15, 2), PROXY),
    ("oab", "Silent", (15, 2), PROXY),
    ("mapi", "Silent", (15, 2), PROXY),
    ("rpc", "Silent", (15, 2), PROXY),
    ("autodiscover", "Silent", (15, 2), PROXY),
    ("eas", "Silent", (15, 2), PROXY),
    ("imap4", "Silent", (15, 2), PROXY),
    ("smtp", "Silent", (15, 2), PROXY),
    ("owa", "Bare", (15, 2), PROXY),
    ("owa", "Inner", (15, 2), PROXY),
    # an older target
    ("owa", "Here", (14, 3), PROXY),
    ("owa", "Silent", (14, 3), OUTER),
    ("owa", "There", (8, 3), OUTER),
    ("ecp", "There", (14, 3), PROXY),
    ("ews", "There", (8, 3), PROXY),
    ("eas", "There", (8, 3), PROXY),
    ("rpc", "There", (8, 3), PROXY),
    # a newer target: never proxied upwards, where the protocol has words for it
    ("owa", "There", (16, 0), OUTER),
    ("ecp", "There", (16, 0), OUTER),
    ("eas", "There", (16, 0), OUTER),
    ("ews", "There", (16, 0), PROXY),
    ("pop3", "There", (16, 0), PROXY),
    ("owa", "Bare", (16, 0), UPWARDS),
    ("eas", "Bare", (16, 0), UPWARDS),
    # a site that the topology does not describe
    ("owa", "Nowhere", (15, 2), PROXY),
]


@pytest.mark.parametrize(("protocol", "site", "version", "answer"), TABLE)
def test_proxy_or_redirect(protocol: str, site: str, version: tuple[int, int], answer: str) -> None:
    assert said(decide(protocol, site, version)) == answer


@pytest.mark.parametrize(
    ("site", "answer"), [("Silent", INNER), ("Inner", "redirect https://inner.example.org"), ("Bare", PROXY)]
)
def test_a_client_inside_is_sent_to_the_internal_url(site: str, answer: str) -> None:
    assert said(decide("owa", site, internal=True)) == answer


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (Kind.USER, "UserNotFound"),
        (Kind.ADDRESS, "UserNotFound"),
        (Kind.GUID, "MailboxGuidWithDomainNotFound"),
        (Kind.DATABASE, "DatabaseNotFound"),
    ],
)
@pytest.mark.negative
def test_an_anchor_that_names_nobody_has_no_default_route(kind: Kind, word: str) -> None:
    assert said(route(Anchor(kind, "x", "somewhere"), None, "ews", TOPOLOGY, Place())) == f"refuse {word}"


@pytest.mark.negative
@pytest.mark.parametrize(
    ("estate", "answer"),
    [
        ({"databases": {}}, "later DatabaseNotFound"),
        ({"servers": {}}, "later NoActiveCopy"),
        ({"servers": {"mbx2": MBX2}}, "later NoActiveCopy"),
        ({"databases": {"DB01": Database("DB01", ALICE.guid, "")}}, "later NoActiveCopy"),
        ({"servers": {"mbx1": Server("mbx1", "Main")}}, "later NoEndpoint"),
        ({"servers": {"mbx1": Server("mbx1", "Main", endpoints={"imap4": Endpoint("a", 1)})}}, "later NoEndpoint"),
    ],
)
def test_a_hole_in_the_topology_means_try_later_and_never_another_server(estate: dict[str, Any], answer: str) -> None:
    assert said(route(SELF, ALICE, "ews", evolve(TOPOLOGY, **estate), Place("Main"))) == answer


@pytest.mark.parametrize(
    ("own", "default", "answer"),
    [
        (None, None, PROXY),
        (None, False, "refuse ProtocolDisabled"),
        (None, True, PROXY),
        (True, False, PROXY),
        (False, True, "refuse ProtocolDisabled"),
        (False, None, "refuse ProtocolDisabled"),
    ],
)
def test_a_mailboxs_own_switch_beats_the_organisations(own: bool | None, default: bool | None, answer: str) -> None:
    mailbox: Mailbox = evolve(ALICE, switches={} if own is None else {"ews": own})
    topology = evolve(TOPOLOGY, switches={} if default is None else {"ews": default})
    assert said(route(SELF, mailbox, "ews", topology, Place("Main"))) == answer


def test_other_copies_are_candidates_by_preference() -> None:
    copies = (Copy("mbx1", 1), Copy("mbx3", 9), Copy("gone", 2), Copy("mbx2", 3))
    database = evolve(TOPOLOGY.databases["DB01"], copies=copies)
    decision = route(SELF, ALICE, "ews", evolve(TOPOLOGY, databases={"DB01": database}), Place("Main"))
    assert isinstance(decision, Proxy)
    assert [server.name for server in decision.others] == ["mbx2", "mbx3"]


def test_a_protocol_may_have_an_endpoint_of_its_own() -> None:
    imap = Endpoint("10.0.0.1", 1993)
    server = evolve(MBX1, endpoints={**MBX1.endpoints, "imap4": imap})
    assert server.endpoint("imap4") == imap
    assert server.endpoint("ews") == MBX1.endpoints["http"]


def test_a_decision_tells_every_fact_that_led_to_it() -> None:
    assert decide("ews", "Here").trace == (
        "anchor user~alice@example.org from the authenticated user",
        f"mailbox alice@example.org ({ALICE.guid}) in database DB01",
        "ews is on by the organisation's default",
        "active copy of DB01 on mbx1 (epoch 1)",
        "ews is proxied to every site",
        "proxy to mbx1 at 10.0.0.1:444",
    )
    assert decide("owa", "Silent").trace[-2:] == (
        "other site Silent: redirect for owa is on, URL https://there.example.org",
        "redirect to https://there.example.org",
    )
    assert decide("owa", "Bare", (16, 0)).trace[-2:] == (
        "a front end does not proxy to a newer version, and the site publishes no URL",
        "refuse: NewerVersion",
    )


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert [str(Endpoint("::1", 443)), str(Endpoint("10.0.0.1", 443))] == ["[::1]:443", "10.0.0.1:443"]
