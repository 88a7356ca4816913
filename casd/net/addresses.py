"""Addresses of peers: one spelling for each, and whether it is in a list of networks."""

from __future__ import annotations

import ipaddress
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address

from casd.model import Networks


def plain(host: str) -> str:
    """Return the IPv4 address that a socket for both families writes as `::ffff:192.0.2.1`; any other as it is."""
    if host[:7].lower() != "::ffff:" or not is_address(host):
        return host
    mapped = ipaddress.IPv6Address(host.partition("%")[0]).ipv4_mapped
    return str(mapped) if mapped else host


def is_address(host: str) -> bool:
    """Say whether a text is an address of either family."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def within(host: str, networks: Networks) -> bool:
    """Say whether an address is in one of the networks; what is no address is in none."""
    if not networks:
        return False
    host = plain(host).partition("%")[0]
    return is_address(host) and any(ipaddress.ip_address(host) in network for network in networks)


def address_of(name: Any) -> IPv4Address | IPv6Address:
    """Return what a socket says of an end as Twisted says it."""
    if not name:
        return IPv4Address("TCP", "", 0)  # the peer was gone before it was asked
    host = plain(name[0])
    return IPv6Address("TCP", host, *name[1:]) if ":" in host else IPv4Address("TCP", host, name[1])
