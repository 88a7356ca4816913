"""A decoder of LZX DELTA that takes nothing which [MS-PATCH] does not say: libmspack reads past sizes and padding."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from

CHUNK = 32768

_SLOTS = {17: 34, 18: 36, 19: 38, 20: 42, 21: 50}


class Bits:
    """The bits of one chunk: words of 16, little-endian, the most significant bit first."""

    def __init__(self, chunk: bytes) -> None:
        self.chunk = chunk
        self.place = 0  # in bits

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self.place // 16 * 2 + (0 if self.place % 16 >= 8 else 1)
            value = value * 2 + (self.chunk[byte] >> (7 - self.place % 8) & 1)
            self.place += 1
        return value

    def symbol(self, codes: dict[tuple[int, int], int]) -> int:
        code = length = 0
        while (length, code) not in codes:
            code, length = code * 2 + self.take(1), length + 1
            assert length <= 16
        return codes[length, code]

    def align(self) -> int:
        """Skip what fills a word, which must be zero; return the place in bytes."""
        assert self.take(-self.place % 16) == 0
        return self.place // 8


def codes_of(lengths: list[int]) -> dict[tuple[int, int], int]:
    """Return (length, code) -> symbol; a code must be complete, or have nothing at all."""
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    assert not used or sum(2.0**-length for length, _ in used) == 1
    found, code, before = {}, 0, 0
    for length, symbol in used:
        code <<= length - before
        found[length, code] = symbol
        code, before = code + 1, length
    return found


def _lengths(bits: Bits, known: list[int], first: int, last: int) -> None:
    """Read lengths, as differences from those of the block before (2.6.4)."""
    pretree = codes_of([bits.take(4) for _ in range(20)])
    while first < last:
        symbol = bits.symbol(pretree)
        if symbol == 17:
            run, value = 4 + bits.take(4), 0
        elif symbol == 18:
            run, value = 20 + bits.take(5), 0
        elif symbol == 19:
            run = 4 + bits.take(1)
            value = (known[first] - bits.symbol(pretree)) % 17
        else:
            run, value = 1, (known[first] - symbol) % 17
        assert first + run <= last
        known[first : first + run] = [value] * run
        first += run


def decode(stream: bytes, size: int, reference: bytes = b"") -> bytes:
    """Return the `size` bytes of a stream, behind a reference."""
    return Decoder(stream, size, reference).run()


class Decoder:
    """What goes on from chunk to chunk."""

    def __init__(self, stream: bytes, size: int, reference: bytes) -> None:
        self.stream = stream
        self.out = bytearray(reference)
        self.end = len(reference) + size
        room = -(-len(reference) // CHUNK) * CHUNK + size
        self.window = next(bits for bits in _SLOTS if 1 << bits >= room)
        self.recent = [1, 1, 1]
        self.main = [0] * (256 + 8 * _SLOTS[self.window])
        self.length = [0] * 249
        self.kind = self.left = 0
        self.reference = len(reference)

    def run(self) -> bytes:
        place = 0
        while len(self.out) < self.end:
            (taken,) = unpack_from("<H", self.stream, place)
            chunk = self.stream[place + 2 : place + 2 + taken]
            assert len(chunk) == taken
            self._chunk(chunk, min(len(self.out) + CHUNK, self.end), first=place == 0)
            place += 2 + taken
        assert place == len(self.stream)
        assert self.left == 0
        return bytes(self.out[self.reference :])

    def _chunk(self, chunk: bytes, end: int, *, first: bool) -> None:
        bits = Bits(chunk)
        if first:
            assert bits.take(1) == 0  # no translation of calls
        while len(self.out) < end:
            if not self.left:
                self.kind, self.left = bits.take(3), bits.take(24)
                assert self.left
                if self.kind == 1:
                    self._trees(bits)
            if self.kind == 3:
                self._plain(bits, end)
            else:
                assert self.kind == 1
                before = len(self.out)
                for _ in self._steps(bits, min(end, before + self.left)):
                    pass
                self.left -= len(self.out) - before
        assert len(self.out) == end  # no copy goes beyond a chunk
        assert bits.align() == len(chunk)

    def _trees(self, bits: Bits) -> None:
        _lengths(bits, self.main, 0, 256)
        _lengths(bits, self.main, 256, len(self.main))
        _lengths(bits, self.length, 0, 249)
        self.codes, self.length_codes = codes_of(self.main), codes_of(self.length)

    def _plain(self, bits: Bits, end: int) -> None:
        place = bits.align()
        self.recent = list(unpack_from("<III", bits.chunk, place))
        size = self.left
        assert len(self.out) + size <= end
        self.out += bits.chunk[place + 12 : place + 12 + size]
        self.left = 0
        bits.place = (place + 12 + size + size % 2) * 8

    def _steps(self, bits: Bits, end: int) -> Iterator[None]:
        while len(self.out) < end:
            symbol = bits.symbol(self.codes)
            if symbol < 256:
                self.out.append(symbol)
            else:
                slot, header = divmod(symbol - 256, 8)
                length = header + 2 + (bits.symbol(self.length_codes) if header == 7 else 0)
                distance = self._distance(bits, slot)
                length += self._more(bits) if length == 257 else 0
                assert 0 < distance <= len(self.out)
                assert distance <= (1 << self.window) - 3
                for _ in range(length):
                    self.out.append(self.out[-distance])
            yield

    def _distance(self, bits: Bits, slot: int) -> int:
        if slot < 3:
            self.recent[0], self.recent[slot] = self.recent[slot], self.recent[0]
            return self.recent[0]
        base, extra = [0, 1, 2, 3], [0, 0, 0, 0]
        while len(base) <= slot:
            base.append(base[-1] + (1 << extra[-1]))
            extra.append(min((len(base) - 3) // 2, 17))
        self.recent = [base[slot] + bits.take(extra[slot]) - 2, *self.recent[:2]]
        return self.recent[0]

    @staticmethod
    def _more(bits: Bits) -> int:
        for count, base in ((8, 0), (10, 0x100), (12, 0x500)):
            if not bits.take(1):
                return base + bits.take(count)
        return bits.take(15)
