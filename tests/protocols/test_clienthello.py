"""A client's first message is read as far as is needed, and never fails."""

from __future__ import annotations

import ssl
import time

import pytest

from protocols.clienthello import FirstMessage, Offer


def read_offer(data: bytes) -> Offer | None:
    return FirstMessage().feed(data)


def hello(*protocols: str, name: str | None = "mail.example.org") -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def test_what_a_client_offers() -> None:
    assert read_offer(hello("h2", "http/1.1")) == Offer("mail.example.org", (b"h2", b"http/1.1"))
    assert read_offer(hello()) == Offer("mail.example.org", None)
    assert read_offer(hello("imap", name=None)) == Offer("", (b"imap",))


def test_it_may_come_byte_by_byte_and_in_several_records() -> None:
    whole = hello("h2")
    assert [read_offer(whole[:size]) for size in range(len(whole))] == [None] * len(whole)
    body = whole[5:]
    records = [
        b"\x16\x03\x01" + len(body[at : at + 50]).to_bytes(2, "big") + body[at : at + 50]
        for at in range(0, len(body), 50)
    ]
    assert read_offer(b"".join(records)) == Offer("mail.example.org", (b"h2",))
    first = FirstMessage()
    assert [first.feed(record) for record in records] == [None] * (len(records) - 1) + [
        Offer("mail.example.org", (b"h2",))
    ]


def test_what_follows_in_the_same_record_is_not_read() -> None:
    whole = hello()
    more = b"\x00\x10\x00\x05\x00\x03\x02h2"  # as another extension
    size = int.from_bytes(whole[3:5], "big") + len(more)
    assert read_offer(whole[:3] + size.to_bytes(2, "big") + whole[5:] + more) == Offer("mail.example.org", None)


@pytest.mark.negative
def test_many_small_records_cost_no_more_than_their_bytes() -> None:
    first = FirstMessage()
    began = time.process_time()
    for byte in b"\x01\x00\x3f\xff" + bytes(16_000):
        assert first.feed(b"\x16\x03\x01\x00\x01" + bytes([byte])) is None
    assert time.process_time() - began < 2  # a minute, if each began anew


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ],
)
def test_what_is_no_first_message_offers_nothing(data: bytes) -> None:
    assert read_offer(data) == Offer()


def test_a_broken_message_is_left_to_the_library() -> None:
    whole = bytearray(hello("h2"))
    for at in range(9, len(whole)):
        broken = bytes(whole[:at]) + b"\xff" + bytes(whole[at + 1 :])
        read_offer(broken)
