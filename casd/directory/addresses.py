"""The one spelling under which a mail address or a domain is looked up."""

from __future__ import annotations

from unicodedata import normalize

import idna


def normal_domain(domain: str) -> str:
    """Return a domain in lower-case A-labels; ValueError when it cannot be one (RFC 5891, UTS 46)."""
    if domain.isascii():
        return domain.lower()
    return idna.encode(domain, uts46=True).decode("ascii")  # its IDNAError is a ValueError


def normal_address(address: str) -> str:
    """Return an address whose local part is case-folded and whose domain is normal; ValueError if it cannot be.

    RFC 5321 2.4 lets the receiving side ignore the case of a local part, and ours does.
    """
    if address.isascii():
        return address.lower()
    local, at, domain = address.rpartition("@")
    folded = normalize("NFC", normalize("NFD", local).casefold())
    return folded + at + normal_domain(domain)


def domain_of(address: str) -> str:
    """Return the normal domain of an address; ValueError if it cannot be one."""
    return normal_domain(address.rpartition("@")[2])
