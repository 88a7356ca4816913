"""The SOAP envelope: a request read within its limits, an answer or a fault written."""

from __future__ import annotations

from attrs import frozen
from lxml import etree

from protocols import documents
from protocols.ews import markup
from protocols.ews.errors import BadDocument, Fault
from protocols.ews.markup import ERRORS, MESSAGES, SOAP, TYPES, Element, element, local, t, text

CONTENT_TYPE = b"text/xml; charset=utf-8"

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of a request: what Exchange accepts at /EWS by default (maxAllowedContentLength)."""

MAX_DEPTH = 128
"""Levels of elements. The deepest honest document is a restriction: libxml2's own limit is 256."""

MAX_ELEMENTS = 250_000
"""Elements of a request: a thousand items of two hundred properties; an element costs some 200 bytes."""

_VERSION = {"MajorVersion": "15", "MinorVersion": "2", "MajorBuildNumber": "1544", "MinorBuildNumber": "4"}


@frozen
class Request:
    """One operation with what its header says.

    `body` is the operation's element; `zone` the Id of TimeZoneContext; `impersonated` the address in
    ExchangeImpersonation. Both are empty when absent.
    """

    operation: str
    body: Element
    zone: str = ""
    impersonated: str = ""


def parse(document: bytes) -> Request:
    """Return the request in a SOAP document. Raises `BadDocument`, and `Fault` for what is no operation."""
    envelope = tree(document)
    if envelope.tag != f"{{{SOAP}}}Envelope":
        raise BadDocument(f"The element '{local(envelope)}' is not the Envelope of SOAP 1.1.")
    body = envelope.find(f"{{{SOAP}}}Body")
    operations = [] if body is None else list(body)
    if len(operations) != 1:
        raise BadDocument("The Body must hold one operation.")
    if not str(operations[0].tag).startswith(f"{{{MESSAGES}}}"):
        raise Fault("ErrorInvalidRequest", f"The element '{local(operations[0])}' is not an operation of EWS.")
    header = envelope.find(f"{{{SOAP}}}Header")
    return Request(local(operations[0]), operations[0], _zone(header), _impersonated(header))


def _zone(header: Element | None) -> str:
    found = None if header is None else header.find(f"{{{TYPES}}}TimeZoneContext/{{{TYPES}}}TimeZoneDefinition")
    return "" if found is None else found.get("Id", "")


def _impersonated(header: Element | None) -> str:
    found = None if header is None else header.find(f"{{{TYPES}}}ExchangeImpersonation/{{{TYPES}}}ConnectingSID")
    if found is None:
        return ""
    return text(found, "PrimarySmtpAddress") or text(found, "SmtpAddress") or text(found, "PrincipalName") or "?"


def tree(document: bytes) -> Element:
    """Return the root of a document within the limits of a request. Raises `BadDocument`."""
    try:
        return documents.read(document, documents.Limits(MAX_DEPTH, MAX_ELEMENTS))
    except documents.BadXML as error:
        raise BadDocument(error.words, error.line, error.column) from error


def question(body: Element, impersonated: str = "") -> bytes:
    """Return the document that asks a server for an operation, in somebody's name if he is not who signs in."""
    who = t("ExchangeImpersonation", t("ConnectingSID", t("PrimarySmtpAddress", impersonated)))
    header = (t("RequestServerVersion", Version="Exchange2010_SP2"), who if impersonated else None)
    return markup.envelope(element(SOAP, "Header", *header), element(SOAP, "Body", body))


def answer(body: Element, **prefixes: str) -> bytes:
    """Return the document that carries one answer; `prefixes`: those of names in its text."""
    version = t("ServerVersionInfo", **_VERSION, Version="Exchange2016")
    return markup.envelope(element(SOAP, "Header", version), element(SOAP, "Body", body), **prefixes)


def fault(refused: Fault) -> bytes:
    """Return the document that carries a fault; it goes out with status 500 (SOAP 1.1 section 6.2)."""
    code = etree.Element("faultcode")
    code.text = f"a:{refused.code}"
    string = etree.Element("faultstring")
    string.set("{http://www.w3.org/XML/1998/namespace}lang", "en-US")
    string.text = element(SOAP, "x", refused.words).text
    detail = etree.Element("detail")
    detail.append(element(ERRORS, "ResponseCode", refused.code))
    detail.append(element(ERRORS, "Message", refused.words))
    if refused.details:
        detail.append(t("MessageXml", *(t(name, value) for name, value in refused.details.items())))
    body = element(SOAP, "Fault")
    body.extend([code, string, detail])
    return answer(body, a=TYPES)
