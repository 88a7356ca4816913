"""The containers of compressed files, whole ones and differences ([MS-OXOAB] 2.10, 2.11; reference 6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import pack

from protocols.oab.crc import crc
from protocols.oab.lzx_delta import stream, window_bits
from protocols.oab.matching import Matcher

BLOCK = 0x40000
"""Most bytes of a block, before and behind compression, as Exchange has it."""

_SOURCE = BLOCK
_TARGET = 7 * 0x8000
"""Most bytes of both sides of a difference: with more, distances would outgrow the window."""

_COMPRESSED = 1  # always: Outlook takes every block for a stream of LZX DELTA

Pair = tuple[bytes, bytes]
"""What stood in the old file, and what stands there in the new one; either may be nothing."""


def compressed(data: bytes) -> Iterator[bytes]:
    """Yield the compressed form of a whole file."""
    yield pack("<IIII", 3, 1, BLOCK, len(data))
    for begin in range(0, len(data), BLOCK):
        block = data[begin : begin + BLOCK]
        matcher = Matcher(block, bits := window_bits(0, len(block)))
        matcher.match(0, len(block))
        body = stream(matcher.finish(), block, bits)
        yield pack("<IIII", _COMPRESSED, len(body), len(block), crc(block)) + body


def difference(pairs: Iterable[Pair], old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """Yield what makes the new file of the old one; both are given whole as well, as pieces, for their checksums."""
    yield pack("<IIIIIII", 3, 2, BLOCK, sum(map(len, old)), sum(map(len, new)), crc(*old), crc(*new))
    for block in _blocks(_pieces(pairs)):
        source, target = b"".join(pair[0] for pair in block), b"".join(pair[1] for pair in block)
        body = _changes(block, source, target)
        yield pack("<IIII", len(body), len(target), len(source), crc(target)) + body


def _changes(block: list[Pair], source: bytes, target: bytes) -> bytes:
    bits = window_bits(len(source), len(target))
    matcher = Matcher(source + target, bits)
    begin, position = 0, len(source)
    for old, new in block:
        if old == new:
            matcher.copy(len(new), position - begin)
        else:
            matcher.learn(begin, begin + len(old))
            matcher.match(position, position + len(new))
        begin, position = begin + len(old), position + len(new)
    return stream(matcher.finish(), target, bits)


def _pieces(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Cut what is longer than a quarter of a block."""
    most = BLOCK // 4
    for old, new in pairs:
        for begin in range(0, max(len(old), len(new), 1), most):
            yield old[begin : begin + most], new[begin : begin + most]


def _blocks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yield pairs by the block.

    A block must make something: where more is left out than one can skip, it makes the first byte of what follows.
    """
    block: list[Pair] = []
    barren: list[list[Pair]] = []
    source = target = 0
    for pair in pairs:
        old, new = pair
        if block and (source + len(old) > _SOURCE or target + len(new) > _TARGET):
            if target:
                yield block
            else:
                barren.append(block)
            block, source, target = [], 0, 0
        while barren and new:
            yield [*barren.pop(0), (b"", new[:1])]
            new = new[1:]
        block.append((old, new))
        source, target = source + len(old), target + len(new)
    if target:
        yield block
