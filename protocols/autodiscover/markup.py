"""How an element of Autodiscover's documents is read or written; names are those of http:, as MS-OXDSCLI has them."""

from __future__ import annotations

from lxml import etree

from protocols.documents import Limits
from protocols.ews.markup import Child, Element, clean, local

LIMITS = Limits(depth=32, elements=1000)
"""The largest honest request asks with SOAP for some ninety users, each an element within another."""

MAX_SIZE = 64 * 1024
"""Bytes of a request."""

MAX_ADDRESS = 320
"""Characters of an address (RFC 5321 section 4.5.3.1)."""


def element(namespace: str, name: str, *children: Child, **attributes: str) -> Element:
    """Return an element whose namespace is the default one. Text becomes its text, None is left out."""
    made = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})  # type: ignore[dict-item]
    for key, value in attributes.items():
        made.set(key, clean(value))
    for child in children:
        if isinstance(child, str):
            made.text = clean(child)
        elif child is not None:
            made.append(child)
    return made


def only(parent: Element, name: str) -> Element | None:
    """Return the one child of this local name, in any namespace; None if there is none, or several."""
    found = [child for child in parent if local(child) == name]
    return found[0] if len(found) == 1 else None


def text(parent: Element, name: str) -> str:
    """Return the text of the one child of this local name, without blanks around it."""
    found = only(parent, name)
    return "" if found is None else (found.text or "").strip()


def tostring(node: Element) -> bytes:
    """Return a document in UTF-8, with its declaration."""
    return etree.tostring(node, encoding="utf-8", xml_declaration=True)
