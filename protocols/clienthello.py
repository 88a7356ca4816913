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


class FirstMessage:
    """Reads what comes first on a connection: each byte once, in however many pieces and records it comes."""

    __slots__ = ("_message", "_rest")

    def __init__(self) -> None:
        self._rest = bytearray()
        self._message = bytearray()

    def feed(self, data: bytes) -> Offer | None:
        """Take the next bytes; return what is offered, None while that is not whole.

        What is no ClientHello offers nothing: the TLS library has the last word on it.
        """
        self._rest += data
        try:
            self._gather()
            end = 4 + int.from_bytes(self._message[1:4], "big")
            return _offer(bytes(self._message[4:end])) if len(self._message) >= end else None
        except (IndexError, UnicodeDecodeError):
            return Offer()

    def _gather(self) -> None:
        """Take the records that are whole apart; a message may be spread over several."""
        rest, message, at = self._rest, self._message, 0
        while at < len(rest):
            if rest[at] != _HANDSHAKE:
                raise IndexError
            end = at + 5 + int.from_bytes(rest[at + 3 : at + 5], "big")
            if len(rest) < max(end, at + 5):
                break
            message += rest[at + 5 : end]
            at = end
            if message and message[0] != _CLIENT_HELLO:
                raise IndexError
            if not 0 < int.from_bytes(message[1:4], "big") <= LONGEST and len(message) >= 4:
                raise IndexError
        del rest[:at]


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
