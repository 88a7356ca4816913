"""The PROXY protocol, versions 1 and 2: what a load balancer says first about the connection behind it.

Sections are those of HAProxy's "The PROXY protocol" (2020/03/05). `parse` gives None while bytes are missing, and
refuses as soon as no byte to come could make a header of what is there.
"""

from __future__ import annotations

import re
import struct
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple

LONGEST_V1 = 107
"""Bytes of a line with two IPv6 addresses, its CRLF included (section 2.1)."""

LONGEST_V2 = 4096
"""Bytes of a binary header with everything in it. The field could say 64 KiB; nginx stops at 4 KiB as well."""

_V1 = b"PROXY "
_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_HEAD = struct.Struct("!12sBBH")
_NUMBER = re.compile(rb"0|[1-9][0-9]{0,4}")
_WORDS: dict[bytes, type[IPv4Address] | type[IPv6Address]] = {b"TCP4": IPv4Address, b"TCP6": IPv6Address}
_LOCAL, _PROXY = 0x20, 0x21
_UNSPECIFIED, _TCP4, _TCP6 = 0x00, 0x11, 0x21
_WIDTHS = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36}
_CRC32C = 0x03


class BadHeader(ValueError):
    """This is no PROXY header: the connection must be closed."""


class Peer(NamedTuple):
    """One end of a TCP connection."""

    host: str
    port: int


class Header(NamedTuple):
    """Who connected to what, both None for a connection of the balancer's own; `tlvs` are (type, value)."""

    source: Peer | None
    destination: Peer | None
    tlvs: tuple[tuple[int, bytes], ...]
    size: int


def parse(data: bytes) -> Header | None:
    """Return the header at the beginning of `data`, None when it has not come whole; `BadHeader`."""
    if data[:6] == _V1[: len(data)]:
        return _parse_v1(data)
    if data[:12] == _V2[: len(data)]:
        return _parse_v2(data)
    raise BadHeader("neither version 1 nor version 2")


def write_v1(source: Peer | None = None, destination: Peer | None = None) -> bytes:
    """Return a line about a client's connection, or, without addresses, about one of our own."""
    if source is None or destination is None:
        return b"PROXY UNKNOWN\r\n"
    word = "TCP6" if ":" in source.host else "TCP4"
    return f"PROXY {word} {source.host} {destination.host} {source.port} {destination.port}\r\n".encode("ascii")


def write_v2(source: Peer | None = None, destination: Peer | None = None) -> bytes:
    """Return a binary header about a client's connection, or, without addresses, about one of our own."""
    if source is None or destination is None:
        return _HEAD.pack(_V2, _LOCAL, _UNSPECIFIED, 0)
    address, kind = (IPv6Address, _TCP6) if ":" in source.host else (IPv4Address, _TCP4)
    packed = [address(peer.host).packed for peer in (source, destination)]
    body = b"".join(packed) + struct.pack("!HH", source.port, destination.port)
    return _HEAD.pack(_V2, _PROXY, kind, len(body)) + body


# Section 2.1: one line for humans


def _parse_v1(data: bytes) -> Header | None:
    line, found, _ = data[:LONGEST_V1].partition(b"\r\n")
    if not found:
        if len(data) >= LONGEST_V1:
            raise BadHeader("a line over its limit")
        if b"\n" in line or b"\r" in line[:-1]:
            raise BadHeader("a line that does not end with CRLF")
        return None
    size = len(line) + 2
    words = line[len(_V1) :].split(b" ")
    if words[0] == b"UNKNOWN":  # what follows is to be ignored
        return Header(None, None, (), size)
    kind = _WORDS.get(words[0])
    if kind is None or len(words) != 5:
        raise BadHeader("a line with other words than expected")
    hosts = [_host(kind, word) for word in words[1:3]]
    ports = [_port(word) for word in words[3:]]
    return Header(Peer(hosts[0], ports[0]), Peer(hosts[1], ports[1]), (), size)


def _host(kind: type[IPv4Address] | type[IPv6Address], word: bytes) -> str:
    try:
        host = str(kind(word.decode("ascii")))
    except (AddressValueError, UnicodeDecodeError) as error:
        raise BadHeader(f"{word!r} is not an address of its family") from error
    if "%" in host:
        raise BadHeader(f"{word!r} has a zone, which means nothing on another host")
    return host


def _port(word: bytes) -> int:
    if not _NUMBER.fullmatch(word) or int(word) > 65535:
        raise BadHeader(f"{word!r} is not a port")
    return int(word)


# Section 2.2: a binary header


def _parse_v2(data: bytes) -> Header | None:
    if len(data) > 12 and data[12] not in {_LOCAL, _PROXY}:
        raise BadHeader(f"version and command {data[12]:#x}")
    if len(data) < _HEAD.size:
        return None
    _, command, kind, length = _HEAD.unpack_from(data)
    size = _HEAD.size + length
    if size > LONGEST_V2:
        raise BadHeader(f"{size} bytes are over the limit")
    if command == _PROXY and kind not in _WIDTHS:
        raise BadHeader(f"family and protocol {kind:#x}: neither TCP over IPv4 nor over IPv6")
    if command == _PROXY and length < _WIDTHS[kind]:
        raise BadHeader(f"{length} bytes cannot hold the addresses")
    if len(data) < size:
        return None
    if command == _LOCAL:  # all that follows is to be ignored
        return Header(None, None, (), size)
    tlvs = _tlvs(data[:size], _HEAD.size + _WIDTHS[kind])
    if kind == _UNSPECIFIED:
        return Header(None, None, tlvs, size)
    address, width = (IPv4Address, 4) if kind == _TCP4 else (IPv6Address, 16)
    body = data[_HEAD.size :]
    source, destination = (str(address(body[at : at + width])) for at in (0, width))
    ports = struct.unpack_from("!HH", body, 2 * width)
    return Header(Peer(source, ports[0]), Peer(destination, ports[1]), tlvs, size)


def _tlvs(header: bytes, at: int) -> tuple[tuple[int, bytes], ...]:
    """Split what follows the addresses (sections 2.2.1 to 2.2.7); what does not fit to the byte is refused."""
    found = []
    while at < len(header):
        end = at + 3 + int.from_bytes(header[at + 1 : at + 3], "big")
        value = header[at + 3 : end]
        if end > len(header):
            raise BadHeader("a TLV that is longer than the header")
        if header[at] == _CRC32C and value != _checksum(header[: at + 3] + bytes(4) + header[end:]):
            raise BadHeader("the checksum does not fit")
        found.append((header[at], value))
        at = end
    return tuple(found)


def _checksum(blank: bytes) -> bytes:
    """Return the value of the TLV for a header that has zeros in its place (section 2.2.3)."""
    return crc32c(blank).to_bytes(4, "big")


def crc32c(data: bytes) -> int:
    """Return the Castagnoli checksum (RFC 4960 appendix B); slow, for the few bytes of a header."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
