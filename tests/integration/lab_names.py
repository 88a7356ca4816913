"""The name server of a lab, which also keeps its namespaces alive; run as a process with a file of records (JSON).

The file maps each name to its records, each a kind and a value: {"www.example.org": [["A", "127.0.0.1"]]}.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
from pathlib import Path
from typing import Any

from twisted.internet import reactor  # noqa: TID251 - a program of its own
from twisted.internet.defer import Deferred, fail, succeed
from twisted.names import dns, server

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_KINDS = {"A": dns.A, "CNAME": dns.CNAME, "SRV": dns.SRV, "TXT": dns.TXT}

Records = dict[str, list[tuple[str, str]]]


class Names:
    """Answers from a table, and follows aliases within it."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def query(self, query: dns.Query, timeout: Any = None) -> Deferred[Any]:
        name = query.name.name.decode().lower()
        if name not in self._records:
            return fail(dns.DomainError(name))
        answers: list[dns.RRHeader] = []
        while name:
            found = self._records.get(name, [])
            answers += [_header(name, *one) for one in found if _KINDS[one[0]] in {query.type, dns.CNAME}]
            name = next((value for kind, value in found if kind == "CNAME"), "")
        return succeed((answers, [], []))


def _header(name: str, kind: str, value: str) -> dns.RRHeader:
    return dns.RRHeader(name.encode(), _KINDS[kind], ttl=60, payload=_payload(kind, value), auth=True)


def _payload(kind: str, value: str) -> Any:
    match kind:
        case "A":
            return dns.Record_A(value)
        case "CNAME":
            return dns.Record_CNAME(value.encode())
        case "SRV":
            priority, weight, port, target = value.split()
            return dns.Record_SRV(int(priority), int(weight), int(port), target.encode())
    return dns.Record_TXT(value.encode())


def bring_up_loopback() -> None:
    """Have a new network namespace reach itself (netdevice(7))."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def main(file: str) -> None:
    """Answer until killed."""
    bring_up_loopback()
    factory = server.DNSServerFactory(clients=[Names(json.loads(Path(file).read_text()))])
    reactor.listenUDP(53, dns.DNSDatagramProtocol(factory), interface="127.0.0.1")
    reactor.listenTCP(53, factory, interface="127.0.0.1")
    reactor.callWhenRunning(print, "ready", flush=True)
    reactor.run()


if __name__ == "__main__":
    main(sys.argv[1])
