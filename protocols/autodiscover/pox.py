"""Plain XML for Outlook and phones: a request read, settings, a redirection or an error written (MS-OXDSCLI 2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from attrs import frozen

from protocols import documents
from protocols.autodiscover.markup import LIMITS, MAX_ADDRESS, element, only, text, tostring
from protocols.ews.markup import Element, local

CONTENT_TYPE = b"text/xml; charset=utf-8"

_SCHEMAS = "http://schemas.microsoft.com/exchange/autodiscover/"
_ANY = _SCHEMAS + "responseschema/2006"
_OUTLOOK = _SCHEMAS + "outlook/responseschema/2006a"


class Schema(Enum):
    """Who asks: the namespaces of a request and of its answer."""

    OUTLOOK = _SCHEMAS + "outlook/requestschema/2006", _OUTLOOK
    MOBILESYNC = _SCHEMAS + "mobilesync/requestschema/2006", _SCHEMAS + "mobilesync/responseschema/2006"


@frozen
class Request:
    """Whose settings are asked for: those of an `address`, or of a `legacy_dn`, which wins."""

    schema: Schema
    address: str = ""
    legacy_dn: str = ""


NOT_FOUND = 500
NO_SETTINGS = 501
INVALID_REQUEST = 600
NO_PROVIDER = 601
MISCONFIGURED = 602
INTERNAL = 603

_WORDS = {
    NOT_FOUND: "The email address can't be found.",
    NO_SETTINGS: "There are no settings of this kind for this address.",
    INVALID_REQUEST: "Invalid Request",
    NO_PROVIDER: "Provider is not available",
    MISCONFIGURED: "The settings of this address cannot be told at present.",
    INTERNAL: "The server failed, and its log says why.",
}


@frozen
class Refusal:
    """An error in place of settings (MS-OXDSCLI 2.2.4.1.1.3.1)."""

    code: int

    @property
    def words(self) -> str:
        """What people are told."""
        return _WORDS[self.code]


def parse(document: bytes) -> Request | Refusal:
    """Return what a request asks; a Refusal for what is none (MS-OXDSCLI 2.2.3)."""
    try:
        root = documents.read(document, LIMITS)
    except documents.BadXML:
        return Refusal(INVALID_REQUEST)
    request = only(root, "Request")
    if local(root) != "Autodiscover" or request is None:
        return Refusal(INVALID_REQUEST)
    address, legacy_dn = text(request, "EMailAddress"), text(request, "LegacyDN")
    wanted = text(request, "AcceptableResponseSchema")
    if not wanted or not (address or legacy_dn) or len(address) > MAX_ADDRESS:
        return Refusal(INVALID_REQUEST)
    spoken = str(root.tag).rpartition("}")[0].lstrip("{")
    for schema in Schema:
        if schema.value == (spoken, wanted):
            return Request(schema, address, legacy_dn)
    return Refusal(NO_PROVIDER)


def refusal(refused: Refusal, now: datetime, number: int) -> bytes:
    """Return the document of an error; it goes out with status 200. `number` is for whoever looks into the log."""
    time = f"{now:%H:%M:%S.%f}0"
    error = element(
        _ANY,
        "Error",
        element(_ANY, "ErrorCode", str(refused.code)),
        element(_ANY, "Message", refused.words),
        element(_ANY, "DebugData"),
        Time=time,
        Id=str(number),
    )
    return tostring(element(_ANY, "Autodiscover", element(_ANY, "Response", error)))


# Outlook


@frozen
class Sides:
    """A URL inside and a URL outside; an empty one is left out."""

    internal: str = ""
    external: str = ""


@frozen
class MapiHttp:
    """MAPI over HTTP: where the mailbox and where the address book are (MS-OXDSCLI 2.2.4.1.1.2.6)."""

    mail_store: Sides
    address_book: Sides
    version: int = 1


@frozen
class Protocol:
    """Any other way to the mailbox: a `type`, and the texts of its elements by name."""

    type: str
    fields: Mapping[str, str]


@frozen
class Web:
    """The browser's way, inside and outside; with it where EWS is."""

    owa: Sides
    ews: Sides
    authentication: str = "Basic, Fba"


@frozen
class Alternative:
    """Another mailbox that Outlook opens by itself, with its user's own sign-in (MS-OXDSCLI, AlternativeMailbox)."""

    display_name: str
    address: str


@frozen
class Settings:
    """All that Outlook is told of one mailbox."""

    display_name: str
    legacy_dn: str
    address: str
    deployment: str
    protocols: tuple[MapiHttp | Protocol | Web, ...]
    ttl: int = 1
    alternatives: tuple[Alternative, ...] = ()


@frozen
class Redirection:
    """Another address or URL to ask."""

    address: str = ""
    url: str = ""


ORDER = (
    *("Type", "TTL", "Server", "ServerDN", "ServerVersion", "MdbDN", "Port", "ASUrl", "EwsUrl", "EmwsUrl", "EcpUrl"),
    *("OOFUrl", "OABUrl", "UMUrl", "EwsPartnerUrl", "LoginName", "DomainRequired", "SPA", "AuthPackage"),
    *("ServerExclusiveConnect", "CertPrincipalName", "SSL", "Encryption", "AuthRequired", "UsePOPAuth", "SMTPLast"),
)
"""The order of a Protocol's elements in the schema."""


def settings(told: Settings) -> bytes:
    """Return the document of a mailbox's settings (MS-OXDSCLI 2.2.4.1.1)."""
    user = _o(
        "User",
        _o("DisplayName", told.display_name),
        _o("LegacyDN", told.legacy_dn) if told.legacy_dn else None,
        _o("AutoDiscoverSMTPAddress", told.address),
        _o("DeploymentId", told.deployment),
    )
    protocols = (_protocol(protocol, told.ttl) for protocol in told.protocols)
    alternatives = map(_alternative, told.alternatives)
    return _document(user, "settings", _o("MicrosoftOnline", "False"), *protocols, *alternatives)


def _alternative(one: Alternative) -> Element:
    return _o(
        "AlternativeMailbox",
        _o("Type", "Delegate"),
        _o("DisplayName", one.display_name),
        _o("SmtpAddress", one.address),
        _o("OwnerSmtpAddress", one.address),
    )


def redirection(to: Redirection) -> bytes:
    """Return the document that sends Outlook elsewhere (MS-OXDSCLI 2.2.4.1.1.2.2)."""
    if to.url:
        return _document(None, "redirectUrl", _o("RedirectUrl", to.url))
    return _document(None, "redirectAddr", _o("RedirectAddr", to.address))


def _document(user: Element | None, action: str, *children: Element) -> bytes:
    account = _o("Account", _o("AccountType", "email"), _o("Action", action), *children)
    return tostring(element(_ANY, "Autodiscover", _o("Response", user, account)))


def _protocol(protocol: MapiHttp | Protocol | Web, ttl: int) -> Element:
    match protocol:
        case MapiHttp():
            stores = _sides("MailStore", protocol.mail_store), _sides("AddressBook", protocol.address_book)
            return _o("Protocol", *stores, Type="mapiHttp", Version=str(protocol.version))
        case Web():
            both = (("Internal", "EXCH"), ("External", "EXPR"))
            sides = (_web_side(side, kind, protocol) for side, kind in both)
            return _o("Protocol", _o("Type", "WEB"), *(side for side in sides if side is not None))
        case Protocol():
            fields = {"Type": protocol.type, "TTL": str(ttl), **protocol.fields}
            return _o("Protocol", *(_o(name, fields[name]) for name in sorted(fields, key=ORDER.index)))


def _sides(name: str, urls: Sides) -> Element:
    found = (("InternalUrl", urls.internal), ("ExternalUrl", urls.external))
    return _o(name, *(_o(side, url) for side, url in found if url))


def _web_side(side: str, kind: str, web: Web) -> Element | None:
    owa, ews = getattr(web.owa, side.lower()), getattr(web.ews, side.lower())
    children = []
    if owa:
        children.append(_o("OWAUrl", owa, AuthenticationMethod=web.authentication))
    if ews:
        children.append(_o("Protocol", _o("Type", kind), _o("ASUrl", ews)))
    return _o(side, *children) if children else None


def _o(name: str, *children: Element | str | None, **attributes: str) -> Element:
    return element(_OUTLOOK, name, *children, **attributes)


# Phones (MS-ASCMD 2.2.1.1)


def mobile_settings(display_name: str, address: str, url: str) -> bytes:
    """Return the document that tells a phone where ActiveSync is."""
    server = _m("Server", _m("Type", "MobileSync"), _m("Url", url), _m("Name", url))
    return _mobile((display_name, address), _m("Settings", server))


def mobile_redirection(address: str) -> bytes:
    """Return the document that has a phone ask for another address."""
    return _mobile(None, _m("Redirect", address))


def mobile_refusal(words: str) -> bytes:
    """Return the document by which a phone learns that there is nothing for it (Status 2: an error)."""
    error = _m("Error", _m("Status", "2"), _m("Message", words), _m("DebugData"))
    return _mobile(None, error)


def _mobile(who: tuple[str, str] | None, action: Element) -> bytes:
    user = _m("User", _m("DisplayName", who[0]), _m("EMailAddress", who[1])) if who else None
    return tostring(element(_ANY, "Autodiscover", _m("Response", _m("Culture", "en:us"), user, _m("Action", action))))


def _m(name: str, *children: Element | str | None) -> Element:
    return element(Schema.MOBILESYNC.value[1], name, *children)
