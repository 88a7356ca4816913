"""What HTTP proxies say of their clients, read link by link."""

from __future__ import annotations

import pytest

from protocols.forwarded import addresses


def test_a_chain_may_be_one_line_or_several() -> None:
    assert addresses(b"x-forwarded-for", [b"192.0.2.7, 10.0.0.1", b"10.0.0.2"]) == ["192.0.2.7", "10.0.0.1", "10.0.0.2"]
    said = [b'for=192.0.2.7;proto=https;by=10.0.0.1, For="[2001:db8::7]:4711"', b"host=x;for=10.0.0.2"]
    assert addresses(b"forwarded", said) == ["192.0.2.7", "2001:db8::7", "10.0.0.2"]


@pytest.mark.parametrize(
    ("entry", "address"),
    [
        (b"192.0.2.7", "192.0.2.7"),
        (b"192.0.2.7:4711", "192.0.2.7"),
        (b"2001:db8::7", "2001:db8::7"),
        (b"[2001:db8::7]", "2001:db8::7"),
        (b"[2001:db8::7]:4711", "2001:db8::7"),
        (b"unknown", ""),
        (b"_hidden", ""),
        (b"", ""),
        (b"192.0.2.7 evil", ""),
        (b"192.0.2.7\t,", ""),
    ],
)
def test_a_link_is_an_address_or_nothing(entry: bytes, address: str) -> None:
    assert addresses(b"x-forwarded-for", [entry])[-1] == address


@pytest.mark.negative
@pytest.mark.parametrize(
    "said",
    [
        b"for=192.0.2.7;for=10.0.0.1",
        b"notfor=192.0.2.7",
        b'for="192.0.2.7',
        b'for="192.0.2.7\\"',
        b"by=192.0.2.7",
        b"for=192.0.2.7 x",
    ],
)
def test_an_entry_that_could_be_read_in_two_ways_names_nobody(said: bytes) -> None:
    assert addresses(b"forwarded", [said]) == [""]
