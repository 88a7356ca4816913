"""A stream of LZX DELTA: copies from what a decoder has already, with new bytes between ([MS-PATCH] 2)."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from struct import pack

from protocols.oab.huffman import codes_of, lengths_of, sent

CHUNK = 32768
"""Bytes that each chunk decodes to, but for the last one."""

_VERBATIM = 1
_UNCOMPRESSED = 3
_LITERALS = 256
_LENGTHS = 249
_SHORTEST = 2
_LONGEST = 257  # what is longer says so by this length, and by how much ([MS-PATCH] 2.6.7)
_IN_HEADER = 7
_SLOTS = {17: 34, 18: 36, 19: 38, 20: 42, 21: 50, 22: 66, 23: 98, 24: 162, 25: 290}
_LARGEST_CHUNK = 0xFFFF

Step = bytes | tuple[int, int]
"""New bytes, or a copy: (length, distance back)."""

Symbol = tuple[int, int, str]
"""A copy as it is sent: symbol of the main tree, symbol of the length tree or -1, the bits behind them."""


def window_bits(reference: int, size: int) -> int:
    """Return the size of the window, a power of two, for `size` bytes behind a reference ([MS-PATCH] 2.3)."""
    return max(17, (-(-reference // CHUNK) * CHUNK + size - 1).bit_length())


def farthest(bits: int) -> int:
    """Return the longest distance that a window knows."""
    return (1 << bits) - 3


def stored(data: bytes) -> bytes:
    """Return a stream that holds bytes as they are, as every decoder reads them (reference 6.4)."""
    chunks = []
    for begin in range(0, len(data), CHUNK):
        piece = data[begin : begin + CHUNK]
        first = "0" if begin == 0 else ""
        bits = first + format(_UNCOMPRESSED, "03b") + format(len(piece), "024b")
        chunk = _packed(bits) + pack("<III", 1, 1, 1) + piece + b"\0" * (len(piece) % 2)
        chunks.append(pack("<H", len(chunk)) + chunk)
    return b"".join(chunks)


def stream(steps: Sequence[Step], data: bytes, bits: int) -> bytes:
    """Return the stream of `data`, which the steps make; as they are, if that takes no more room."""
    chunks = list(_chunked(steps, data))
    main = [0] * (_LITERALS + 8 * _SLOTS[bits])
    lengths = [0] * _LENGTHS
    for chunk in chunks:
        _count(chunk, main, lengths)
    main_lengths, length_lengths = lengths_of(main), lengths_of(lengths)
    codes, length_codes = codes_of(main_lengths), codes_of(length_lengths)
    head = "0" + format(_VERBATIM, "03b") + format(len(data), "024b")
    head += sent(main_lengths[:_LITERALS]) + sent(main_lengths[_LITERALS:]) + sent(length_lengths)
    pieces = []
    for chunk in chunks:
        packed = _packed(head + _written(chunk, codes, length_codes))
        if len(packed) > _LARGEST_CHUNK:
            return stored(data)
        pieces.append(pack("<H", len(packed)) + packed)
        head = ""
    plain = stored(data)
    return min(b"".join(pieces), plain, key=len) if data else plain


def _count(chunk: Sequence[bytes | Symbol], main: list[int], lengths: list[int]) -> None:
    for byte, count in Counter(b"".join(step for step in chunk if isinstance(step, bytes))).items():
        main[byte] += count
    for step in chunk:
        if not isinstance(step, bytes):
            main[step[0]] += 1
            if step[1] >= 0:
                lengths[step[1]] += 1


def _written(chunk: Sequence[bytes | Symbol], codes: Sequence[str], length_codes: Sequence[str]) -> str:
    bits: list[str] = []
    for step in chunk:
        if isinstance(step, bytes):
            bits.extend(map(codes.__getitem__, step))
        else:
            main, length, rest = step
            bits.append(codes[main])
            if length >= 0:
                bits.append(length_codes[length])
            bits.append(rest)
    return "".join(bits)


def _packed(bits: str) -> bytes:
    """Return bits as little-endian words of 16, the first bit the most significant ([MS-PATCH] 2.2)."""
    bits += "0" * (-len(bits) % 16)
    words = array("H", int(bits or "0", 2).to_bytes(len(bits) // 8, "big"))
    words.byteswap()
    return words.tobytes()


def _chunked(steps: Sequence[Step], data: bytes) -> Iterator[list[bytes | Symbol]]:
    """Yield what stands in each chunk: no copy goes beyond its end."""
    recent = [1, 1, 1]
    chunk: list[bytes | Symbol] = []
    position, room = 0, CHUNK
    for step in steps:
        left = len(step) if isinstance(step, bytes) else step[0]
        while left:
            taken = min(left, room)
            if isinstance(step, bytes) or taken < _SHORTEST:
                chunk.append(data[position : position + taken])
            else:
                chunk.append(_copy(taken, step[1], recent))
            position, room, left = position + taken, room - taken, left - taken
            if not room:
                yield chunk
                chunk, room = [], CHUNK
    if chunk:
        yield chunk


def _copy(length: int, distance: int, recent: list[int]) -> Symbol:
    slot, footer = _offset(distance, recent)
    if length >= _LONGEST:
        footer += _extra(length - _LONGEST)
    length = min(length, _LONGEST) - _SHORTEST
    return _LITERALS + slot * 8 + min(length, _IN_HEADER), length - _IN_HEADER, footer


def _offset(distance: int, recent: list[int]) -> tuple[int, str]:
    """Return the slot of a distance and the bits within it; the three used last need none ([MS-PATCH] 2.6.5)."""
    if distance in recent:
        slot = recent.index(distance)
        recent[0], recent[slot] = recent[slot], recent[0]
        return slot, ""
    recent[:] = distance, recent[0], recent[1]
    formatted = distance + 2
    if formatted < 4:
        return formatted, ""
    extra = min(formatted.bit_length() - 2, 17)
    slot = 2 * extra + (formatted >> extra)
    return slot, format(formatted & ((1 << extra) - 1), f"0{extra}b")


def _extra(more: int) -> str:
    """Return the bits of what a length is longer than the longest ([MS-PATCH] 2.6.7)."""
    if more < 0x100:
        return "0" + format(more, "08b")
    if more < 0x500:
        return "10" + format(more - 0x100, "010b")
    if more < 0x1500:
        return "110" + format(more - 0x500, "012b")
    return "111" + format(more, "015b")
