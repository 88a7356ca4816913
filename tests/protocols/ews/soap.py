"""Documents of EWS, written short."""

from __future__ import annotations

from lxml import etree

from protocols.ews.markup import ERRORS, MESSAGES, SOAP, TYPES, Element

NAMES = {"s": SOAP, "m": MESSAGES, "t": TYPES, "e": ERRORS}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in NAMES.items())


def node(markup: str) -> Element:
    """Return an element whose markup uses the prefixes s, m, t and e."""
    return etree.fromstring(f"<x {_DECLARED}>{markup}</x>")[0]


def soap(body: str, header: str = "") -> bytes:
    """Return an envelope."""
    return f"<s:Envelope {_DECLARED}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


def shown(element: Element) -> str:
    """Return an element without its namespaces."""
    copy = etree.fromstring(etree.tostring(element))
    for each in copy.iter():
        each.tag = etree.QName(each).localname
    etree.cleanup_namespaces(copy)
    return etree.tostring(copy, encoding="unicode")
