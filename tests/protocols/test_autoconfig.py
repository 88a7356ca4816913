"""draft-ietf-mailmaint-autoconfig: the configuration file as clients read it."""

from __future__ import annotations

from lxml import etree

from protocols.autoconfig import ClientConfig, Encryption, Exchange, MailServer, write

MAIL = "mail.example.org"
EWS = f"https://{MAIL}/EWS/Exchange.asmx"
WHOLE = ClientConfig(
    "example.org",
    "Example & Sons",
    Exchange(MAIL, ews=EWS, eas=f"https://{MAIL}/Microsoft-Server-ActiveSync", owa=f"https://{MAIL}/owa/"),
    (MailServer("imap", "imap.example.org", 993), MailServer("pop3", MAIL, 110, Encryption.STARTTLS)),
    (MailServer("smtp", MAIL, 587, Encryption.STARTTLS),),
)


def read(config: ClientConfig) -> etree._Element:
    return etree.fromstring(write(config))


def test_5_6_a_file_names_its_domain_and_the_organisation() -> None:
    root = read(WHOLE)
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    provider = root[0]
    assert provider.get("id") == provider.findtext("domain") == "example.org"
    assert provider.findtext("displayName") == provider.findtext("displayShortName") == "Example & Sons"


def test_5_6_servers_stand_in_the_order_of_preference() -> None:
    provider = read(WHOLE)[0]
    incoming = [each.get("type") for each in provider.findall("incomingServer")]
    assert incoming == ["exchange", "imap", "pop3"]
    assert [each.get("type") for each in provider.findall("outgoingServer")] == ["smtp"]


def test_5_6_every_server_wants_a_password_within_tls() -> None:
    provider = read(WHOLE)[0]
    servers = [*provider.findall("incomingServer"), *provider.findall("outgoingServer")]
    assert {each.findtext("authentication") for each in servers} == {"password-cleartext"}
    assert {each.findtext("username") for each in servers} == {"%EMAILADDRESS%"}
    assert [each.findtext("socketType") for each in servers] == ["SSL", "SSL", "STARTTLS", "STARTTLS"]
    assert [each.findtext("port") for each in servers] == ["443", "993", "110", "587"]


def test_5_6_an_exchange_account_has_a_url_for_each_service() -> None:
    exchange = read(WHOLE)[0].find("incomingServer")
    assert exchange is not None
    assert exchange.findtext("hostname") == MAIL
    assert exchange.findtext("ewsURL") == EWS
    assert exchange.findtext("easURL") == f"https://{MAIL}/Microsoft-Server-ActiveSync"
    assert exchange.findtext("owaURL") == f"https://{MAIL}/owa/"


def test_what_is_not_offered_is_not_named() -> None:
    provider = read(ClientConfig("example.org", "Example", Exchange(MAIL, ews=EWS)))[0]
    assert [each.tag for each in provider[3]][-1] == "ewsURL"
    assert provider.find(".//easURL") is None
    assert provider.find("outgoingServer") is None
