"""Questions to the name servers of this machine, each answered within seconds or not at all."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

from attrs import frozen
from twisted.names import dns

PATIENCE = 2.0
"""Seconds for an answer of one name server."""

_MOST_SERVERS = 2
"""Name servers that are asked; the next one only if the one before says nothing."""

_PORT = 53
_LARGEST = 65535
_TYPES = {"A": dns.A, "AAAA": dns.AAAA, "SRV": dns.SRV, "TXT": dns.TXT}


class NoAnswer(Exception):
    """No name server has answered; the text says what they did instead."""


def name_servers(file: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """Return the addresses of the name servers that this machine asks (resolv.conf(5))."""
    try:
        lines = [line.split() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        lines = []
    return tuple(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver") or ("127.0.0.1",)


def by_socket(server: str, question: bytes, *, stream: bool) -> bytes:
    """Return what a name server answers, to a datagram or over a connection (RFC 1035 section 4.2)."""
    if stream:
        with socket.create_connection((server, _PORT), PATIENCE) as wire, wire.makefile("rwb") as file:
            file.write(len(question).to_bytes(2, "big") + question)
            file.flush()
            return file.read(int.from_bytes(file.read(2), "big"))
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.settimeout(PATIENCE)
        wire.connect((server, _PORT))  # so that nobody else's datagram comes in
        wire.send(question)
        return wire.recv(_LARGEST)


@frozen
class Asker:
    """Asks name servers, one after the other; it blocks, and may be used by several threads."""

    servers: Sequence[str]
    exchange: Callable[..., bytes] = by_socket

    def ask(self, name: str, kind: str) -> frozenset[str]:
        """Return the values of a name's records, as a zone file has them; none if there are none; or raise `NoAnswer`.

        An alias is followed. `kind` is A, AAAA, SRV or TXT.
        """
        failures = []
        for server in self.servers[:_MOST_SERVERS]:
            try:
                return _values(self._answer(server, name, kind), _TYPES[kind])
            except (OSError, EOFError, ValueError, NoAnswer) as error:
                failures.append(f"{server}: {str(error) or type(error).__name__}")
        raise NoAnswer("; ".join(failures))

    def _answer(self, server: str, name: str, kind: str) -> dns.Message:
        question = dns.Message(secrets.randbelow(2**16), recDes=1)
        question.addQuery(name.encode("idna"), _TYPES[kind])
        asked = question.toStr()
        answer = _read(question, self.exchange(server, asked, stream=False))
        return _read(question, self.exchange(server, asked, stream=True)) if answer.trunc else answer


def _read(question: dns.Message, data: bytes) -> dns.Message:
    answer = dns.Message()
    answer.fromStr(data)
    if not answer.answer or answer.id != question.id or answer.queries != question.queries:
        raise NoAnswer("what came is not the answer to the question")
    if answer.rCode not in {dns.OK, dns.ENAME}:
        raise NoAnswer(f"it refuses with code {answer.rCode}")
    return answer


def _values(answer: dns.Message, kind: int) -> frozenset[str]:
    return frozenset(_value(record.payload) for record in answer.answers if record.type == kind)


def _value(payload: object) -> str:
    match payload:
        case dns.Record_A():
            return str(payload.dottedQuad())
        case dns.Record_AAAA():
            return str(ip_address(payload.address))
        case dns.Record_SRV():
            target = str(payload.target).rstrip(".").lower() or "."
            return f"{payload.priority} {payload.weight} {payload.port} {target}"
        case dns.Record_TXT():
            return b"".join(payload.data).decode("utf-8", "replace")
    raise NoAnswer(f"it sent a {type(payload).__name__}")
