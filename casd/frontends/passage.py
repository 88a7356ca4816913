"""The way that one client's requests take: what has been found out about them, to be used while it holds.

Clients repeat themselves: on one connection the same credentials ask for the same path again and again. What followed
from them is remembered with the connection, and used for a request that says exactly the same.
"""

from __future__ import annotations

from typing import Any

from casd.model import Anchor, Identity, Proxy
from casd.net.exchange import Exchange
from casd.net.handover import Bearer
from casd.net.scrub import request_lines
from casd.tally import Tally
from casd.vdirs.vdir import Vdir
from protocols.http1 import RequestHead

_SAYS_WHO_AND_WHERE = frozenset({b"host", b"authorization", b"cookie", b"x-anchormailbox"})

LIFETIME = 30.0
"""Seconds for which a passage may be used; a change in the directory ends it at once."""


def question_of(exchange: Exchange) -> tuple[Any, ...]:
    """Return all of a request that decides who asks and where it goes."""
    head = exchange.head
    return exchange.client, head.method, head.target, [one for one in head.fields if one[0] in _SAYS_WHO_AND_WHERE]


class Passage:
    """A question with what followed from it.

    `lines` are the fields that the server gets beside the client's own, `about` the texts of the session's log line,
    the last of them why, `said` all of them as they stand there after a request that the proxy's server has answered.
    `glance` is how much of a body its vdir looks at before the next request may go the same way.
    `head` is the client's last that asked the question, `asked` what the server gets of it.
    """

    __slots__ = (
        "about",
        "anchor",
        "asked",
        "bearer",
        "door",
        "generation",
        "glance",
        "head",
        "identity",
        "lines",
        "patience",
        "protocol",
        "proxy",
        "question",
        "said",
        "server",
        "server_name",
        "tally",
        "tunnel",
        "until",
        "vdir",
        "waits",
    )

    def __init__(
        self,
        *,
        question: tuple[Any, ...],
        door: Any,
        vdir: Vdir,
        identity: Identity,
        anchor: Anchor,
        proxy: Proxy,
        bearer: Bearer,
        lines: bytes,
        about: tuple[tuple[str, str], ...],
        said: str,
        tally: Tally,
        generation: int,
        until: float,
        glance: int = 0,
    ) -> None:
        self.question = question
        self.door = door
        self.vdir = vdir
        self.identity = identity
        self.anchor = anchor
        self.bearer = bearer
        self.lines = lines
        self.about = about
        self.said = said
        self.tally = tally
        self.generation = generation
        self.until = until
        self.glance = glance
        self.head: RequestHead | None = None
        self.asked = b""
        # What is asked for each request, at hand:
        self.protocol = vdir.protocol
        self.patience = vdir.patience
        self.tunnel = vdir.tunnel
        self.waits = vdir.waits
        self.proxy = proxy
        self.server = proxy.server
        self.server_name = proxy.server.name

    def answers(self, exchange: Exchange) -> bool:
        """Say whether a request asks the same question."""
        if exchange.head is self.head and exchange.client == self.question[0]:
            return True
        question: tuple[Any, ...] = self.question
        return question == question_of(exchange)

    def asks(self, head: RequestHead) -> bytes:
        """Return what the server gets of a request's fields, beside what differs in each."""
        if head is not self.head:
            self.head, self.asked = head, request_lines(head) + self.lines
        return self.asked

    def leading_to(self, proxy: Proxy) -> Passage:
        """Return the same for a mailbox that has moved."""
        return Passage(
            question=self.question,
            door=self.door,
            vdir=self.vdir,
            identity=self.identity,
            anchor=self.anchor,
            proxy=proxy,
            bearer=self.bearer,
            lines=self.lines,
            about=(*self.about[:-1], ("why", "; ".join(proxy.trace))),
            said="",
            tally=self.tally,
            generation=self.generation,
            until=self.until,
        )
