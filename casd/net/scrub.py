"""What a client may not say to a backend, and what a backend may not say to a client."""

from __future__ import annotations

from functools import lru_cache

from protocols.http1 import HOP_BY_HOP, Field, RequestHead, ResponseHead

_OWNED = frozenset(
    b"""x-commonaccesstoken x-isfromcafe x-sourcecafeserver msexchproxyuri msexchlogonmailbox x-msexchangeactivityctx
    return-client-request-id x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto forwarded
    x-real-ip x-fe-clientip x-backendoverridecookie x-beresource request-id
    authorization host content-length expect""".split()
)
"""Fields that only the front end may set, or that end here: a backend that trusts them must never see a client's."""

_OWNED_PREFIXES = (b"x-casd-", b"x-backend-diag-", b"x-anonresource")

_OWNED_COOKIES = frozenset(
    b"""cadata cadatattl cadatakey cadataiv cadatasig x-backendcookie x-backendoverridecookie x-beresource
    x-anonresource-backend x-anonresource securitytoken""".split()
)

_ANSWERED_HERE = frozenset(b"content-length request-id x-feserver x-calculatedbetarget x-backendhttpstatus".split())


@lru_cache(1024)
def _may_ask(name: bytes) -> bool:
    # Some servers read an underscore as a hyphen: what is owned is owned in both spellings.
    plain = name.replace(b"_", b"-")
    return plain not in _OWNED and plain not in HOP_BY_HOP and not plain.startswith(_OWNED_PREFIXES)


@lru_cache(1024)
def _may_answer(name: bytes) -> bool:
    return name not in _ANSWERED_HERE and name not in HOP_BY_HOP and not name.startswith(b"x-casd-")


def request_lines(head: RequestHead) -> bytes:
    """Return the client's own field lines that a backend may see."""
    named = _named_hops(head.fields)
    lines = []
    for lower, name, value in head.fields:
        if not _may_ask(lower) or lower in named:
            continue
        said = _cookies(value) if lower == b"cookie" else value
        if said or lower != b"cookie":
            lines.append(b"%b: %b\r\n" % (name, said))
    return b"".join(lines)


def response_lines(head: ResponseHead) -> bytes:
    """Return the backend's own field lines that a client may see."""
    named = _named_hops(head.fields)
    return b"".join(
        [
            b"%b: %b\r\n" % (name, value)
            for lower, name, value in head.fields
            if _may_answer(lower) and lower not in named
        ]
    )


def trailers(fields: list[Field]) -> list[Field]:
    """Return the trailers that may be passed on: none that frame, route or authenticate (RFC 9110 section 6.5.1)."""
    return [field for field in fields if _may_ask(field[0]) and field[0] not in {b"cookie", b"set-cookie"}]


def _named_hops(fields: list[Field]) -> frozenset[bytes]:
    """Return the fields that Connection fields name as ending at this hop."""
    named: frozenset[bytes] = frozenset()
    for lower, _, value in fields:
        if lower == b"connection" and value.lower() not in {b"keep-alive", b"close"}:
            named |= {word.strip().lower() for word in value.split(b",")}
    return named


def _cookies(value: bytes) -> bytes:
    kept = [pair.strip() for pair in value.split(b";")]
    return b"; ".join(pair for pair in kept if pair and pair.partition(b"=")[0].strip().lower() not in _OWNED_COOKIES)
