"""What clients are told of a mailbox: one pure function to `Advertised | Elsewhere | Refuse`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

from casd.advertised import (
    MAIL_SECTIONS,
    Advertised,
    Answer,
    Capabilities,
    Elsewhere,
    MailDoor,
    Section,
    Urls,
    address_book,
)
from casd.config import boolean, endpoint, key, seconds, words
from casd.model import AddressBook, Endpoint, Mailbox, Refuse, Server, ServerKind, Site, Topology
from casd.oab_book import book_of, path_of
from casd.routing import Place, switched_on

PATHS: Mapping[str, str] = {
    "owa": "/owa/",
    "ecp": "/ecp/",
    "ews": "/EWS/Exchange.asmx",
    "eas": "/Microsoft-Server-ActiveSync",
    "oab": "/OAB/",
    "mapi": "/mapi/",
    "rpc": "/rpc/rpcproxy.dll",
    "api": "/api",
    "autodiscover": "/autodiscover/autodiscover.xml",
}
"""Where each protocol of the web is answered."""

MAIL_PORTS: Mapping[str, int] = {"imap4": 993, "pop3": 995, "smtp": 587}

_OFFERS: Mapping[ServerKind, frozenset[str]] = {
    ServerKind.CASD: frozenset({"owa", "ews"}),
    ServerKind.EXCHANGE: frozenset({"owa", "ecp", "ews", "eas", "oab", "mapi", "rpc", "api"}),
    ServerKind.GROMOX: frozenset({"owa", "ews", "eas", "oab", "mapi", "rpc"}),
    ServerKind.SOGO: frozenset({"eas"}),
    ServerKind.DAV: frozenset(),
    ServerKind.MAIL: frozenset(),
}
"""What a server of each kind answers over HTTP; what else one has, an endpoint of its own says."""

_OUTLOOK = frozenset({"mapi", "rpc"})
_MAPI_BEGAN = (15, 0)
"""MAPI over HTTP and the section EXHTTP came with Exchange 2013."""


def _urls(value: str, _folder: Path) -> Mapping[tuple[str, str], str]:
    """Read `ews.external=https://ews.example.org` and the like."""
    found = {}
    for word in words(value, _folder):
        name, _, url = word.partition("=")
        protocol, _, side = name.partition(".")
        parts = urlsplit(url)
        if protocol not in PATHS or side not in {"", "internal", "external"}:
            raise ValueError(f"{name!r} is not PROTOCOL, PROTOCOL.internal or PROTOCOL.external")
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError(f"{word!r} needs a URL such as https://mail.example.org, without a path")
        for each in (side,) if side else ("internal", "external"):
            found[protocol, each] = url.rstrip("/")
    return found


def _doors(value: str, folder: Path) -> Mapping[str, Endpoint]:
    """Read `imap4=imap.example.org:993` and the like."""
    found = {}
    for word in words(value, folder):
        protocol, _, where = word.partition("=")
        if protocol not in MAIL_PORTS:
            raise ValueError(f"{protocol!r} is none of {', '.join(MAIL_PORTS)}")
        found[protocol] = endpoint(where, folder)
    return found


def _dav(value: str, folder: Path) -> Mapping[str, str]:
    """Read `https://dav.example.org/` and `sogo1=https://groupware.example.org/SOGo/dav/`, the first under no name."""
    found = {}
    for word in words(value, folder):
        server, equals, url = word.partition("=")
        if not equals or "/" in server:  # it stands within a URL
            server, url = "", word
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.query or not url.isascii():
            raise ValueError(f"{word!r} needs a URL such as https://dav.example.org/")
        found[server] = url
    return found


@frozen
class Settings:
    """Section `[autodiscover]`."""

    urls: Mapping[tuple[str, str], str] = key(
        _urls, "", "PROTOCOL=URL, PROTOCOL.internal=URL, PROTOCOL.external=URL instead of the site's own"
    )
    mail: Mapping[str, Endpoint] = key(
        _doors, "", "imap4=HOST:PORT, pop3=HOST:PORT, smtp=HOST:PORT instead of the usual ports of the site's namespace"
    )
    caldav: Mapping[str, str] = key(
        _dav, "", "where servers of kind sogo and dav have calendars: a URL, or SERVER=URL for those of one"
    )
    carddav: Mapping[str, str] = key(_dav, "", "where they have address books, likewise")
    lifetime: float = key(seconds, "1 h", "clients may keep what they are told for so long, in whole hours")
    hide_users: bool = key(
        boolean, "yes", "tell those who have not signed in the same of all addresses of a domain, known or not"
    )


def advertise(
    address: str,
    mailbox: Mailbox | None,
    topology: Topology,
    place: Place,
    settings: Settings,
    client: Capabilities,
    books: Sequence[AddressBook] = (),
) -> Answer:
    """Decide what a client is told of an address, which is this mailbox's; `books` are those that are made here."""
    trace = [f"asked for {address} from {'inside' if place.internal else 'outside'}"]

    def refuse(word: str, fact: str, *, later: bool = False) -> Refuse:
        return Refuse(word, later, (*trace, fact, f"refuse: {word}"))

    if mailbox is None:
        return stranger(address, topology) or refuse("UserNotFound", "the directory has no such mailbox")
    trace.append(f"mailbox {mailbox.address} ({mailbox.guid}) in database {mailbox.database}")
    if mailbox.opens:
        trace.append(f"opened beside it: {' '.join(one.address for one in mailbox.opens)}")
    if not switched_on(mailbox, "autodiscover", topology, trace):
        return refuse("ProtocolDisabled", "autodiscover is switched off for it")
    database = topology.databases.get(mailbox.database)
    server = topology.servers.get(database.active) if database else None
    if database is None or server is None:
        return refuse("NoActiveCopy", "no server has the active copy of its database", later=True)
    trace.append(f"on {server.name}, a server of kind {server.kind}, version {'.'.join(map(str, server.version))}")
    site, own = topology.sites.get(server.site, Site(server.site, "")), topology.sites.get(place.site, Site("", ""))
    if url := _sent_on(server, site, own, place, trace):
        return Elsewhere(url=url, trace=(*trace, f"redirect to {url}"))
    offered = _offered(mailbox, server, topology, trace)
    book = book_of(books, mailbox, topology)
    if books:
        offered = _with_book(offered, book, mailbox, topology, trace)
    web = _web(offered, mailbox, _bases(site, own, trace), settings, topology, trace, book)
    mail = _mail(offered, _bases(site, own, []).seen(place), settings, trace)
    sections = tuple(_sections(web, mail, server, place, client, trace))
    hours = max(1, int(settings.lifetime // 3600))
    return Advertised(mailbox, place, topology.organisation, server, web, mail, sections, hours, tuple(trace))


def stranger(address: str, topology: Topology) -> Elsewhere | Refuse | None:
    """Return what is said of an address that is in none of our domains; None if it may be ours."""
    domain = address.rpartition("@")[2].lower()
    if domain in topology.domains:
        return None
    fact = (
        f"{domain} is a partner's, whose Autodiscover is not known: casctl partner set {domain} --autodiscover URL"
        if domain in topology.partners
        else f"{domain or address} is neither a domain of ours nor of a partner"
    )
    return _partner(address, topology) or Refuse("UserNotFound", False, (fact,))


def _partner(address: str, topology: Topology) -> Elsewhere | None:
    """Return the partner's Autodiscover for an address of his domain."""
    local, _, domain = address.rpartition("@")
    partner = topology.partners.get(domain.lower())
    to = partner.autodiscover if partner else ""
    if not to:
        return None
    by_url = "://" in to
    target = to if by_url else f"{local}@{to.rpartition('@')[2]}"
    fact = f"mailboxes of {domain} are a partner's: redirect to {target}"
    return Elsewhere(to if by_url else "", "" if by_url else target, (fact,))


def for_anybody(protocol: str, topology: Topology, place: Place, settings: Settings) -> Urls:
    """Return where our own site answers a protocol, if any server has it and the organisation's defaults are on."""
    served = protocol == "autodiscover" or any(protocol in _has(server) for server in topology.servers.values())
    if not served or not all(topology.switches.get(each, True) for each in ("autodiscover", protocol)):
        return Urls()
    return own_urls(protocol, topology, place, settings)


def own_urls(protocol: str, topology: Topology, place: Place, settings: Settings) -> Urls:
    """Return where our own site would answer a protocol."""
    own = topology.sites.get(place.site, Site("", ""))
    return _of(protocol, _bases(own, own, []), settings, PATHS[protocol])


def mail_for_anybody(topology: Topology, place: Place, settings: Settings) -> Mapping[str, MailDoor]:
    """Return where the mail protocols are that some server has and the organisation's default leaves on."""
    own = topology.sites.get(place.site, Site("", ""))
    served = frozenset[str]().union(*map(_has, topology.servers.values()))
    offered = frozenset(protocol for protocol in served if topology.switches.get(protocol, True))
    return _mail(offered, _bases(own, own, []).seen(place), settings, [])


def _sent_on(server: Server, site: Site, own: Site, place: Place, trace: list[str]) -> str:
    """Return the Autodiscover of another front door, when that one is to answer."""
    base = (site.internal_url if place.internal else "") or site.external_url
    newer = server.version > place.version
    if newer:
        trace.append(f"{server.name} is newer than this front end")
    if not newer and (site == own or not site.redirect):
        return ""
    if not base or base in {own.internal_url, own.external_url}:
        trace.append(f"site {site.name} publishes no front door but ours: answered here")
        return ""
    trace.append(f"site {site.name} has a front door of its own")
    return base.rstrip("/") + PATHS["autodiscover"]


def _offered(mailbox: Mailbox, server: Server, topology: Topology, trace: list[str]) -> frozenset[str]:
    """Return the protocols that the mailbox's server has and the switches allow."""
    found = _has(server)
    trace.append(f"{server.name} offers {' '.join(sorted(found)) or 'nothing'}")
    return frozenset(protocol for protocol in sorted(found) if switched_on(mailbox, protocol, topology, trace))


def _with_book(
    offered: frozenset[str], book: AddressBook | None, mailbox: Mailbox, topology: Topology, trace: list[str]
) -> frozenset[str]:
    """Return what is offered when address books are made here, whatever the mailbox's server has."""
    trace.append(f"its address book is {book.name}" if book else "it meets no address book's conditions")
    others = offered - {"oab"}
    return others | {"oab"} if book and switched_on(mailbox, "oab", topology, []) else others


def _has(server: Server) -> set[str]:
    """Return what a server answers, by its kind, its version and its endpoints."""
    found = {protocol for protocol in _OFFERS[server.kind] if server.endpoint(protocol)}
    if server.kind is ServerKind.EXCHANGE and server.version < _MAPI_BEGAN:
        found.discard("mapi")
    return found | {protocol for protocol in (*PATHS, *MAIL_PORTS) if protocol in server.endpoints}


def _bases(site: Site, own: Site, trace: list[str]) -> Urls:
    """Return where a site's clients come in: by what it publishes, else by what our own site does.

    A site that publishes no URL at all has its namespace for both.
    """
    if not own.name:
        trace.append("this front end stands in no site of the directory: [access] site says which")
    mine, other = _published(site), _published(own)
    found = Urls(mine.internal or other.internal, mine.external or other.external)
    trace.append(f"site {site.name}: inside {found.internal or 'nothing'}, outside {found.external or 'nothing'}")
    return found


def _published(site: Site) -> Urls:
    named = f"https://{site.namespace}" if site.namespace and not (site.internal_url or site.external_url) else ""
    internal, external = site.internal_url or site.external_url or named, site.external_url or named
    return Urls(internal.rstrip("/"), external.rstrip("/"))


def _web(
    offered: frozenset[str],
    mailbox: Mailbox,
    bases: Urls,
    settings: Settings,
    topology: Topology,
    trace: list[str],
    book: AddressBook | None,
) -> dict[str, Urls]:
    found = {}
    outside = _OUTLOOK.isdisjoint(offered) or switched_on(mailbox, "mapi-external", topology, trace)
    for protocol in sorted(PATHS.keys() & offered):
        path = PATHS[protocol]
        if protocol == "oab":
            path = path_of(book) if book else f"{path}{address_book(topology.organisation)}/"
        urls = _of(protocol, bases, settings, path)
        if protocol in _OUTLOOK and not outside:
            urls = Urls(urls.internal)
        if urls:
            found[protocol] = urls
    return found


def _of(protocol: str, bases: Urls, settings: Settings, path: str) -> Urls:
    internal = settings.urls.get((protocol, "internal"), bases.internal)
    external = settings.urls.get((protocol, "external"), bases.external)
    return Urls(internal and internal + path, external and external + path)


def _mail(offered: frozenset[str], base: str, settings: Settings, trace: list[str]) -> dict[str, MailDoor]:
    host = urlsplit(base).hostname or ""
    found = {}
    for protocol in sorted(MAIL_PORTS.keys() & offered):
        where = settings.mail.get(protocol, Endpoint(host, MAIL_PORTS[protocol]))
        if where.host:
            found[protocol] = MailDoor(where.host, where.port)
            trace.append(f"{protocol} at {where}")
    return found


def _sections(
    web: Mapping[str, Urls],
    mail: Mapping[str, MailDoor],
    server: Server,
    place: Place,
    client: Capabilities,
    trace: list[str],
) -> Iterable[Section]:
    """Yield the sections for a client (MS-OXDSCLI 3.2.5.1): with mapiHttp there is neither EXCH nor EXPR."""
    by_mapi = "mapi" in web and client.mapi >= 1
    if by_mapi:
        trace.append(f"mapiHttp: the client knows version {client.mapi}, and the mailbox has it")
        yield Section.MAPI_HTTP
    else:
        found = [web[protocol] for protocol in ("rpc", "ews") if protocol in web]
        if any(urls.seen(place) for urls in found):
            yield Section.EXCH
        if any(urls.external for urls in found):
            yield Section.EXPR
    knows = client.exhttp or by_mapi
    if knows and server.version >= _MAPI_BEGAN and (by_mapi or {"rpc", "ews"} & web.keys()):
        yield Section.EXHTTP
    if {"owa", "ews"} & web.keys():
        yield Section.WEB
    for protocol, section in MAIL_SECTIONS.items():
        if protocol in mail:
            yield section
