"""The configuration file by which Thunderbird and others set up an account (clientConfig 1.1).

As draft-ietf-mailmaint-autoconfig has it. Thunderbird 153 takes a file only if it names an outgoing server.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen
from lxml import etree

PASSWORD = "password-cleartext"  # noqa: S105 (the draft's word for a password within TLS)
_USERNAME = "%EMAILADDRESS%"
"""What a client fills in itself: the file is the same for everyone of a domain."""


class Encryption(StrEnum):
    """How a connection is encrypted, in the words of socketType; in clear is no choice (RFC 8314 section 3)."""

    SSL = "SSL"
    STARTTLS = "STARTTLS"


@frozen
class MailServer:
    """A server of one protocol: imap, pop3 or smtp."""

    protocol: str
    host: str
    port: int
    encryption: Encryption = Encryption.SSL


@frozen
class Exchange:
    """The services of an Exchange account at one host; a URL may be empty."""

    host: str
    ews: str = ""
    eas: str = ""
    owa: str = ""
    port: int = 443


@frozen
class ClientConfig:
    """What clients of a domain are told; the servers of a kind stand in the order of preference."""

    domain: str
    name: str
    exchange: Exchange | None = None
    incoming: tuple[MailServer, ...] = ()
    outgoing: tuple[MailServer, ...] = ()


def write(config: ClientConfig) -> bytes:
    """Return the document."""
    root = etree.Element("clientConfig", version="1.1")
    provider = etree.SubElement(root, "emailProvider", id=config.domain)
    for tag, value in (("domain", config.domain), ("displayName", config.name), ("displayShortName", config.name)):
        etree.SubElement(provider, tag).text = value
    if config.exchange:
        _exchange(provider, config.exchange)
    for server in config.incoming:
        _server(provider, "incomingServer", server)
    for server in config.outgoing:
        _server(provider, "outgoingServer", server)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _server(provider: etree._Element, tag: str, server: MailServer) -> None:
    element = etree.SubElement(provider, tag, type=server.protocol)
    _access(element, server.host, server.port, server.encryption)


def _exchange(provider: etree._Element, exchange: Exchange) -> None:
    element = etree.SubElement(provider, "incomingServer", type="exchange")
    _access(element, exchange.host, exchange.port, Encryption.SSL)
    for tag, url in (("owaURL", exchange.owa), ("ewsURL", exchange.ews), ("easURL", exchange.eas)):
        if url:
            etree.SubElement(element, tag).text = url


def _access(element: etree._Element, host: str, port: int, encryption: Encryption) -> None:
    values = {"hostname": host, "port": str(port), "socketType": encryption.value}
    for tag, value in {**values, "authentication": PASSWORD, "username": _USERNAME}.items():
        etree.SubElement(element, tag).text = value
