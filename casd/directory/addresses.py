"""The one spelling under which a mail address or a domain is looked up."""

from __future__ import annotations

import re
from unicodedata import normalize

import idna

_LONGEST = 320
"""Characters of an address (RFC 5321 4.5.3.1); Unicode's normalisations are too slow to be fed anything longer."""

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


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
    if len(address) > _LONGEST:
        raise ValueError(f"an address has at most {_LONGEST} characters")
    local, at, domain = address.rpartition("@")
    folded = normalize("NFC", normalize("NFD", local).casefold())
    return folded + at + normal_domain(domain)


def domain_of(address: str) -> str:
    """Return the normal domain of an address; ValueError if it cannot be one."""
    return normal_domain(address.rpartition("@")[2])


def with_normal_domain(address: str) -> str:
    """Return an address whose domain is normal, or as it came if it cannot be."""
    local, at, domain = address.rpartition("@")
    try:
        return local + at + normal_domain(domain)
    except ValueError:
        return address


def check_address(address: str) -> str:
    """Return the normal form of an address; ValueError when nobody could have it (RFC 5321 4.1.2, RFC 6531)."""
    normal = normal_address(address)
    local, at, domain = normal.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not local.isprintable():
        raise ValueError(f"{address!r} is not an address such as alice@example.org")
    check_domain(domain)
    return normal


def check_domain(domain: str) -> str:
    """Return the normal form of a domain; ValueError when DNS could not hold it (RFC 1123 2.1)."""
    normal = normal_domain(domain)
    if not _DOMAIN.fullmatch(normal):
        raise ValueError(f"{domain!r} is not a domain such as example.org")
    return normal
