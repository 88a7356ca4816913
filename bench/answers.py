"""What a mailbox server's stand-in answers, whatever protocol it is asked in: how much, when, and the seal on it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from protocols.handover import seal, verify

LARGEST = 65536
BLOCK = b"x" * LARGEST


class Waiting(Protocol):
    """A request that has not been answered yet."""

    def release(self) -> None:
        """Answer it now."""


class Answers:
    """One server's name, hand-over keys, and the requests that wait."""

    def __init__(self, name: str, keys: Mapping[str, bytes]) -> None:
        self.waiting: set[Waiting] = set()
        self._name = name
        self._keys = keys
        self._first = next(iter(keys.items()))

    def seal(self, token: bytes, method: bytes, target: bytes) -> bytes:
        """Return what seals an answer to a request with this assertion; `BadAssertion` when it does not hold."""
        assertion = verify(
            token, self._keys, server=self._name, method=method.decode(), target=target.decode(), now=time.time()
        )
        return seal(assertion.request_id, assertion.mailbox, *self._first)

    def release(self) -> int:
        """Answer all that waits; return how many that were."""
        waiting = list(self.waiting)
        for one in waiting:
            one.release()
        return len(waiting)


@lru_cache
def wanted(target: bytes) -> tuple[int, bool]:
    """Return how many bytes a target asks for (`?size=N`, else 1024), and whether it waits for them (`?Cmd=Ping`)."""
    query = parse_qs(urlsplit(target.decode()).query)
    return int(query.get("size", ["1024"])[0]), query.get("Cmd") == ["Ping"]
