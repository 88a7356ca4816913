"""The way that one client's requests take: what has been found out about them, to be used while it holds.

Clients repeat themselves: on one connection the same credentials ask for the same path again and again. What followed
from them is remembered with the connection, and used for a request that says exactly the same.
"""

from __future__ import annotations

from typing import Any

from casd.model import Anchor, Identity, Proxy
from casd.net.handover import Bearer
from casd.tally import Tally
from casd.vdirs.vdir import Vdir
from protocols.http1 import RequestHead

_SAYS_WHO_AND_WHERE = frozenset({b"host", b"authorization", b"cookie", b"x-anchormailbox"})

LIFETIME = 30.0
"""Seconds for which a passage may be used; a change in the directory ends it at once."""


def question_of(head: RequestHead) -> tuple[Any, ...]:
    """Return all of a request that decides who asks and where it goes; the client's address is the connection's."""
    return head.method, head.target, [field for field in head.fields if field[0] in _SAYS_WHO_AND_WHERE]


class Passage:
    """A question with what followed from it.

    `lines` are the fields that the server gets beside the client's own, `about` the texts of the session's log line,
    the last of them why, `said` all of them as they stand there after a request that the proxy's server has answered.
    """

    __slots__ = (
        "about",
        "anchor",
        "bearer",
        "door",
        "generation",
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
        # What is asked for each request, at hand:
        self.protocol = vdir.protocol
        self.patience = vdir.patience
        self.tunnel = vdir.tunnel
        self.waits = vdir.waits
        self.proxy = proxy
        self.server = proxy.server
        self.server_name = proxy.server.name

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
