"""Header blocks as they are written, read by the library's reader."""

from __future__ import annotations

import random

import pytest
from hpack import Decoder

from protocols.header_blocks import Pair, Writer, integer

ANSWER: list[Pair] = [
    (b":status", b"200"),
    (b"content-type", b"text/xml; charset=utf-8"),
    (b"x-feserver", b"fe1"),
    (b"set-cookie", b"x" * 300),
]


def read(reader: Decoder, block: bytes) -> list[Pair]:
    return [(field[0], field[1]) for field in reader.decode(block, raw=True)]


@pytest.mark.parametrize(
    ("value", "bits", "said"), [(10, 5, "0a"), (1337, 5, "1f9a0a"), (42, 8, "2a"), (31, 5, "1f00")]
)
def test_integers_are_those_of_the_specification(value: int, bits: int, said: str) -> None:
    assert integer(value, bits, 0).hex() == said


def test_what_is_said_again_costs_a_byte() -> None:
    writer, reader = Writer(), Decoder()
    blocks = [writer.encode(ANSWER) for _ in range(3)]
    assert [read(reader, block) for block in blocks] == [ANSWER] * 3
    assert min(len(blocks[0]), len(blocks[1])) > 300
    assert len(blocks[2]) == len(ANSWER)


def test_what_differs_each_time_pushes_nothing_out() -> None:
    writer, reader = Writer(), Decoder()
    for number in range(200):
        fields = [*ANSWER, (b"request-id", b"%d" % number)]
        block = writer.encode(fields)
        assert read(reader, block) == fields
    assert len(block) == len(ANSWER) + len(b"\x00\x0arequest-id\x03199")


def test_an_entry_that_is_too_large_for_the_table_is_told_in_full() -> None:
    writer, reader = Writer(), Decoder()
    fields = [(b"x-large", b"x" * 5000)]
    for _ in range(3):
        block = writer.encode(fields)
        assert read(reader, block) == fields
        assert len(block) > 5000


def test_a_reader_says_how_much_it_keeps() -> None:
    writer, reader = Writer(), Decoder()
    for size in (100, 0, 4096):
        writer.header_table_size = size
        for _ in range(3):
            assert read(reader, writer.encode(ANSWER)) == ANSWER
        assert reader.header_table.maxsize == size


def test_a_table_that_grows_again_before_the_next_head_was_empty_between() -> None:
    writer, reader = Writer(), Decoder()
    for _ in range(3):
        read(reader, writer.encode(ANSWER))
    writer.header_table_size = 0
    writer.header_table_size = 4096
    for _ in range(3):
        assert read(reader, writer.encode(ANSWER)) == ANSWER


@pytest.mark.negative
def test_no_reader_has_us_keep_more_than_we_want() -> None:
    writer, reader = Writer(1000), Decoder()
    reader.max_allowed_table_size = 2**30
    writer.header_table_size = 2**30
    assert writer.header_table_size == 1000
    assert read(reader, writer.encode(ANSWER)) == ANSWER
    assert reader.header_table.maxsize == 1000


def test_both_sides_keep_the_same_table() -> None:
    dice = random.Random(7541)
    names = [b"x-%d" % number for number in range(30)] + [b"content-type", b"date", b"server", b":status"]
    values = [b"v" * length for length in (0, 1, 7, 126, 127, 128, 255, 256, 400)] + [b"200", b"404"]
    writer, reader = Writer(), Decoder()
    for _ in range(2000):
        if dice.random() < 0.02:
            writer.header_table_size = dice.choice((0, 40, 300, 2000, 4096))
        fields = [(dice.choice(names), dice.choice(values)) for _ in range(dice.randrange(1, 12))]
        assert read(reader, writer.encode(fields)) == fields
