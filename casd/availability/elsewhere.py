"""Servers that the directory does not have, made of URLs."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from attrs import frozen

from casd.model import Endpoint, Server, ServerKind


@frozen
class Url:
    """Where a URL of https leads, and the path to ask at."""

    endpoint: Endpoint
    path: str


def taken_apart(url: str) -> Url | None:
    """Return where a URL leads; None if it is none of https, or names a user."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        fine = parts.scheme == "https" and host and parts.username is None and url.isprintable()
        return Url(Endpoint(host, parts.port or 443), quote(parts.path or "/", safe="/%")) if fine else None
    except ValueError:  # of UnicodeError too
        return None


def server(whose: str, endpoint: Endpoint, authority: str) -> Server:
    """Return the server at an endpoint as if the directory had it; `authority` vouches for it (PEM)."""
    return Server(
        f"{whose} ({endpoint})",
        "",
        endpoints={"http": endpoint},
        tls_name=endpoint.host,
        ca=authority,
        kind=ServerKind.EXCHANGE,
    )
