"""XML from strangers, read within limits of size, depth and number of elements."""

from __future__ import annotations

import codecs
import re

from attrs import frozen
from lxml import etree

_PIECE = 64 * 1024
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
_ELEMENT = re.compile(rb"\s*<[^!]")


@frozen
class Limits:
    """What a document may be at most: levels of elements, and their number."""

    depth: int
    elements: int


class BadXML(Exception):
    """A document that is none, or beyond its limits; with line and column where they are known."""

    def __init__(self, words: str, line: int = 0, column: int = 0) -> None:
        self.words, self.line, self.column = words, line, column
        super().__init__(words)


def read(document: bytes, limits: Limits) -> etree._Element:
    """Return the root of a document in UTF-8 or UTF-16 that declares no types; raises `BadXML`.

    It is read piece by piece, so that what is beyond the limits is dropped before it is all in memory.
    """
    document = _utf8(document)
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
                if depth > limits.depth or seen > 2 * limits.elements:
                    raise BadXML("The document is too deep or has too many elements.")
        return parser.close()
    except etree.XMLSyntaxError as error:
        raise BadXML(error.msg or "not XML", *error.position) from error


def _utf8(document: bytes) -> bytes:
    """Return a document in UTF-8 whose prolog declares no types: no entity is ever to be known."""
    if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            document = document.decode("utf-16").encode()
        except UnicodeError as error:
            raise BadXML("The document is not the UTF-16 that it claims to be.") from error
    document = document.removeprefix(codecs.BOM_UTF8)
    if not begins_with_element(document):
        raise BadXML("The document must begin with an element: a document type declaration is not taken.")
    return document


def begins_with_element(document: bytes) -> bool:
    """Say whether an element comes first in UTF-8, so that no types are declared: that is done nowhere else.

    Looking for a declaration would not do: libxml2 skips a byte order mark in front of one by itself.
    """
    start = 0
    while match := _PROLOG.match(document, start):
        start = match.end()
    return _ELEMENT.match(document, start) is not None
