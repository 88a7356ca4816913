"""The PROXY protocol: what a load balancer says is read to the byte, and nothing else passes for it."""

from __future__ import annotations

import struct

import pytest

from protocols.proxyprotocol import LONGEST_V1, LONGEST_V2, BadHeader, Header, Peer, crc32c, parse, write_v1, write_v2

CLIENT, FRONT = Peer("192.0.2.7", 56324), Peer("198.51.100.1", 443)
CLIENT6, FRONT6 = Peer("2001:db8::7", 56324), Peer("2001:db8::1", 443)
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
ADDRESSES = bytes([192, 0, 2, 7, 198, 51, 100, 1]) + struct.pack("!HH", 56324, 443)


def binary(rest: bytes, *, command: int = 0x21, kind: int = 0x11, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, kind, len(rest) if length is None else length) + rest


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack("!BH", kind, len(value)) + value


def test_version_1_is_a_line_for_humans() -> None:
    line = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"
    assert parse(line + b"\x16\x03\x01") == Header(CLIENT, FRONT, (), len(line))
    assert write_v1(CLIENT, FRONT) == line
    assert write_v1(CLIENT6, FRONT6) == b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"


def test_version_2_is_the_same_in_bytes() -> None:
    assert parse(binary(ADDRESSES) + b"\x16\x03\x01") == Header(CLIENT, FRONT, (), 28)
    assert write_v2(CLIENT, FRONT) == binary(ADDRESSES)


@pytest.mark.parametrize("write", [write_v1, write_v2])
@pytest.mark.parametrize("ends", [(CLIENT, FRONT), (CLIENT6, FRONT6), (None, None)])
def test_what_is_written_is_read_whole_and_never_sooner(write, ends) -> None:  # type: ignore[no-untyped-def]
    header = write(*ends)
    assert parse(header) == Header(*ends, (), len(header))
    assert [parse(header[:size]) for size in range(len(header))] == [None] * len(header)


@pytest.mark.parametrize(
    "header",
    [
        b"PROXY UNKNOWN\r\n",
        b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n",
        binary(b"", command=0x20, kind=0x00),
        binary(ADDRESSES, command=0x20),
        binary(b"ignored", command=0x20, kind=0x99),
        binary(b"", kind=0x00),
    ],
)
def test_a_connection_of_the_balancers_own_has_no_client(header: bytes) -> None:
    assert parse(header) == Header(None, None, (), len(header))


def test_more_may_be_said_behind_the_addresses() -> None:
    said = parse(binary(ADDRESSES + tlv(0x02, b"mail.example.org") + tlv(0x04, b"") + tlv(0x20, b"\0" * 5)))
    assert said is not None
    assert said.tlvs == ((0x02, b"mail.example.org"), (0x04, b""), (0x20, b"\0" * 5))


def test_a_checksum_is_compared() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    blank = binary(ADDRESSES + tlv(0x03, bytes(4)) + tlv(0x04, b"pad"))
    good = blank.replace(tlv(0x03, bytes(4)), tlv(0x03, crc32c(blank).to_bytes(4, "big")))
    assert parse(good)
    for bad in (blank, good.replace(b"pad", b"bad"), binary(ADDRESSES + tlv(0x03, b"\0" * 3))):
        with pytest.raises(BadHeader, match=r"checksum"):
            parse(bad)


@pytest.mark.negative
@pytest.mark.parametrize(
    "line",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET / HTTP/1.1\r\n",
        b"proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b" PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n",
        "PROXY TCP4 192.0.2.\u0667 198.51.100.1 1 2\r\n".encode(),
        b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r.",
        b"PROXY UNKNOWN " + b"x" * LONGEST_V1,
        b"PROXY UNKNOWN " + b"x" * LONGEST_V1 + b"\r\n",
    ],
)
def test_a_line_that_is_not_to_the_letter_is_refused(line: bytes) -> None:
    with pytest.raises(BadHeader):
        parse(line)


@pytest.mark.negative
@pytest.mark.parametrize(
    "header",
    [
        binary(ADDRESSES, command=0x11),
        binary(ADDRESSES, command=0x22),
        binary(ADDRESSES, kind=0x12),
        binary(ADDRESSES, kind=0x31),
        binary(ADDRESSES, kind=0x41),
        binary(ADDRESSES, kind=0x21),
        binary(ADDRESSES[:-1]),
        binary(ADDRESSES, length=11),
        binary(ADDRESSES, length=LONGEST_V2),
        binary(ADDRESSES + b"\x02\x00"),
        binary(ADDRESSES + b"\x02\x00\x05host"),
        SIGNATURE[:-1] + b"\r" + binary(ADDRESSES)[12:],
    ],
)
def test_bytes_that_do_not_fit_are_refused(header: bytes) -> None:
    with pytest.raises(BadHeader):
        parse(header)


@pytest.mark.negative
def test_a_length_that_promises_too_much_is_refused_before_it_comes() -> None:
    with pytest.raises(BadHeader, match=r"over the limit"):
        parse(binary(b"", length=65535))


@pytest.mark.negative
def test_a_wrong_beginning_is_refused_at_its_first_byte() -> None:
    with pytest.raises(BadHeader):
        parse(b"\x16")
