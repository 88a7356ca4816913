"""What HTTP proxies say of their clients: X-Forwarded-For, and Forwarded (RFC 7239)."""

from __future__ import annotations

import re

_FOR = re.compile(rb'(?:^|;)[ \t]*for=(?:"([^"\\]*)"|([^";,\s]*))[ \t]*(?=;|$)', re.IGNORECASE)
_NODE = re.compile(rb"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+)(?::\d{1,5})?|([0-9A-Fa-f:.]+)")


def addresses(field: bytes, values: list[bytes]) -> list[str]:
    """Return the addresses of all lines of a field (by its name in small letters), the last hop's last.

    An entry that names no address (`unknown`, an obfuscated name, nonsense) is empty.
    """
    entries = [entry.strip() for entry in b",".join(values).split(b",")]
    if field == b"forwarded":
        entries = [_forwarded(entry) for entry in entries]
    return [_address(entry) for entry in entries]


def _forwarded(entry: bytes) -> bytes:
    found = _FOR.findall(entry)
    return found[0][0] or found[0][1] if len(found) == 1 else b""


def _address(entry: bytes) -> str:
    match = _NODE.fullmatch(entry)
    return (match[1] or match[2] or match[3]).decode("ascii") if match else ""
