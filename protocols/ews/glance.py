"""What the begin of a request says, before all of it has come: its operation, and the mailbox that it names."""

from __future__ import annotations

import codecs
import re

from lxml import etree

from protocols.documents import begins_with_element
from protocols.ews.markup import SOAP, TYPES, Element

SIZE = 32 * 1024
"""Bytes: a header may describe a time zone with all its rules, which takes some ten thousand."""

_BODY = re.compile(rb"<(?:[\w.-]+:)?Body(?:\s[^<>]*)?>")
_BETWEEN = re.compile(rb"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_NAME = re.compile(rb"<(?:[\w.-]+:)?(\w+)[\s/>]")


def operation(begun: bytes) -> str:
    """Return the name of the first element of the Body; empty if it has not come, or nothing like it."""
    begun = _narrow(begun)
    body = _BODY.search(begun, 0, SIZE)
    if body is None:
        return ""
    at = body.end()
    while between := _BETWEEN.match(begun, at):
        at = between.end()
    found = _NAME.match(begun, at)
    return "" if found is None else found[1].decode("ascii", "replace")


def _narrow(begun: bytes) -> bytes:
    """Return UTF-8 and UTF-16 as UTF-8 without a byte order mark."""
    if begun.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        begun = begun.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return begun.removeprefix(codecs.BOM_UTF8)


def address(begun: bytes) -> str:
    """Return the Address of the Mailbox that a request is about; empty if it has not come, or is not well-formed."""
    begun = _narrow(begun[:SIZE])
    if not begins_with_element(begun):
        return ""
    parser = etree.XMLPullParser(
        events=("end",), encoding="utf-8", resolve_entities=False, no_network=True, remove_comments=True
    )
    try:
        parser.feed(begun)
        ended = list(parser.read_events())
    except etree.XMLSyntaxError:
        return ""
    for _, node in ended:
        if isinstance(node, Element) and node.tag == f"{{{TYPES}}}Address" and _is_the_mailboxs(node):
            return (node.text or "").strip()
    return ""


def _is_the_mailboxs(node: Element) -> bool:
    above = [each.tag for each in node.iterancestors()]
    return above[:1] == [f"{{{TYPES}}}Mailbox"] and above[2:] == [f"{{{SOAP}}}Body", f"{{{SOAP}}}Envelope"]
