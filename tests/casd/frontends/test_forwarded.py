"""Who the client is behind HTTP proxies: listed ones are believed, nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casd.config import networks
from casd.frontends.forwarded import forwarded_field
from tests.casd.estate import Estate, basic_auth, get

LISTED = networks("10.0.0.0/8 192.0.2.7", Path())


def told(estate: Estate) -> str:
    """Return which client the mailbox server was told of last: in the fields and in the signed statement."""
    asked = estate.servers.last()
    (forwarded,), (client,) = asked.head.all(b"x-forwarded-for"), asked.head.all(b"x-fe-clientip")
    assert forwarded == client == asked.assertion.client.encode()
    return client.decode()


def behind(folder: Path, said: bytes, address: str = "10.0.0.1", **more: Any) -> str:
    """Return which client a mailbox server is told of."""
    estate = Estate(folder, limits={"trusted_proxies": LISTED, **more})
    estate.client(address).send(get("/ews/", basic_auth() + said))
    return told(estate)


@pytest.mark.parametrize(
    ("said", "client"),
    [
        (b"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 203.0.113.9, 10.9.9.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.9.9.9\r\n", "203.0.113.9"),
        (b"X-Forwarded-For: ::ffff:203.0.113.9\r\n", "203.0.113.9"),
        (b"", "10.0.0.1"),
        (b"X-Forwarded-For: unknown\r\n", "10.0.0.1"),
        (b"X-Forwarded-For: 203.0.113.9, unknown, 10.9.9.9\r\n", "10.9.9.9"),
    ],
)
def test_a_listed_proxy_is_believed(tmp_path: Path, said: bytes, client: str) -> None:
    assert behind(tmp_path, said) == client


def test_a_standardised_field_is_read_where_it_is_named(tmp_path: Path) -> None:
    said = b'X-Forwarded-For: 198.51.100.66\r\nForwarded: for="[2001:db8::7]:5"\r\n'
    assert behind(tmp_path, said, forwarded_field=b"forwarded") == "2001:db8::7"
    with pytest.raises(ValueError, match=r"neither"):
        forwarded_field("X-Real-IP", Path())
    assert forwarded_field("Forwarded", Path()) == b"forwarded"


@pytest.mark.negative
@pytest.mark.parametrize(
    ("said", "address", "client"),
    [
        (b"X-Forwarded-For: 10.1.1.1\r\n", "203.0.113.9", "203.0.113.9"),
        (b"X-Forwarded-For: 198.51.100.66, 203.0.113.9\r\n", "10.0.0.1", "203.0.113.9"),
        (b"Forwarded: for=198.51.100.66\r\n", "10.0.0.1", "10.0.0.1"),
        (b"X_Forwarded_For: 198.51.100.66\r\n", "10.0.0.1", "10.0.0.1"),
        (b"X-Real-IP: 198.51.100.66\r\n", "10.0.0.1", "10.0.0.1"),
    ],
)
def test_nobody_else_says_who_the_client_is(tmp_path: Path, said: bytes, address: str, client: str) -> None:
    assert behind(tmp_path, said, address) == client


@pytest.mark.negative
def test_what_a_stranger_says_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.frontends.forwarded.addresses", None)
    assert behind(tmp_path, b"X-Forwarded-For:" + b"," * 60_000 + b"\r\n", "203.0.113.9") == "203.0.113.9"


@pytest.mark.negative
def test_one_connection_of_a_proxy_carries_many_clients(tmp_path: Path) -> None:
    estate = Estate(tmp_path, limits={"trusted_proxies": LISTED})
    client = estate.client("10.0.0.1")
    heard = []
    for address in (b"203.0.113.9", b"203.0.113.10", b"203.0.113.10", b"203.0.113.9"):
        client.send(get("/ews/", basic_auth() + b"X-Forwarded-For: %b\r\n" % address))
        heard.append(told(estate))
        estate.servers.last().answer(b"well")
    assert heard == ["203.0.113.9", "203.0.113.10", "203.0.113.10", "203.0.113.9"]
