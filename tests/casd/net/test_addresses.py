"""One spelling for each address."""

from __future__ import annotations

from pathlib import Path

import pytest

from casd.config import networks
from casd.net.addresses import is_address, plain, within

INSIDE = networks("10.0.0.0/8 fd00::/8", Path())


@pytest.mark.parametrize(
    ("host", "same"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("::ffff:nonsense", "::ffff:nonsense"),
        ("::ffff:0:0:1", "::ffff:0:0:1"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_an_address_has_one_spelling(host: str, same: str) -> None:
    assert plain(host) == same


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "fd00::1%eth0"])
def test_a_listed_network_holds_its_addresses(host: str) -> None:
    assert within(host, INSIDE)


@pytest.mark.parametrize("host", ["11.1.2.3", "2001:db8::7", "", "mail.example.org", "10.1.2.3.example.org"])
def test_it_holds_nothing_else(host: str) -> None:
    assert not within(host, INSIDE)
    assert not within("10.1.2.3", ())
    assert is_address("10.1.2.3")
