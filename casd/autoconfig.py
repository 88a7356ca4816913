"""What the neighbours of Autodiscover tell: a domain's configuration file, a user's profile, where DAV is.

A configuration file is for whoever asks, so it follows from the organisation alone and from no mailbox.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from casd import autodiscover
from casd.advertised import Advertised, MailDoor, Urls
from casd.autodiscover import for_anybody, mail_for_anybody
from casd.model import Mailbox, Server, ServerKind, Topology
from casd.routing import Place, switched_on
from protocols import mobileconfig
from protocols.autoconfig import ClientConfig, Encryption, Exchange, MailServer
from protocols.mobileconfig import Owner, Payload

_EXCHANGE = ("ews", "eas", "owa")
_NAMES = {"imap4": "imap", "pop3": "pop3", "smtp": "smtp"}
_DAV = frozenset({ServerKind.SOGO, ServerKind.DAV})


def client_config(
    domain: str, topology: Topology, place: Place, settings: autodiscover.Settings
) -> ClientConfig | None:
    """Return what everyone of a domain is told; None if it is none of ours, or nothing is offered there."""
    if domain not in topology.domains or not topology.switches.get("autodiscover", True):
        return None
    web = {protocol: for_anybody(protocol, topology, place, settings).seen(place) for protocol in _EXCHANGE}
    mail = mail_servers(topology, place, settings)
    incoming = tuple(each for each in mail if each.protocol != "smtp")
    outgoing = tuple(each for each in mail if each.protocol == "smtp")
    where = next((place for place in map(_place, web.values()) if place), None)
    exchange = Exchange(where.host, **web, port=where.port) if where else None
    if not exchange and not incoming:
        return None
    return ClientConfig(domain, topology.organisation or domain, exchange, incoming, outgoing)


def mail_servers(topology: Topology, place: Place, settings: autodiscover.Settings) -> tuple[MailServer, ...]:
    """Return the servers of IMAP4, POP3 and SMTP that somebody of the organisation has."""
    doors = mail_for_anybody(topology, place, settings)
    return tuple(_server(protocol, door) for protocol, door in doors.items())


def dav_url(service: str, server: Server, settings: autodiscover.Settings) -> str:
    """Return where the clients of a server's mailboxes find caldav or carddav; empty where there is none."""
    urls = settings.caldav if service == "caldav" else settings.carddav
    return urls.get(server.name, urls.get("", "")) if server.kind in _DAV else ""


def dav_of(service: str, mailbox: Mailbox, topology: Topology, settings: autodiscover.Settings) -> str:
    """Return where a user finds caldav or carddav; empty where there is none, or where nothing is to be told."""
    database = topology.databases.get(mailbox.database)
    server = topology.servers.get(database.active) if database else None
    if server is None or not switched_on(mailbox, "autodiscover", topology, []):
        return ""
    return dav_url(service, server, settings)


def has_dav(service: str, topology: Topology, settings: autodiscover.Settings) -> bool:
    """Say whether anybody of the organisation has caldav or carddav."""
    return any(dav_url(service, server, settings) for server in topology.servers.values())


def payloads(owner: Owner, told: Advertised, settings: autodiscover.Settings) -> list[Payload]:
    """Return the accounts of a user's devices: one of Exchange for everything, else one for each thing."""
    found = []
    if eas := _place(_outside(told, "eas")):
        found.append(mobileconfig.activesync(owner, eas))
    if ews := _place(_outside(told, "ews")):
        found.append(mobileconfig.web_services(owner, ews))
    if found:
        return found
    incoming = next((protocol for protocol in ("imap4", "pop3") if protocol in told.mail), "")
    if incoming and "smtp" in told.mail:
        servers = (_server(protocol, told.mail[protocol]) for protocol in (incoming, "smtp"))
        found.append(mobileconfig.mail(owner, *servers))
    if caldav := _place(dav_url("caldav", told.server, settings)):
        found.append(mobileconfig.calendar(owner, caldav))
    if carddav := _place(dav_url("carddav", told.server, settings)):
        found.append(mobileconfig.contacts(owner, carddav))
    return found


def _outside(told: Advertised, protocol: str) -> str:
    """Return the URL for a device that comes and goes."""
    urls = told.web.get(protocol, Urls())
    return urls.external or urls.internal


def _place(url: str) -> mobileconfig.Place | None:
    parts = urlsplit(url)
    return mobileconfig.Place(parts.hostname, parts.port or 443, parts.path or "/") if parts.hostname else None


def _server(protocol: str, door: MailDoor) -> MailServer:
    encryption = Encryption.SSL if door.implicit_tls else Encryption.STARTTLS
    return MailServer(_NAMES[protocol], door.host, door.port, encryption)
