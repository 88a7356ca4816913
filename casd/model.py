"""The values that every floor speaks of: who, which mailbox, which database, which server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from attrs import field, frozen

LONGEST_ADDRESS = 320
"""Characters of a local part, an at sign and a domain (RFC 5321 section 4.5.3.1); what is longer names nobody."""

Networks = tuple[IPv4Network | IPv6Network, ...]


class DirectoryDown(Exception):
    """The directory cannot answer and nothing fresh enough is known: say "try later"."""


class Kind(StrEnum):
    """What a piece of a request says about the mailbox it wants."""

    USER = "user"
    ADDRESS = "address"
    GUID = "guid"
    DATABASE = "database"


@frozen
class Anchor:
    """The piece of a request that names the mailbox used for routing.

    `value` is an address for USER and ADDRESS, `<guid>@<domain>` for GUID. `hint` marks an anchor
    from a header that may be ignored when it names nobody; others are refused instead.
    """

    kind: Kind
    value: str
    source: str
    hint: bool = False

    def __str__(self) -> str:
        return f"{self.kind}~{self.value}"


class Recipient(StrEnum):
    """What a mailbox stands for, as calendars and address books show it."""

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"


@frozen
class Opened:
    """A mailbox that is opened for somebody beside his own."""

    address: str
    display_name: str
    legacy_dn: str


@frozen
class Mailbox:
    """One mailbox of the organisation. `switches` maps a protocol to on, off, or (absent) the default.

    `details` are what address books tell beside its name: some of `DETAILS`, none of them empty. `address_book` names
    the offline address book that its user gets, where that is not the one of those like him. `open_for` are the users
    whose clients open it beside their own, `opens` what this one's user has opened so; it is no right to anything.
    """

    guid: UUID
    address: str
    upn: str
    database: str
    display_name: str = ""
    proxy_addresses: tuple[str, ...] = ()
    legacy_dn: str = ""
    hidden: bool = False
    switches: Mapping[str, bool] = field(factory=dict)
    kind: Recipient = Recipient.USER
    details: Mapping[str, str] = field(factory=dict)
    address_book: str = ""
    open_for: tuple[str, ...] = ()
    opens: tuple[Opened, ...] = ()

    @property
    def domain(self) -> str:
        """The part of the primary address behind the at sign."""
        return self.address.rpartition("@")[2]


DETAILS = (
    *("given_name", "surname", "title", "department", "company", "office"),
    *("business_phone", "mobile_phone", "capacity"),
)
"""The words for what is known of a person or a room."""


@frozen
class Group:
    """A distribution group: an address whose mail goes to all `members`, addresses in any domain or of groups.

    A room list is one whose members are rooms, for clients to choose from.
    """

    guid: UUID
    address: str
    display_name: str = ""
    legacy_dn: str = ""
    hidden: bool = False
    room_list: bool = False
    members: tuple[str, ...] = ()


@frozen
class AddressBook:
    """An offline address book; the conditions that an entry of it meets are in lower case, none at all lists all."""

    name: str
    guid: UUID
    title: str
    domains: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@frozen
class Generation:
    """What the address books listed at one moment: `sequence` is their number for clients; times are Unix seconds.

    Clients are told of it from `announced` on, when its files are made. `checked` is when it was last seen that nothing
    has changed since, `oldest` the generation that differences lead on from, `format` how files are made of it.
    """

    sequence: int
    taken: int
    checked: int
    announced: int | None
    oldest: int
    format: int
    books: tuple[AddressBook, ...]

    def book(self, guid: UUID) -> AddressBook | None:
        """Return the book with a GUID as it was then, or None."""
        return self._by_guid.get(guid)

    @cached_property
    def _by_guid(self) -> Mapping[UUID, AddressBook]:
        return {book.guid: book for book in self.books}


@frozen
class Listed:
    """An entry of address books as it was in the generations from `since` up to, and without, `until`.

    `kind` is that of a mailbox, or `group`, or `rooms` for a room list; a group stands in no site.
    """

    guid: str
    since: int
    until: int | None
    site: str
    kind: str
    address: str
    display_name: str
    legacy_dn: str
    proxy_addresses: tuple[str, ...]
    details: Mapping[str, str]


@frozen
class Identity:
    """A client that has proved who it is: by which mechanism, and the mailbox of that user."""

    user: str
    method: str
    mailbox: Mailbox


@frozen
class Endpoint:
    """Where a server listens for one protocol."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def refused(self, error: OSError) -> OSError:
        """Return what says where nobody can listen, and why."""
        return OSError(error.errno, f"cannot listen at {self}: {(error.strerror or str(error)).partition(' (')[0]}")


@frozen
class Site:
    """A place with a namespace of its own. A URL is for the web; empty means none is published."""

    name: str
    namespace: str
    internal_url: str = ""
    external_url: str = ""
    redirect: bool = False


class ProxyProtocol(StrEnum):
    """Which PROXY header a server wants first on each connection."""

    NONE = "none"
    V1 = "v1"
    V2 = "v2"


class ServerKind(StrEnum):
    """What a server is, and so in which language it is asked and what may be said of it."""

    CASD = "casd"
    EXCHANGE = "exchange"
    GROMOX = "gromox"
    SOGO = "sogo"
    DAV = "dav"
    """A server of CalDAV and CardDAV: Radicale, Cyrus, Stalwart."""

    MAIL = "mail"
    """A server of IMAP4, POP3 and SMTP alone: Dovecot, Postfix."""


@frozen
class Server:
    """One mailbox server. `endpoints` maps a protocol to its address; `http` serves those not named.

    `ca` is the private authority that signed the server's certificate (PEM), `pin` the SHA-256 of
    the certificate itself (hex). One of them must match before a credential is sent.
    """

    name: str
    site: str
    version: tuple[int, int] = (15, 2)
    endpoints: Mapping[str, Endpoint] = field(factory=dict)
    tls_name: str = ""
    ca: str = ""
    pin: str = ""
    proxy_protocol: ProxyProtocol = ProxyProtocol.NONE
    kind: ServerKind = ServerKind.CASD

    def endpoint(self, protocol: str) -> Endpoint | None:
        """Return where this server listens for `protocol`, or None."""
        return self.endpoints.get(protocol) or self.endpoints.get("http")


@frozen
class Copy:
    """One copy of a database; a lower preference is tried first."""

    server: str
    preference: int = 1


@frozen
class Database:
    """A mailbox database. `epoch` grows whenever the active copy changes.

    `address_book` names the offline address book of its mailboxes that have none of their own.
    """

    name: str
    guid: UUID
    active: str
    epoch: int = 1
    copies: tuple[Copy, ...] = ()
    address_book: str = ""


class Trust(StrEnum):
    """What another organisation tells of its free/busy times."""

    NONE = "none"
    ORGANISATION = "organisation"
    """What its default level shows, asked with credentials of ours (OrgWideFB)."""

    USER = "user"
    """What the one who asks may see, asked in his name (PerUserFB)."""


@frozen
class Partner:
    """Another organisation, or a part of ours elsewhere, that has a domain's mailboxes.

    `autodiscover` is the https URL that its clients are sent to, or an address (`user@there.example`, of which only
    the domain counts) whose Autodiscover they ask instead; `availability` is the URL of its EWS.
    """

    domain: str
    autodiscover: str = ""
    availability: str = ""
    trust: Trust = Trust.NONE


@frozen
class Topology:
    """The whole estate but its mailboxes: small enough to hold, replaced as a whole when it changes.

    `switches` are the organisation's defaults per protocol, `components` the operator's word on each
    front end's components: (front end, component) to active or not. `changed` is the directory's
    change number at which this was read.
    """

    organisation: str = ""
    domains: frozenset[str] = frozenset()
    sites: Mapping[str, Site] = field(factory=dict)
    servers: Mapping[str, Server] = field(factory=dict)
    databases: Mapping[str, Database] = field(factory=dict)
    switches: Mapping[str, bool] = field(factory=dict)
    components: Mapping[tuple[str, str], bool] = field(factory=dict)
    partners: Mapping[str, Partner] = field(factory=dict)
    changed: int = 0


@frozen
class Proxy:
    """Relay to this server; `trace` says why, one considered fact a line.

    `others` have a copy too, by preference: worth asking when the active one takes no connection.
    """

    server: Server
    mailbox: Mailbox
    database: Database
    others: tuple[Server, ...] = ()
    trace: tuple[str, ...] = ()


@frozen
class Redirect:
    """Send the client to another front door, in its protocol's own words."""

    url: str
    trace: tuple[str, ...] = ()


@frozen
class Refuse:
    """Say no. `later` tells the client that the same request may work in a while.

    `word` is the field's own: UserNotFound, MailboxGuidWithDomainNotFound, ProtocolDisabled, ...
    """

    word: str
    later: bool = False
    trace: tuple[str, ...] = ()


Decision = Proxy | Redirect | Refuse


@frozen
class Password:
    """What a directory stores to check a password: an argon2id string, and since when."""

    hash: str
    changed: datetime | None = None
