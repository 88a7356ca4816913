"""The prefix codes of LZX: lengths from frequencies, codes from lengths, lengths as they are sent ([MS-PATCH] 2.6)."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import groupby

_LONGEST = 16
_PRETREE = 20
_LONGEST_OF_PRETREE = 15  # it is sent in four bits


def lengths_of(counts: Sequence[int], longest: int = _LONGEST) -> list[int]:
    """Return the length of each symbol's code; a symbol that never occurs has none.

    Decoders want a complete code: a symbol that stands alone gets another beside it.
    """
    used = [symbol for symbol, count in enumerate(counts) if count]
    if len(used) == 1:
        used.append(0 if used[0] else 1)
    lengths = [0] * len(counts)
    weights = {symbol: counts[symbol] or 1 for symbol in used}
    while used:
        for symbol, depth in _depths(weights).items():
            lengths[symbol] = depth
        if max(lengths) <= longest:
            break
        weights = {symbol: (weight + 1) // 2 for symbol, weight in weights.items()}  # a flatter tree
    return lengths


def _depths(weights: dict[int, int]) -> dict[int, int]:
    """Return how deep each symbol stands in the tree of least weight; the same one for the same weights."""
    depths = dict.fromkeys(weights, 0)
    heap = [(weight, symbol, [symbol]) for symbol, weight in weights.items()]
    heapify(heap)
    while len(heap) > 1:
        first, second = heappop(heap), heappop(heap)
        below = first[2] + second[2]
        for symbol in below:
            depths[symbol] += 1
        heappush(heap, (first[0] + second[0], min(first[1], second[1]), below))
    return depths


def codes_of(lengths: Sequence[int]) -> list[str]:
    """Return each symbol's code as a text of bits: by length, then by symbol."""
    codes = [""] * len(lengths)
    code = before = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        code <<= length - before
        codes[symbol] = format(code, f"0{length}b")
        code, before = code + 1, length
    return codes


def sent(lengths: Sequence[int]) -> str:
    """Return the bits by which lengths are sent where all of before were zero ([MS-PATCH] 2.6.4)."""
    steps = [step for length, run in groupby(lengths) for step in _run(length, len(list(run)))]
    counts = [0] * _PRETREE
    for symbol, _, then in steps:
        counts[symbol] += 1
        if then is not None:
            counts[then] += 1
    pretree = lengths_of(counts, _LONGEST_OF_PRETREE)
    codes = codes_of(pretree)
    bits = [format(length, "04b") for length in pretree]
    bits += [codes[symbol] + extra + (codes[then] if then is not None else "") for symbol, extra, then in steps]
    return "".join(bits)


def _run(length: int, count: int) -> list[tuple[int, str, int | None]]:
    """Return how a run of one length is sent: (symbol, its extra bits, a second symbol)."""
    steps: list[tuple[int, str, int | None]] = []
    delta = (17 - length) % 17
    while count:
        if not length and count >= 20:
            taken = min(count, 51)
            steps.append((18, format(taken - 20, "05b"), None))
        elif not length and count >= 4:
            taken = min(count, 19)
            steps.append((17, format(taken - 4, "04b"), None))
        elif count >= 4:
            taken = min(count, 5)
            steps.append((19, format(taken - 4, "01b"), delta))
        else:
            taken = 1
            steps.append((delta, "", None))
        count -= taken
    return steps
