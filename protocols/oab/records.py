"""The uncompressed full details file, version 4 ([MS-OXOAB] 2.9, reference 6.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import pack
from typing import Any

from attrs import frozen

from protocols.oab.crc import crc

VERSION = 0x20

EMAIL_ADDRESS = 0x3003001E
SMTP_ADDRESS = 0x39FE001F
DISPLAY_NAME = 0x3001001F
ACCOUNT = 0x3A00001F
OBJECT_TYPE = 0x0FFE0003
DISPLAY_TYPE = 0x39000003
DISPLAY_TYPE_EX = 0x39050003
GIVEN_NAME = 0x3A06001F
SURNAME = 0x3A11001F
TITLE = 0x3A17001F
DEPARTMENT = 0x3A18001F
COMPANY = 0x3A16001F
OFFICE = 0x3A19001F
BUSINESS_PHONE = 0x3A08001F
MOBILE_PHONE = 0x3A1C001F
PROXY_ADDRESSES = 0x800F101F
ROOM_CAPACITY = 0x08070003
TRUNCATED = 0x68051003

_BOOK_NAME = 0x6800001F
_BOOK_DN = 0x6804001E
_BOOK_SEQUENCE = 0x68010003
_BOOK_GUID = 0x6802001E

NAMES = 1
"""Flag of a property by which clients look up what was typed (ambiguous name resolution)."""

KEY = 2
"""Flag of a property by which clients find an entry that they know."""


@frozen
class Property:
    """One column of a table: its tag, and what clients are to index it for."""

    tag: int
    flags: int = 0


HEADER = tuple(map(Property, (_BOOK_NAME, _BOOK_DN, _BOOK_SEQUENCE, _BOOK_GUID)))

OBJECTS = (
    Property(EMAIL_ADDRESS, KEY),
    Property(SMTP_ADDRESS, KEY),
    Property(DISPLAY_NAME, NAMES),
    Property(OBJECT_TYPE),
    Property(DISPLAY_TYPE),
    Property(DISPLAY_TYPE_EX),
    Property(GIVEN_NAME),
    Property(SURNAME, NAMES),
    Property(TITLE),
    Property(DEPARTMENT),
    Property(COMPANY),
    Property(OFFICE, NAMES),
    Property(BUSINESS_PHONE),
    Property(ACCOUNT, NAMES),
    Property(MOBILE_PHONE),
    Property(PROXY_ADDRESSES, NAMES),
    Property(ROOM_CAPACITY),
    Property(TRUNCATED),
)
"""The table of the reference, with what else is known of people and rooms ([MS-OXOAB] 2.9.7)."""

LONGEST_TEXT = 3400
"""Bytes of a text, as Exchange limits them (MaxStringPropertySize); what is longer is cut, and listed as cut."""

Value = int | bool | str | bytes | Sequence[Any]


def details(title: str, guid: str, sequence: int, records: Sequence[bytes]) -> list[bytes]:
    """Return a whole file in two pieces: what comes before the objects' records, and these."""
    objects = b"".join(records)
    values: dict[int, Value | None] = {
        _BOOK_NAME: "\\" + title,
        _BOOK_DN: "/",
        _BOOK_SEQUENCE: sequence,
        _BOOK_GUID: guid,
    }
    tables = _table(HEADER) + _table(OBJECTS)
    before = pack("<I", len(tables) + 4) + tables + record(HEADER, values)
    return [pack("<III", VERSION, crc(before, objects), len(records)) + before, objects]


def record(table: Sequence[Property], values: Mapping[int, Value | None]) -> bytes:
    """Return one record ([MS-OXOAB] 2.9.5); what is None or empty is not there, what is too long is cut."""
    present, width = 0, -(-len(table) // 8) * 8
    cut: list[int] = []
    pieces = [b""]
    for index, each in enumerate(table):
        value = cut if each.tag == TRUNCATED else values.get(each.tag)
        if value is None or value in ("", []):
            continue
        if isinstance(value, str) and len(value) * 4 > LONGEST_TEXT and len(short := _cut(value)) < len(value):
            value = short
            cut.append(each.tag)
        present |= 1 << (width - 1 - index)
        pieces.append(_WRITE[each.tag & 0xFFFF](value))
    pieces[0] = present.to_bytes(width // 8, "big")
    body = b"".join(pieces)
    return pack("<I", len(body) + 4) + body


def _table(properties: Sequence[Property]) -> bytes:
    return pack("<I", len(properties)) + b"".join(pack("<II", each.tag, each.flags) for each in properties)


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode("utf-8", "ignore")


def number(value: int) -> bytes:
    """Return an integer as one byte, or as the count of its bytes and these ([MS-OXOAB] 2.9.6.1)."""
    value &= 0xFFFFFFFF
    if value <= 0x7F:
        return bytes((value,))
    size = (value.bit_length() + 7) // 8
    return bytes((0x80 + size,)) + value.to_bytes(size, "little")


def _text(value: str) -> bytes:
    return value.replace("\0", "").encode("utf-8", "replace") + b"\0"


def _binary(value: bytes) -> bytes:
    return number(len(value)) + value


def _many(one: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    return lambda values: number(len(values)) + b"".join(map(one, values))


_WRITE: dict[int, Callable[[Any], bytes]] = {
    0x0003: number,
    0x000B: lambda value: bytes((bool(value),)),
    0x001E: _text,
    0x001F: _text,
    0x0102: _binary,
    0x1003: _many(number),
    0x101E: _many(_text),
    0x101F: _many(_text),
    0x1102: _many(_binary),
}
