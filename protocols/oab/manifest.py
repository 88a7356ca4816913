"""The manifest, oab.xml: which files make up an address book (reference 6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen

from protocols.oab.records import VERSION
from protocols.oab.template import VERSION as TEMPLATE

NAME = "oab.xml"


@frozen
class Listed:
    """One file: its name, of which generation it is, its size as sent and as decoded, the SHA-1 of what is sent."""

    name: str
    sequence: int
    size: int
    uncompressed: int
    sha1: str


@frozen
class Template:
    """A template file, and the language (a hexadecimal LCID) that it is for."""

    file: Listed
    language: str


def manifest(
    title: str, guid: str, full: Listed, differences: Iterable[Listed], templates: Iterable[Template]
) -> bytes:
    """Return the manifest of one address book."""
    lines = [_file("Full", full, VERSION)]
    lines += [_file("Diff", each, VERSION) for each in differences]
    for each in templates:
        lines.append(_file("Template", each.file, TEMPLATE, langid=each.language, type="windows"))
    head = f'<OAL id="{guid}" dn="/" name={quoteattr(chr(92) + title)}>'
    body = "\n".join(lines)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<OAB>\n{head}\n{body}\n</OAL>\n</OAB>\n'.encode()


def _file(kind: str, file: Listed, version: int, **more: str) -> str:
    values = {
        "seq": file.sequence,
        "ver": version,
        "size": file.size,
        "uncompressedsize": file.uncompressed,
        "SHA": file.sha1,
        **more,
    }
    attributes = " ".join(f'{name}="{value}"' for name, value in values.items())
    return f"<{kind} {attributes}>{escape(file.name)}</{kind}>"
