"""Autodiscover by SOAP: an operation read, its answer written (MS-OXWSADISC)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen
from lxml import etree

from protocols import documents
from protocols.autodiscover.markup import LIMITS, MAX_ADDRESS, element, only, text, tostring
from protocols.ews.markup import Element, local

CONTENT_TYPE = b"text/xml; charset=utf-8"

_NAMESPACE = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
_ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
_ADDRESSING = "http://www.w3.org/2005/08/addressing"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_VERSION = {
    "MajorVersion": "15",
    "MinorVersion": "2",
    "MajorBuildNumber": "1544",
    "MinorBuildNumber": "4",
    "Version": "Exchange2016",
}

MOST_USERS = 90
"""Users or domains of one request; Exchange takes as many."""

MOST_SETTINGS = 128
"""Settings of one request: some hundred are documented, and each is answered for each user, be it by an error."""

_FEDERATION = frozenset({"GetFederationInformation", "GetOrganizationRelationshipSettings"})
OPERATIONS = frozenset({"GetUserSettings", "GetDomainSettings"}) | _FEDERATION


@frozen
class Request:
    """One operation: for whom (users' addresses, or domains), and which settings are asked for."""

    operation: str
    whom: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@frozen
class Refusal:
    """A whole request that cannot be done. `operation` is empty where none was recognised: that is a SOAP fault."""

    words: str
    operation: str = ""
    code: str = "InvalidRequest"


def parse(document: bytes) -> Request | Refusal:
    """Return the operation in a SOAP document; a Refusal for what is none."""
    try:
        envelope = documents.read(document, LIMITS)
    except documents.BadXML as error:
        return Refusal(error.words)
    body = only(envelope, "Body") if envelope.tag == f"{{{_ENVELOPE}}}Envelope" else None
    if body is None or len(body) != 1:
        return Refusal("The document is no envelope of SOAP 1.1 with one operation in its Body.")
    operation = local(body[0]).removesuffix("RequestMessage")
    if operation not in OPERATIONS or body[0].tag != f"{{{_NAMESPACE}}}{operation}RequestMessage":
        return Refusal(f"The element {local(body[0])!r} is no operation of Autodiscover.")
    return _request(operation, body[0])


def _request(operation: str, message: Element) -> Request | Refusal:
    if operation in _FEDERATION:
        return Request(operation)
    request = only(message, "Request")
    many, asked = ("Users", "Mailbox") if operation == "GetUserSettings" else ("Domains", "")
    listed = None if request is None else only(request, many)
    wanted = None if request is None else only(request, "RequestedSettings")
    if listed is None or wanted is None or not len(listed) or not len(wanted):
        return Refusal(f"The request must name {many} and RequestedSettings.", operation)
    if len(listed) > MOST_USERS:
        return Refusal(f"The request names more than {MOST_USERS} {many}.", operation)
    if len(wanted) > MOST_SETTINGS:
        return Refusal(f"The request names more than {MOST_SETTINGS} RequestedSettings.", operation)
    whom = [text(one, asked) if asked else (one.text or "").strip() for one in listed]
    names = tuple(dict.fromkeys((one.text or "").strip() for one in wanted))
    return Request(operation, tuple(one[: MAX_ADDRESS + 1] for one in whom), names)


# Values of settings


@frozen
class WebClients:
    """Where the browser's client is: one for each URL."""

    urls: tuple[str, ...]
    authentication: str = "Basic, Fba"


@frozen
class Connection:
    """Where a mail protocol is: `encryption` is SSL, or TLS for STARTTLS."""

    host: str
    port: int
    encryption: str


@frozen
class Alternative:
    """Another mailbox that a client opens by itself, with its user's own sign-in."""

    display_name: str
    legacy_dn: str
    address: str


Value = str | WebClients | tuple[Connection, ...] | list[Alternative]


@frozen
class Error:
    """One setting that is not told: InvalidSetting is no setting at all, SettingIsNotAvailable not this user's."""

    name: str
    code: str

    @property
    def words(self) -> str:
        """What people are told."""
        what = "is no setting" if self.code == "InvalidSetting" else "is not available for this user"
        return f"The setting {self.name[:100]!r} {what}."


@frozen
class Told:
    """The answer for one user or one domain. `target` is where to ask instead, with RedirectAddress or RedirectUrl."""

    code: str = "NoError"
    words: str = "No error."
    settings: Mapping[str, Value] = field(factory=dict)
    errors: tuple[Error, ...] = ()
    target: str = ""


def part(operation: str, told: Told) -> Element:
    """Return one part of an answer: that for a user of GetUserSettings, or for a domain of GetDomainSettings."""
    return _told(_kind(operation), told)


def answer(operation: str, parts: Iterable[Element]) -> bytes:
    """Return the answer that has these parts, one for each that was asked for."""
    responses = _a(f"{_kind(operation)}Responses", *parts)
    return _message(operation, _a("ErrorCode", "NoError"), _a("ErrorMessage"), responses)


def _kind(operation: str) -> str:
    return "User" if operation == "GetUserSettings" else "Domain"


def refusal(refused: Refusal) -> bytes:
    """Return the answer of an operation that cannot be done, or a fault, which goes out with status 500."""
    if refused.operation:
        return _message(refused.operation, _a("ErrorCode", refused.code), _a("ErrorMessage", refused.words))
    code, string = etree.Element("faultcode", nsmap={"s": _ENVELOPE}), etree.Element("faultstring")
    code.text, string.text = "s:Client", element("", "x", refused.words).text
    fault = element(_ENVELOPE, "Fault")
    fault.extend([code, string])
    return _envelope(fault)


def _message(operation: str, *children: Element) -> bytes:
    message = _a(f"{operation}ResponseMessage", _a("Response", *children))
    return _envelope(message, f"{_NAMESPACE}/Autodiscover/{operation}Response")


def _envelope(content: Element, action: str = "") -> bytes:
    envelope = etree.Element(f"{{{_ENVELOPE}}}Envelope", nsmap={"s": _ENVELOPE, "a": _ADDRESSING, "i": _INSTANCE})
    header = etree.SubElement(envelope, f"{{{_ENVELOPE}}}Header")
    if action:
        said = etree.SubElement(header, f"{{{_ADDRESSING}}}Action")
        said.set(f"{{{_ENVELOPE}}}mustUnderstand", "1")
        said.text = action
    header.append(_a("ServerVersionInfo", *(_a(name, value) for name, value in _VERSION.items())))
    etree.SubElement(envelope, f"{{{_ENVELOPE}}}Body").append(content)
    return tostring(envelope)


def _told(kind: str, one: Told) -> Element:
    """Return one part; what a domain's part has stands in another order than what a user's has."""
    target = _a("RedirectTarget", one.target) if one.target else _nil("RedirectTarget")
    errors = _a(f"{kind}SettingErrors", *(_error(kind, error) for error in one.errors))
    settings = _a(f"{kind}Settings", *(_setting(kind, name, value) for name, value in one.settings.items()))
    rest = (target, errors, settings) if kind == "User" else (errors, settings, target)
    return _a(f"{kind}Response", _a("ErrorCode", one.code), _a("ErrorMessage", one.words), *rest)


def _error(kind: str, error: Error) -> Element:
    code, words = _a("ErrorCode", error.code), _a("ErrorMessage", error.words)
    return _a(f"{kind}SettingError", code, words, _a("SettingName", error.name[:100]))


def _setting(kind: str, name: str, value: Value) -> Element:
    prefix = "" if kind == "User" else "Domain"
    match value:
        case str():
            return _typed(kind, f"{prefix}StringSetting", name, _a("Value", value))
        case WebClients():
            urls = (
                _a("WebClientUrl", _a("AuthenticationMethods", value.authentication), _a("Url", url))
                for url in value.urls
            )
            return _typed(kind, "WebClientUrlCollectionSetting", name, _a("WebClientUrls", *urls))
        case list():
            mailboxes = _a("AlternateMailboxes", *map(_alternative, value))
            return _typed(kind, "AlternateMailboxCollectionSetting", name, mailboxes)
        case _:
            connections = _a("ProtocolConnections", *map(_connection, value))
            return _typed(kind, "ProtocolConnectionCollectionSetting", name, connections)


def _alternative(one: Alternative) -> Element:
    names = _a("DisplayName", one.display_name), _a("LegacyDN", one.legacy_dn), _a("Server")
    addresses = _a("SmtpAddress", one.address), _a("OwnerSmtpAddress", one.address)
    return _a("AlternateMailbox", _a("Type", "Delegate"), *names, *addresses)


def _connection(one: Connection) -> Element:
    where = _a("Hostname", one.host), _a("Port", str(one.port))
    return _a("ProtocolConnection", *where, _a("EncryptionMethod", one.encryption))


def _typed(kind: str, type_: str, name: str, value: Element) -> Element:
    made = _a(f"{kind}Setting", _a("Name", name), value)
    made.set(f"{{{_INSTANCE}}}type", type_)
    return made


def _nil(name: str) -> Element:
    made = _a(name)
    made.set(f"{{{_INSTANCE}}}nil", "true")
    return made


def _a(name: str, *children: Element | str | None) -> Element:
    return element(_NAMESPACE, name, *children)
