"""Header blocks of HTTP/2 as they are written (RFC 7541): a field that is said again costs a byte, and no search.

The `hpack` library reads them. Its writer looks through the whole table for each field, and spells all in Huffman's
code, which is Python: five times the cost, to save a third of a head of some hundred bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from hpack.table import HeaderTable

Pair = tuple[bytes, bytes]

_STATIC: dict[Pair, int] = {field: number for number, field in enumerate(HeaderTable.STATIC_TABLE, 1)}
_NAMES: dict[bytes, int] = {name: number for (name, _), number in reversed(_STATIC.items())}
_ENTRY = 32
"""Bytes that an entry of the table counts beside its name and value (section 4.1)."""

_USUAL = 4096
"""Bytes of a table of which nobody has said anything (RFC 9113 section 6.5.2)."""

_INDEXED, _ADDED, _RESIZED, _LITERAL = 0x80, 0x40, 0x20, 0x00
"""How a representation begins (section 6)."""


def integer(value: int, bits: int, flags: int) -> bytes:
    """Return an integer behind the flags of its first byte (section 5.1)."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((flags | value,))
    found = bytearray((flags | most,))
    value -= most
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


_LENGTHS = [integer(length, 7, 0) for length in range(256)]
_NUMBERS = [integer(number, 7, _INDEXED) for number in range(len(_STATIC) + 1 + _USUAL // _ENTRY)]


class Writer:
    """Writes the blocks of one connection; keeps a table of at most `most` bytes, whatever the peer would have us keep.

    What two heads in a row have in common goes into the table: a date or a request's id would only push out the rest.
    """

    def __init__(self, most: int = _USUAL) -> None:
        self._most = min(most, _USUAL)
        self._size = _USUAL
        self._resized: list[int] = []
        self._entries: deque[Pair] = deque()
        self._known: dict[Pair, int] = {}  # when an entry was added
        self._added = 0
        self._used = 0
        self._before: frozenset[Pair] = frozenset()
        self.header_table_size = _USUAL

    @property
    def header_table_size(self) -> int:
        """How many bytes of a table the reader keeps for us."""
        return self._size

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        if (size := min(value, self._most)) != self._size:
            self._size = size
            self._resized.append(size)
            self._shrink(size)

    def encode(self, fields: Iterable[Pair]) -> bytes:
        """Return the block of a head, or of trailers."""
        parts = [integer(size, 5, _RESIZED) for size in self._resized]
        self._resized.clear()
        listed = list(fields)
        for field in listed:
            if (number := _STATIC.get(field)) is not None:
                parts.append(_NUMBERS[number])
            elif (added := self._known.get(field)) is not None:
                parts.append(_NUMBERS[len(_STATIC) + 1 + self._added - added])
            else:
                name, value = field
                again = field in self._before and self._add(field)
                length = len(value)
                said = _LENGTHS[length] if length < len(_LENGTHS) else integer(length, 7, 0)
                parts += _name(name, again), said, value
        self._before = frozenset(listed)
        return b"".join(parts)

    def _add(self, field: Pair) -> bool:
        """Take a field into the table; say whether it fits."""
        size = len(field[0]) + len(field[1]) + _ENTRY
        if size > self._size:
            return False
        self._shrink(self._size - size)
        self._used += size
        self._added += 1
        self._known[field] = self._added
        self._entries.append(field)
        return True

    def _shrink(self, size: int) -> None:
        while self._used > size:
            field = self._entries.popleft()
            del self._known[field]
            self._used -= len(field[0]) + len(field[1]) + _ENTRY


@lru_cache(1024)
def _name(name: bytes, added: bool) -> bytes:
    """Return how a field begins that is in no table."""
    bits, flags = (6, _ADDED) if added else (4, _LITERAL)
    if (number := _NAMES.get(name)) is not None:
        return integer(number, bits, flags)
    return bytes((flags,)) + integer(len(name), 7, 0) + name
