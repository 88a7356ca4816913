"""What clients are told of a mailbox, as values that POX, SOAP, JSON and `casctl autodiscover` put into words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID, uuid5

from attrs import frozen

from casd.model import Mailbox, Refuse, Server
from casd.routing import Place

_BUILD = 0x70008000
_ADMINISTRATION = "ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers"
_ESTATE = UUID("9f0c4a5e-6d43-5b8e-9d8e-0c7a55d1ca5d")


@frozen
class Capabilities:
    """What a client says that it can do. `mapi` is its X-MapiHttpCapability; 0 is none."""

    mapi: int = 0
    exhttp: bool = False
    negotiate: bool = False


class Section(StrEnum):
    """The parts of an answer to Outlook, in the order in which they stand."""

    MAPI_HTTP = "mapiHttp"
    EXCH = "EXCH"
    EXPR = "EXPR"
    EXHTTP = "EXHTTP"
    WEB = "WEB"
    POP3 = "POP3"
    IMAP = "IMAP"
    SMTP = "SMTP"


MAIL_SECTIONS: Mapping[str, Section] = {"pop3": Section.POP3, "imap4": Section.IMAP, "smtp": Section.SMTP}


@frozen
class Urls:
    """Where a protocol is reached from inside and from outside; empty where it is not."""

    internal: str = ""
    external: str = ""

    def seen(self, place: Place) -> str:
        """Return the one for this client. From outside there is no other; inside, what is outside can be reached."""
        return (self.internal or self.external) if place.internal else self.external

    def __bool__(self) -> bool:
        return bool(self.internal or self.external)


@frozen
class MailDoor:
    """Where a mail protocol is reached: with TLS from the first byte, or after STARTTLS."""

    host: str
    port: int

    @property
    def implicit_tls(self) -> bool:
        """Whether TLS begins at once (RFC 8314 section 3)."""
        return self.port in {993, 995, 465}


@frozen
class Advertised:
    """What one client is told of one mailbox.

    `web` has the URLs of every protocol that is offered, `mail` where IMAP4, POP3 and SMTP are; `sections` are those
    that this client understands. `trace` says why, one considered fact a line.
    """

    mailbox: Mailbox
    place: Place
    organisation: str
    server: Server
    web: Mapping[str, Urls]
    mail: Mapping[str, MailDoor]
    sections: tuple[Section, ...]
    hours: int
    trace: tuple[str, ...] = ()

    @property
    def deployment(self) -> UUID:
        """What stays the same for the whole organisation (DeploymentId)."""
        return uuid5(_ESTATE, self.organisation)

    @property
    def mailbox_id(self) -> str:
        """The name by which Outlook asks for the mailbox."""
        return f"{self.mailbox.guid}@{self.mailbox.domain}"

    @property
    def server_version(self) -> str:
        """The server's version in the form of ServerVersion (MS-OXDSCLI 2.2.4.1.1.2.6)."""
        major, minor = self.server.version
        return f"{_BUILD | major << 22 | minor << 16:08X}"

    @property
    def server_dn(self) -> str:
        """The server's name in the form of a legacyExchangeDN."""
        return f"/o={self.organisation}/{_ADMINISTRATION}/cn={self.mailbox_id}"

    def url(self, protocol: str) -> str:
        """Return where this client reaches a protocol of the web; empty if it does not."""
        return self.web.get(protocol, Urls()).seen(self.place)


@frozen
class Elsewhere:
    """Send the client to another Autodiscover: to a `url`, or to that of another `address`."""

    url: str = ""
    address: str = ""
    trace: tuple[str, ...] = ()


Answer = Advertised | Elsewhere | Refuse


def address_book(organisation: str) -> UUID:
    """Return the GUID of the organisation's offline address book, which its URL names."""
    return uuid5(_ESTATE, f"{organisation}/oab")
