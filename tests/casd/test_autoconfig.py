"""What a domain's configuration file and a user's profile name, by kinds of servers, switches and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from casd import autodiscover
from casd.advertised import Advertised, Capabilities
from casd.autoconfig import client_config, dav_url, has_dav, payloads
from casd.autodiscover import Settings, advertise
from casd.config import BadConfiguration, Ini
from casd.model import Endpoint, Server, ServerKind, Topology
from casd.routing import Place
from protocols.autoconfig import ClientConfig, Encryption, Exchange, MailServer
from protocols.mobileconfig import Owner
from tests.casd.estate import ALICE, MBX1, TOPOLOGY, settings

MAIL = "https://mail.example.org"
OUTSIDE = Place("Main")
PLAIN: Settings = settings(autodiscover.Settings, Path())
HTTP = Endpoint("10.0.0.1", 444)
ALL_MAIL = {protocol: Endpoint("10.0.0.1", 1) for protocol in ("imap4", "pop3", "smtp")}


def estate(kind: ServerKind, **switches: bool) -> Topology:
    """Return one whose only server is of a kind, with what such a server mostly has."""
    endpoints = {"http": HTTP} if kind is not ServerKind.MAIL else {}
    if kind not in {ServerKind.CASD, ServerKind.DAV}:
        endpoints |= ALL_MAIL
    return evolve(TOPOLOGY, servers={"mbx1": evolve(MBX1, kind=kind, endpoints=endpoints)}, switches=switches)


def told(topology: Topology, given: Settings = PLAIN) -> ClientConfig:
    config = client_config("example.org", topology, OUTSIDE, given)
    assert config
    return config


# The file


def test_a_server_of_casd_is_an_exchange_account_without_activesync() -> None:
    exchange = Exchange("mail.example.org", ews=f"{MAIL}/EWS/Exchange.asmx", owa=f"{MAIL}/owa/")
    assert told(TOPOLOGY) == ClientConfig("example.org", "Example", exchange)


def test_an_exchange_server_has_everything() -> None:
    config = told(estate(ServerKind.EXCHANGE))
    assert config.exchange
    assert config.exchange.eas == f"{MAIL}/Microsoft-Server-ActiveSync"
    assert config.incoming == (MailServer("imap", "mail.example.org", 993), MailServer("pop3", "mail.example.org", 995))
    assert config.outgoing == (MailServer("smtp", "mail.example.org", 587, Encryption.STARTTLS),)


def test_a_server_of_mail_is_no_exchange_account() -> None:
    config = told(estate(ServerKind.MAIL))
    assert config.exchange is None
    assert [each.protocol for each in config.incoming] == ["imap", "pop3"]


def test_nothing_is_told_where_nothing_is_offered() -> None:
    assert client_config("example.org", estate(ServerKind.DAV), OUTSIDE, PLAIN) is None
    off = estate(ServerKind.CASD, ews=False, owa=False)
    assert client_config("example.org", off, OUTSIDE, PLAIN) is None


def test_what_the_organisation_switches_off_is_not_told() -> None:
    config = told(estate(ServerKind.EXCHANGE, eas=False, pop3=False))
    assert config.exchange
    assert not config.exchange.eas
    assert [each.protocol for each in config.incoming] == ["imap"]


def test_an_organisation_that_tells_no_settings_has_no_file() -> None:
    assert client_config("example.org", estate(ServerKind.EXCHANGE, autodiscover=False), OUTSIDE, PLAIN) is None


def test_a_site_may_have_a_port_of_its_own() -> None:
    site = evolve(TOPOLOGY.sites["Main"], external_url=f"{MAIL}:8443")
    config = told(evolve(TOPOLOGY, sites={"Main": site}))
    assert config.exchange
    assert (config.exchange.host, config.exchange.port) == ("mail.example.org", 8443)


def test_mail_may_have_hosts_of_its_own() -> None:
    given = settings(autodiscover.Settings, Path(), mail={"imap4": Endpoint("imap.example.org", 143)})
    config = told(estate(ServerKind.MAIL), given)
    assert config.incoming[0] == MailServer("imap", "imap.example.org", 143, Encryption.STARTTLS)


@pytest.mark.negative
def test_a_domain_that_is_not_ours_is_told_nothing() -> None:
    assert client_config("example.net", TOPOLOGY, OUTSIDE, PLAIN) is None


# The profile


OWNER = Owner(ALICE.guid, ALICE.address, ALICE.upn, "Alice", "Example")
DAV = settings(
    autodiscover.Settings,
    Path(),
    caldav={"": "https://dav.example.org/cal/", "mbx9": "https://nine.example.org/"},
    carddav={"": "https://dav.example.org:8443"},
)


def accounts(topology: Topology, given: Settings = PLAIN, **switches: bool) -> dict[str, Any]:
    mailbox = evolve(ALICE, switches=switches)
    answer = advertise(mailbox.address, mailbox, topology, OUTSIDE, given, Capabilities())
    assert isinstance(answer, Advertised)
    return {payload["PayloadType"].removeprefix("com.apple."): payload for payload in payloads(OWNER, answer, given)}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ServerKind.CASD, {"ews.account"}),
        (ServerKind.EXCHANGE, {"eas.account", "ews.account"}),
        (ServerKind.GROMOX, {"eas.account", "ews.account"}),
        (ServerKind.SOGO, {"eas.account"}),
        (ServerKind.DAV, {"caldav.account", "carddav.account"}),
        (ServerKind.MAIL, {"mail.managed"}),
    ],
)
def test_a_profile_follows_the_kind_of_server(kind: ServerKind, expected: set[str]) -> None:
    assert set(accounts(estate(kind), DAV)) == expected


def test_without_exchange_there_is_an_account_for_each_thing() -> None:
    found = accounts(estate(ServerKind.SOGO), DAV, eas=False)
    assert set(found) == {"mail.managed", "caldav.account", "carddav.account"}
    assert found["mail.managed"]["EmailAccountType"] == "EmailTypeIMAP"
    assert found["caldav.account"]["CalDAVHostName"] == "dav.example.org"
    assert found["carddav.account"]["CardDAVPort"] == 8443
    assert found["carddav.account"]["CardDAVPrincipalURL"] == "/"


def test_pop3_is_for_those_without_imap() -> None:
    found = accounts(estate(ServerKind.MAIL), imap4=False)
    assert found["mail.managed"]["EmailAccountType"] == "EmailTypePOP"


def test_mail_that_cannot_be_sent_makes_no_account() -> None:
    assert accounts(estate(ServerKind.MAIL), smtp=False) == {}


# DAV


def test_dav_is_where_the_file_says() -> None:
    sogo = Server("mbx9", "Main", kind=ServerKind.SOGO)
    assert dav_url("caldav", sogo, DAV) == "https://nine.example.org/"
    assert dav_url("carddav", sogo, DAV) == "https://dav.example.org:8443"
    assert dav_url("caldav", evolve(sogo, name="mbx8"), DAV) == "https://dav.example.org/cal/"


def test_a_server_that_has_no_dav_has_none_whatever_the_file_says() -> None:
    assert dav_url("caldav", evolve(MBX1, kind=ServerKind.EXCHANGE), DAV) == ""
    assert not has_dav("caldav", TOPOLOGY, DAV)
    assert has_dav("caldav", estate(ServerKind.SOGO), DAV)
    assert not has_dav("caldav", estate(ServerKind.SOGO), PLAIN)


@pytest.mark.parametrize("value", ["http://dav.example.org/", "https:///", "mbx1=dav.example.org", "https://a/?b"])
def test_a_url_of_dav_that_is_none_is_refused(value: str) -> None:
    ini = Ini(Path("cas.ini"), f"[autodiscover]\ncaldav = {value}\n")
    assert ini.take("autodiscover", Settings) is None
    with pytest.raises(BadConfiguration, match=r"needs a URL such as https://dav\.example\.org/"):
        ini.finish()


def test_urls_of_dav_as_they_stand_in_a_file() -> None:
    ini = Ini(Path("cas.ini"), "[autodiscover]\ncaldav = https://a.example.org/x=y/ mbx9=https://b.example.org/\n")
    found = ini.take("autodiscover", Settings)
    assert found
    assert found.caldav == {"": "https://a.example.org/x=y/", "mbx9": "https://b.example.org/"}
