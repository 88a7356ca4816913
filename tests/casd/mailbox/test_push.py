"""Where notifications may be pushed to, and how."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from casd.mailbox.push import Push
from casd.model import Endpoint
from casd.net.tls import ClientTLS
from tests.casd.mailbox.conversation import Transport

ALLOWED = (Endpoint("client.example.org", 443), Endpoint("127.0.0.1", 8080))


class Line:
    """Opens connections that the test answers on."""

    def __init__(self) -> None:
        self.push = Push(ALLOWED, Clock(), self.connect)
        self.transport = Transport()
        self.opened: list[tuple[Endpoint, ClientTLS | None]] = []

    async def connect(self, endpoint: Endpoint, protocol: Any, tls: ClientTLS | None, _timeout: float) -> None:
        self.opened.append((endpoint, tls))
        protocol.makeConnection(self.transport)
        self.protocol = protocol

    def post(self, url: str, answer: bytes) -> list[Any]:
        outcome: list[Any] = []
        Deferred.fromCoroutine(self.push.post(url, b"<x/>", b"text/xml")).addBoth(outcome.append)
        if self.opened:
            self.protocol.dataReceived(answer)
        return outcome


@pytest.mark.parametrize(
    "url",
    [
        "https://client.example.org/told",
        "https://CLIENT.example.org:443/told?a=b",
        "http://127.0.0.1:8080",
    ],
)
def test_a_listed_place_is_allowed(url: str) -> None:
    assert Line().push.allows(url)


@pytest.mark.negative
@pytest.mark.parametrize(
    "url",
    [
        "https://client.example.org:444/",
        "http://client.example.org/",
        "https://other.example.org/",
        "https://client.example.org@other.example.org/",
        "https://user@client.example.org/",
        "https://other.example.org\\@client.example.org/",
        "https://client.example.org/\r\nHost: x",
        "https://client.example.org:x/",
        "ftp://127.0.0.1:8080/",
        "http://127.0.0.2:8080/",
        "//client.example.org/",
        "",
    ],
)
def test_nothing_else_is_pushed_to(url: str) -> None:
    line = Line()
    assert not line.push.allows(url)
    line.post(url, b"")
    assert line.opened == []


def test_a_document_is_posted_and_the_answer_returned() -> None:
    line = Line()
    assert line.post("http://127.0.0.1:8080/a?b#c", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") == [b"ok"]
    head = line.transport.value().partition(b"\r\n\r\n")[0]
    assert head.startswith(b"POST /a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert line.opened == [(ALLOWED[1], None)]


def test_a_redirection_is_not_followed() -> None:
    line = Line()
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://inside/\r\nContent-Length: 0\r\n\r\n"
    (failure,) = line.post("http://127.0.0.1:8080/", moved)
    assert failure.check(ValueError)
    assert len(line.opened) == 1


def test_a_client_of_https_must_prove_its_name() -> None:
    line = Line()
    line.post("https://client.example.org/", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    ((_, tls),) = line.opened
    assert tls is not None
    assert tls.name == "client.example.org"
