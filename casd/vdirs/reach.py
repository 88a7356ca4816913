"""How the front door reaches a mailbox on behalf of a mailbox server: the one that has it, wherever it moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults

from casd.access import ClientAccess
from casd.model import DirectoryDown, Proxy
from casd.moving import Unreached, follow
from casd.net.exchange import new_request_id
from casd.net.fetch import Answer, fetch
from casd.net.handover import ANSWER_FIELD, bearer
from casd.net.pool import Busy, Unreachable
from protocols.http1 import Headers, write_fields

T = TypeVar("T")

_AT_ONCE = 8
"""Mailboxes of one request at once: a server that hangs keeps nobody else waiting, a long list takes none by storm."""

_TURN = 25
"""Mailboxes between which others have their turn, should none of them have to be waited for."""

_HOLD = 10.0
"""Seconds that a mailbox's database may be on the move."""

_PATIENCE = 60.0
_LARGEST = 1 << 20
"""Bytes of an answer."""


@frozen
class Message:
    """What is brought to a mailbox: a body, its media type, more fields of its head."""

    body: bytes
    kind: bytes
    more: Headers = ()


async def each(
    access: ClientAccess, reached: Callable[[str], Coroutine[Deferred[Any], Any, T]], addresses: Iterable[str]
) -> list[T]:
    """Do the same for each of many addresses, some at once; return what comes of it in their order.

    Those who take them are loops: thousands of whom nobody can be reached are not done within one another.
    """
    waiting, outcomes = iter(enumerate(addresses, 1)), dict[int, T]()

    async def take() -> None:
        for number, one in waiting:
            if not number % _TURN:
                await access.directory.pause()
            outcomes[number] = await reached(one)

    await gatherResults([Deferred.fromCoroutine(take()) for _ in range(_AT_ONCE)])
    return [outcomes[number] for number in sorted(outcomes)]


async def reach(access: ClientAccess, sender: str, address: str, path: bytes, message: Message) -> Answer:
    """Return what the server of an address answers to a POST; wait for a database on the move. Raises `Unreached`."""
    hand_over = partial(_hand_over, access, sender, path, message)
    try:
        return await follow(access, address, "delivery", hand_over, access.clock.seconds() + _HOLD)
    except (Busy, Unreachable, DirectoryDown) as error:
        raise Unreached(f"try later: {error}") from error


async def _hand_over(access: ClientAccess, sender: str, path: bytes, message: Message, proxy: Proxy) -> Answer:
    request_id, server = new_request_id(), proxy.server
    who = bearer(proxy, sender, "", "submission")
    proof = access.handover.prove(who, server.name, b"POST", path, request_id)
    connection = await access.connect(server, "delivery", sender, last=True)
    host = (server.tls_name or server.name).encode("ascii")
    more = (
        (b"Host", host),
        (b"request-id", request_id.encode("ascii")),
        (b"Content-Type", message.kind),
        *message.more,
    )
    lines = proof.line + write_fields(more)
    answer: Answer = await fetch(connection, b"POST", path, lines, message.body, _PATIENCE, _LARGEST)
    if not proof.answered_by(answer.head.get(ANSWER_FIELD)):
        connection.distrust()
        connection.lane.breaker.distrust()
        raise Unreachable(f"{server.name} answered for another request or mailbox")
    return answer


def reason(answer: Answer) -> str:
    """Return why a server did not do what was asked, in its own words if it has any; empty if it did."""
    if answer.head.status == 200:
        return ""
    try:
        said = str(json.loads(answer.body)["reason"])
    except (ValueError, KeyError, TypeError):
        said = ""
    return said or f"the server answered {answer.head.status}"
