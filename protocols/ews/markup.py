"""The namespaces of EWS, and how an element of each is written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

PREFIXES = {"s": SOAP, "m": MESSAGES, "t": TYPES, "e": ERRORS}

Element = etree._Element
Child = Element | str | None
Children = Child | Iterable[Child]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Replace what XML 1.0 (section 2.2) cannot carry: mail holds control characters, documents must not."""
    return _NOT_XML.sub("\ufffd", text)


def element(namespace: str, name: str, *children: Children, **attributes: str) -> Element:
    """Return an element. Text becomes its text, None is left out, an iterable stands for what it yields.

    Its prefix is none of `PREFIXES` before it is put into a document: to declare all for each would double its cost.
    """
    made = etree.Element(f"{{{namespace}}}{name}")
    for key, value in attributes.items():
        made.set(key, clean(value))
    for child in children:
        _add(made, child)
    return made


def _add(parent: Element, child: Children) -> None:
    if isinstance(child, str):
        parent.text = (parent.text or "") + clean(child)
    elif isinstance(child, Element):
        parent.append(child)
    elif child is not None:
        for one in child:
            _add(parent, one)


def m(name: str, *children: Children, **attributes: str) -> Element:
    """Return an element of the messages namespace."""
    return element(MESSAGES, name, *children, **attributes)


def t(name: str, *children: Children, **attributes: str) -> Element:
    """Return an element of the types namespace."""
    return element(TYPES, name, *children, **attributes)


def local(node: Element) -> str:
    """Return an element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]


def child(node: Element, name: str) -> Element | None:
    """Return the first child of this name, of the messages or the types namespace."""
    found = node.find(f"{{{TYPES}}}{name}")
    return node.find(f"{{{MESSAGES}}}{name}") if found is None else found


def children(node: Element, name: str) -> list[Element]:
    """Return the children of the child of this name; none if there is no such child."""
    found = child(node, name)
    return [] if found is None else list(found)


def text(node: Element, name: str, default: str = "") -> str:
    """Return the text of the child of this name, without blanks around it."""
    found = child(node, name)
    return default if found is None else (found.text or "").strip()


def envelope(header: Element, body: Element, **more: str) -> bytes:
    """Return a document in UTF-8, with its declaration, all prefixes, and `more` that text in it speaks of.

    They are declared here: lxml drops those of an element put into another that has the namespace already.
    """
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={**PREFIXES, **more})
    root.extend((header, body))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)
