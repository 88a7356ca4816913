"""The client's address behind HTTP proxies: believed from listed ones, link by link from the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from casd.model import Networks
from casd.net.addresses import is_address, plain, within
from protocols.forwarded import addresses

_FIELDS = {"x-forwarded-for", "forwarded"}


def forwarded_field(value: str, _folder: Path) -> bytes:
    """Read which field counts. One only: a proxy that sets one of them passes the other on as its client wrote it."""
    if value.lower() not in _FIELDS:
        raise ValueError(f"{value!r} is neither X-Forwarded-For nor Forwarded")
    return value.lower().encode("ascii")


def client_of(exchange: Any, trusted: Networks, field: bytes) -> str:
    """Return the last address that no listed proxy has, as those behind it say; the connection's own from others."""
    client: str = exchange.channel.client
    if not within(client, trusted):
        return client  # nothing that a stranger says is even read
    said = addresses(field, exchange.head.all(field))
    while said:
        link = plain(said.pop())
        if not is_address(link):
            break
        client = link
        if not within(client, trusted):
            break
    return client
