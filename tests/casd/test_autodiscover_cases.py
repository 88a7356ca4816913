"""Every line of autodiscover_cases.txt, from the decision to the document that the client gets."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import evolve
from lxml import etree

from casd.advertised import Answer, Capabilities, Elsewhere
from casd.autodiscover import Settings, advertise
from casd.model import Endpoint, Mailbox, Opened, Server, ServerKind, Site, Topology
from casd.routing import Place
from casd.vdirs import autodiscover_pox
from protocols.autodiscover import pox
from tests.casd.estate import ALICE, MBX1, TOPOLOGY, settings

CASES = Path(__file__).with_name("autodiscover_cases.txt")

CLIENTS = {
    "outlook": Capabilities(mapi=1, exhttp=True, negotiate=True),
    "mapionly": Capabilities(mapi=1),
    "old": Capabilities(),
    "phone": Capabilities(),
}
FAR = "https://in.far.example.org", "https://far.example.org"
SITES = {
    site.name: site
    for site in (
        Site("Main", "mail.example.org", "https://in.example.org", "https://mail.example.org"),
        Site("Far", "far.example.org", *FAR),
        Site("Moved", "far.example.org", *FAR, redirect=True),
        Site("Inner", "inner.example.org", "https://in.inner.example.org"),
        Site("Named", "named.example.org"),
        Site("Bare", ""),
    )
}
SIDES = {
    "in.example.org": "i",
    "mail.example.org": "o",
    "in.far.example.org": "fi",
    "far.example.org": "fo",
    "in.inner.example.org": "ni",
    "named.example.org": "n",
}


def cases() -> list[list[str]]:
    """Return the lines of the table, each as its six columns."""
    lines = CASES.read_text().split("\n")
    return [line.split(None, 5) for line in lines if line.partition(" ")[0] in CLIENTS]


CHECKED = cases()


def test_the_table_is_as_long_as_it_looks() -> None:
    assert len(CHECKED) > 60
    assert all(len(case) == 6 for case in CHECKED)


@pytest.mark.parametrize("case", CHECKED, ids=lambda case: " ".join(case[:5]))
def test_5_2_a_client_is_told(case: list[str]) -> None:
    client, network, server, switches, site, sections = case
    place = Place("Main", (15, 2), network == "inside")
    mailbox, topology = estate(server, switches, site)
    told = advertise(ALICE.address, mailbox, topology, place, settings(Settings, CASES.parent), CLIENTS[client])
    assert (said_to_phone(told) if client == "phone" else said(told)) == sections, "\n".join(told.trace)


def estate(server: str, switches: str, site: str) -> tuple[Mailbox, Topology]:
    """Return alice's mailbox with these switches, on this server of this site."""
    words = [word for word in switches.split(",") if word != "."]
    own = {word.lstrip("!"): word.startswith("!") for word in words if word[0] not in "*&"}
    opens = tuple(Opened(f"{word[1:]}@example.org", word[1:].title(), "") for word in words if word[0] == "&")
    defaults = {word[1:]: False for word in words if word.startswith("*")}
    servers = {"mbx1": evolve(read_server(server), site=site)}
    return evolve(ALICE, switches=own, opens=opens), evolve(TOPOLOGY, servers=servers, sites=SITES, switches=defaults)


def read_server(text: str) -> Server:
    """Return the server in the words of the table."""
    name, *added = text.split("+")
    name, *without = name.split("-")
    kind, _, version = name.partition("/")
    endpoints = {protocol: Endpoint("10.0.0.1", 444) for protocol in ("http", *added) if protocol not in without}
    major, minor = map(int, (version or "15.2").split("."))
    return evolve(MBX1, kind=ServerKind(kind), version=(major, minor), endpoints=endpoints)


def said(told: Answer) -> str:
    """Return in a line what the document for Outlook says."""
    document = autodiscover_pox.outlook(told, "basic")
    if isinstance(document, pox.Refusal):
        return f"error {document.code}"
    account = child(etree.fromstring(document), "Response", "Account")
    action = text(account, "Action")
    if action != "settings":
        return f"{action} {text(account, action[0].upper() + action[1:])}"
    return " ".join(section(each) for each in account if local(each) in {"Protocol", "AlternativeMailbox"})


def said_to_phone(told: Answer) -> str:
    """Return in a line what the document for a phone says."""
    if isinstance(told, Elsewhere) and told.url:
        return f"302 {told.url}"
    action = child(etree.fromstring(autodiscover_pox.phone(told)), "Response", "Action")
    if local(action[0]) == "Error":
        return "error"
    server = child(action, "Settings", "Server")
    return f"{text(server, 'Type')}:{side(text(server, 'Url'))}"


def section(protocol: etree._Element) -> str:
    """Return a section with the sides whose URLs it has."""
    if local(protocol) == "AlternativeMailbox":
        assert text(protocol, "Type") == "Delegate"
        assert text(protocol, "OwnerSmtpAddress") == text(protocol, "SmtpAddress")
        return f"AlternativeMailbox:{text(protocol, 'SmtpAddress')}"
    kind = protocol.get("Type") or text(protocol, "Type")
    match kind:
        case "mapiHttp":
            stores = [[local(url)[0].lower() for url in store] for store in protocol]
            assert stores[0] == stores[1]
            sides = "".join(stores[0]).replace("e", "o")
        case "WEB":
            sides = "".join({"Internal": "i", "External": "o"}.get(local(each), "") for each in protocol)
        case "EXCH" | "EXPR" | "EXHTTP":
            sides = side(text(protocol, "EwsUrl")) or "-"
        case _:
            sides = text(protocol, "Port")
    return f"{kind}:{sides}"


def side(url: str) -> str:
    """Return which side a URL is of, in the letters of the table."""
    return SIDES[urlsplit(url).hostname or ""] if url else ""


def child(node: etree._Element, *names: str) -> etree._Element:
    """Return a descendant by the local names on the way to it."""
    for name in names:
        (node,) = (each for each in node if local(each) == name)
    return node


def local(node: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def text(node: etree._Element, name: str) -> str:
    """Return the text of a child; empty if there is none."""
    return next((each.text or "" for each in node if local(each) == name), "")
