"""The SOAP envelope: a request read within its limits, an answer or a fault written."""

from __future__ import annotations

import codecs
import re

from attrs import frozen
from lxml import etree

from protocols.ews.errors import BadDocument, Fault
from protocols.ews.markup import ERRORS, MESSAGES, SOAP, TYPES, Element, element, local, t, text, tostring

CONTENT_TYPE = b"text/xml; charset=utf-8"

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of a request: what Exchange accepts at /EWS by default (maxAllowedContentLength)."""

MAX_DEPTH = 128
"""Levels of elements. The deepest honest document is a restriction: libxml2's own limit is 256."""

MAX_ELEMENTS = 250_000
"""Elements of a request: a thousand items of two hundred properties; an element costs some 200 bytes."""

_PIECE = 64 * 1024
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
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
    envelope = _tree(_utf8(document))
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


def _utf8(document: bytes) -> bytes:
    """Return a document in UTF-8 whose prolog declares no types (SOAP 1.1 section 3 forbids them)."""
    if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            document = document.decode("utf-16").encode()
        except UnicodeError as error:
            raise BadDocument("The document is not the UTF-16 that it claims to be.") from error
    document = document.removeprefix(codecs.BOM_UTF8)
    start = 0
    while match := _PROLOG.match(document, start):
        start = match.end()
    if document[start : start + _PIECE].lstrip().startswith(b"<!"):
        raise BadDocument("A SOAP message must not contain a document type declaration.")
    return document


def _tree(document: bytes) -> Element:
    """Parse piece by piece, so that a document beyond the limits is dropped before it is all in memory."""
    parser = etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,  # a base64 attachment is one text of more than 10 MB
    )
    depth = seen = 0
    try:
        for start in range(0, len(document), _PIECE):
            parser.feed(document[start : start + _PIECE])
            for event, _ in parser.read_events():
                depth += 1 if event == "start" else -1
                seen += 1
                if depth > MAX_DEPTH or seen > 2 * MAX_ELEMENTS:
                    raise BadDocument("The document is too deep or has too many elements.")
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise BadDocument(error.msg or "not XML", *error.position) from error


def answer(body: Element) -> bytes:
    """Return the document that carries one answer."""
    version = t("ServerVersionInfo", **_VERSION, Version="Exchange2016")
    return tostring(element(SOAP, "Envelope", element(SOAP, "Header", version), element(SOAP, "Body", body)))


def fault(refused: Fault) -> bytes:
    """Return the document that carries a fault; it goes out with status 500 (SOAP 1.1 section 6.2)."""
    code = etree.Element("faultcode", nsmap={"a": TYPES})
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
    return answer(body)
