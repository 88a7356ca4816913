"""Where a request goes: one pure function from a mailbox and the topology to `Proxy | Redirect | Refuse`."""

from __future__ import annotations

from attrs import frozen

from casd.model import Anchor, Decision, Kind, Mailbox, Proxy, Redirect, Refuse, Server, Site, Topology

_WEB = frozenset({"owa", "ecp"})
_REDIRECTED_UPWARDS = _WEB | {"eas"}
"""Protocols with words for "another front door": a 302 for browsers, a 451 for phones."""

_EXCHANGE_2010 = (14, 0)

_UNKNOWN = {Kind.GUID: "MailboxGuidWithDomainNotFound", Kind.DATABASE: "DatabaseNotFound"}


@frozen
class Place:
    """Where this front end stands: its site and version, and whether the client is inside the organisation."""

    site: str = ""
    version: tuple[int, int] = (15, 2)
    internal: bool = False


def route(anchor: Anchor, mailbox: Mailbox | None, protocol: str, topology: Topology, place: Place) -> Decision:
    """Decide on one request; every decision carries the facts that led to it."""
    trace = [f"anchor {anchor} from {anchor.source}"]

    def refuse(word: str, fact: str, *, later: bool = False) -> Refuse:
        return Refuse(word, later, (*trace, fact, f"refuse: {word}" + (", try later" if later else "")))

    if mailbox is None:
        return refuse(_UNKNOWN.get(anchor.kind, "UserNotFound"), "the directory has no such mailbox")
    trace.append(f"mailbox {mailbox.address} ({mailbox.guid}) in database {mailbox.database}")
    if not switched_on(mailbox, protocol, topology, trace):
        return refuse("ProtocolDisabled", f"{protocol} is switched off for it")
    database = topology.databases.get(mailbox.database)
    if database is None:
        return refuse("DatabaseNotFound", f"the topology has no database {mailbox.database}", later=True)
    server = topology.servers.get(database.active)
    if server is None:
        return refuse("NoActiveCopy", f"no server {database.active or '(none)'} for the active copy", later=True)
    trace.append(f"active copy of {database.name} on {server.name} (epoch {database.epoch})")
    site = topology.sites.get(server.site, Site(server.site, ""))
    if url := _elsewhere(protocol, server, site, place, trace):
        return Redirect(url, (*trace, f"redirect to {url}"))
    if server.version > place.version and protocol in _REDIRECTED_UPWARDS:
        return refuse("NewerVersion", "a front end does not proxy to a newer version, and the site publishes no URL")
    if server.endpoint(protocol) is None:
        return refuse("NoEndpoint", f"{server.name} does not offer {protocol}", later=True)
    others = tuple(
        topology.servers[copy.server]
        for copy in sorted(database.copies, key=lambda copy: copy.preference)
        if copy.server != server.name and copy.server in topology.servers
    )
    return Proxy(server, mailbox, database, others, (*trace, f"proxy to {server.name} at {server.endpoint(protocol)}"))


def switched_on(mailbox: Mailbox, protocol: str, topology: Topology, trace: list[str]) -> bool:
    """Say whether a mailbox may be reached by a protocol: its own switch, else the organisation's default."""
    own = mailbox.switches.get(protocol)
    default = topology.switches.get(protocol, True)
    said = "the mailbox's switch" if own is not None else "the organisation's default"
    allowed = default if own is None else own
    trace.append(f"{protocol} is {'on' if allowed else 'off'} by {said}")
    return allowed


def _elsewhere(protocol: str, server: Server, site: Site, place: Place, trace: list[str]) -> str:
    """Return the URL to redirect to, or nothing when this front end is to proxy."""
    url = (site.internal_url if place.internal else "") or site.external_url
    if server.version > place.version:
        trace.append(f"{server.name} is newer than this front end")
        return url if protocol in _REDIRECTED_UPWARDS else ""
    if protocol not in _WEB:
        trace.append(f"{protocol} is proxied to every site")
        return ""
    if server.version < _EXCHANGE_2010:
        trace.append(f"{server.name} is older than 2010: the web goes to its own front door")
        return url
    if server.site == place.site:
        trace.append(f"same site {server.site}")
        return ""
    wanted = protocol == "owa" and site.redirect
    trace.append(
        f"other site {server.site}: redirect for {protocol} is {'on' if wanted else 'off'}, URL {url or 'none'}"
    )
    return url if wanted else ""
