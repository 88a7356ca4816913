"""The first message of a TLS client: which server it names and which protocols it offers (RFC 8446 section 4.1.2)."""

from __future__ import annotations

from typing import NamedTuple

LONGEST = 16 * 1024
"""Bytes that are looked at: a ClientHello is some hundred bytes, a few thousand with post-quantum keys."""

_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN = 0, 16


class Offer(NamedTuple):
    """What a client asked for: `server_name` may be empty, `protocols` is None when it offers no choice of them."""

    server_name: str = ""
    protocols: tuple[bytes, ...] | None = None


def read_offer(data: bytes) -> Offer | None:
    """Return what the records at the beginning of a connection offer, None while they are not whole.

    What is no ClientHello offers nothing: the TLS library has the last word on it.
    """
    try:
        message = _message(data)
        return None if message is None else _offer(message)
    except (IndexError, UnicodeDecodeError):
        return Offer()


def _message(data: bytes) -> bytes | None:
    """Return the first handshake message without its head; it may be spread over several records."""
    message, at = b"", 0
    while at + 5 <= len(data):
        if data[at] != _HANDSHAKE:
            raise IndexError
        size = int.from_bytes(data[at + 3 : at + 5], "big")
        message += data[at + 5 : at + 5 + size]
        at += 5 + size
        if message and message[0] != _CLIENT_HELLO:
            raise IndexError
        length = int.from_bytes(message[1:4], "big")
        if length > LONGEST:
            raise IndexError
        if len(message) >= 4 + length > 4:
            return message[4 : 4 + length]
    if data and data[0] != _HANDSHAKE:
        raise IndexError
    return None


def _offer(message: bytes) -> Offer:
    at = 34  # behind version and random
    at += 1 + message[at]  # session id
    at += 2 + int.from_bytes(message[at : at + 2], "big")  # cipher suites
    at += 1 + message[at]  # compression methods
    name, protocols = "", None
    at += 2
    while at + 4 <= len(message):
        kind = int.from_bytes(message[at : at + 2], "big")
        end = at + 4 + int.from_bytes(message[at + 2 : at + 4], "big")
        body = message[at + 4 : end]
        if kind == _SERVER_NAME:  # RFC 6066 section 3: a list, whose only kind of entry is a host name
            name = body[5 : 5 + int.from_bytes(body[3:5], "big")].decode("ascii").lower()
        elif kind == _ALPN:  # RFC 7301 section 3.1
            protocols = _names(body[2:])
        at = end
    return Offer(name, protocols)


def _names(body: bytes) -> tuple[bytes, ...]:
    names, at = [], 0
    while at < len(body):
        names.append(body[at + 1 : at + 1 + body[at]])
        at += 1 + body[at]
    return tuple(names)
