"""Compressed files and differences, as libmspack decodes them (reference 6.4, section 12)."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pylibmspack import OabFile, OabPatch

from protocols.oab import lzx, records
from protocols.oab.crc import crc
from protocols.oab.lzx import BLOCK, Pair, compressed, difference
from protocols.oab.lzx_delta import CHUNK, stored
from tests.protocols.oab import strict
from tests.protocols.oab.people import book

SIZES = [0, 1, 2, 5, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, BLOCK - 1, BLOCK, BLOCK + 1, 600001]

HELLO = bytes.fromhex(
    "030000000100000000000400050000000100000018000000050000007959efc916000030500001000000010000000100000068656c6c6f00"
)
HELLO_TO_HELLO_EXCLAIMED = bytes.fromhex(
    "03000000020000000000040005000000060000007959efc99f36796518000000060000000500"
    "00009f36796516000030600001000000010000000100000068656c6c6f21"
)


def decoded(data: bytes) -> bytes:
    return OabFile.from_bytes(b"".join(compressed(data))).read()


def patched(pairs: Iterable[Pair]) -> bytes:
    """Return what libmspack makes of the old file, and check that the difference was made for the new one."""
    pairs = list(pairs)
    old, new = b"".join(pair[0] for pair in pairs), b"".join(pair[1] for pair in pairs)
    found = OabPatch.from_bytes(b"".join(difference(pairs, [old], [new]))).read(old)
    assert found == new
    return found


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def test_6_4_golden_the_checksum_of_hello() -> None:
    assert crc(b"hello") == 0xC9EF5979


def test_6_4_golden_hello_as_a_block_of_bytes_as_they_are() -> None:
    assert b"".join(compressed(b"hello")) == HELLO
    assert OabFile.from_bytes(HELLO).read() == b"hello"


def test_6_4_golden_the_difference_of_hello() -> None:
    assert b"".join(difference([(b"hello", b"hello!")], [b"hello"], [b"hello!"])) == HELLO_TO_HELLO_EXCLAIMED
    assert OabPatch.from_bytes(HELLO_TO_HELLO_EXCLAIMED).read(b"hello") == b"hello!"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [b"", b"abc def/ghi ", b"\0"])
def test_6_4_whatever_is_compressed_is_decoded_by_libmspack(size: int, seed: bytes) -> None:
    data = (seed * (size // len(seed) + 1))[:size] if seed else noise(size)
    assert decoded(data) == data


@pytest.mark.parametrize("size", SIZES)
def test_6_4_bytes_as_they_are_take_little_more_room(size: int) -> None:
    assert len(stored(noise(size))) <= size + 22 * (size // CHUNK + 1)


@pytest.mark.parametrize("size", SIZES)
def test_6_4_every_block_is_flagged_as_compressed(size: int) -> None:
    data = b"".join(compressed(noise(size)))
    flags, place = [], 16
    while place < len(data):
        flags.append(int.from_bytes(data[place : place + 4], "little"))
        place += 16 + int.from_bytes(data[place + 4 : place + 8], "little")
    assert set(flags) <= {1}
    assert len(flags) == -(-size // BLOCK)


@given(st.lists(st.sampled_from([b"a", b"bc", b"def\0", b"/cn=", b"x" * 300, b"Engineer\0", noise(40)]), max_size=400))
def test_any_words_are_decoded(words: list[bytes]) -> None:
    data = b"".join(words)
    assert decoded(data) == data


def test_records_take_a_third_of_their_room() -> None:
    data = b"".join(records.details("All", "g", 1, list(book(range(3000)).values())))
    assert decoded(data) == data
    assert len(b"".join(compressed(data))) < len(data) / 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"", b"old words\0", noise(50), b"a" * 70000]),
            st.sampled_from([b"", b"new words\0", b"old words\0", noise(50), b"a" * 70000, noise(40000, 1)]),
        ),
        max_size=12,
    )
)
def test_any_difference_makes_the_new_file_of_the_old_one(pairs: list[Pair]) -> None:
    patched(pairs)


@pytest.mark.parametrize("size", SIZES)
def test_6_4_what_has_not_changed_costs_next_to_nothing(size: int) -> None:
    pairs = [(noise(1000, number),) * 2 for number in range(size // 1000)]
    patched([*pairs, (noise(size % 1000),) * 2])
    data = b"".join(pair[0] for pair in pairs)
    assert len(b"".join(difference(pairs, [data], [data]))) < 28 + 250 * (size // lzx._TARGET + 1)


def test_6_4_a_day_s_changes_of_an_address_book_cost_what_they_are() -> None:
    old = book(range(3000))
    new = {**{key: value for key, value in old.items() if key > "02"}, **book(range(3000, 3010))}
    for key in list(new)[::100]:
        new[key] = new[key].replace(b"Example Ltd", b"Other Ltd..")
    keys = sorted({*old, *new})
    patched((old.get(key, b""), new.get(key, b"")) for key in keys)
    data, after = list(old.values()), [new[key] for key in sorted(new)]
    pairs = [(old.get(key, b""), new.get(key, b"")) for key in keys]
    assert len(b"".join(difference(pairs, data, after))) < len(b"".join(compressed(b"".join(after)))) / 20


def test_a_million_bytes_that_are_gone_are_skipped() -> None:
    gone = [(noise(1000, number), b"") for number in range(1000)]
    patched([*gone, (b"stays", b"stays")])
    patched([(b"stays", b"stays"), *gone, (b"x", b"y"), (b"z", b"z")])
    patched([(b"stays", b"stays"), *gone])


def test_a_million_bytes_that_are_new_need_no_source() -> None:
    patched([(b"stays", b"stays"), *((b"", noise(1000, number)) for number in range(1000))])


def test_one_entry_may_be_larger_than_a_block() -> None:
    patched([(noise(300000), noise(300000) + noise(600000, 1)), (noise(5), b"")])


@pytest.mark.negative
def test_a_difference_for_another_file_is_noticed() -> None:
    data = b"".join(difference([(b"hello there" * 9, b"hello here" * 9)], [b"hello there" * 9], [b"hello here" * 9]))
    with pytest.raises(Exception, match="failed"):
        OabPatch.from_bytes(data).read(b"HELLO THERE" * 9)


def test_the_same_input_gives_the_same_bytes() -> None:
    data = b"".join(book(range(500)).values())
    assert b"".join(compressed(data)) == b"".join(compressed(bytes(bytearray(data))))


# By the letter of [MS-PATCH]


def blocks_of(data: bytes, header: int, place: int) -> list[tuple[bytes, int, int]]:
    """Return the blocks of a container: (stream, size of the target, size of the source)."""
    found = []
    while place < len(data):
        words = [int.from_bytes(data[place + 4 * each : place + 4 * each + 4], "little") for each in range(4)]
        size, target, source = (words[1], words[2], 0) if header == 1 else words[:3]
        found.append((data[place + 16 : place + 16 + size], target, source))
        place += 16 + size
    return found


def strictly(data: bytes) -> bytes:
    """Return what a strict decoder makes of a compressed file."""
    return b"".join(strict.decode(stream, size) for stream, size, _ in blocks_of(data, 1, 16))


@pytest.mark.parametrize("size", [1, 5, CHUNK - 1, CHUNK, CHUNK + 1, BLOCK + 1])
@pytest.mark.parametrize("seed", [b"", b"abc def/ghi ", b"\0"])
def test_a_strict_decoder_finds_nothing_amiss(size: int, seed: bytes) -> None:
    data = (seed * (size // len(seed) + 1))[:size] if seed else noise(size)
    assert strictly(b"".join(compressed(data))) == data


def test_a_strict_decoder_reads_records() -> None:
    data = b"".join(book(range(1500)).values())
    assert strictly(b"".join(compressed(data))) == data


def test_a_strict_decoder_steps_from_one_book_to_the_next() -> None:
    old = book(range(1500))
    new = {**{key: value for key, value in old.items() if key > "08"}, **book(range(1500, 1550))}
    pairs = [(old.get(key, b""), new.get(key, b"")) for key in sorted({*old, *new})]
    before, after = b"".join(old.values()), b"".join(new[key] for key in sorted(new))
    found, begin = [], 0
    for stream, target, source in blocks_of(b"".join(difference(pairs, [before], [after])), 2, 28):
        found.append(strict.decode(stream, target, before[begin : begin + source]))
        begin += source
    assert b"".join(found) == after
