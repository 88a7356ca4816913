"""What is asked of one server about its mailboxes, as every language is given it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import frozen

from casd.availability.accounts import Account
from casd.availability.wire import Wire
from casd.model import Partner, Server, ServerKind
from protocols.ews.availability import Request, View


@frozen
class Asking:
    """Who asks, what (in UTC), until when by the clock; whether nobody wants the answer any more, even before."""

    asker: str
    request: Request
    until: float
    gone: Callable[[], bool] = lambda: False


@frozen(eq=False)
class Place:
    """Where one mailbox is asked, with which account.

    `database`: the one that all mailboxes of a request must be in, if their server minds.
    `named`: it is asked in the name of who asks, so that its server decides what he may see.
    `sought`: the organisation whose Autodiscover is to tell which `server` that is, and the path.
    """

    address: str
    upn: str
    server: Server
    account: Account
    language: str
    database: str = ""
    named: bool = False
    sought: Partner | None = None


class Language(Protocol):
    """One way to ask a server (a module of `casd/availability/languages/`)."""

    KINDS: Sequence[ServerKind]
    """The kinds of servers that speak it, if their accounts say nothing else."""

    MOST: int
    """Mailboxes of one request."""

    async def ask(self, wire: Wire, asking: Asking, places: Sequence[Place]) -> Sequence[View]:
        """Return what is told of each, in UTC. Raises `casd.availability.wire.Unanswered`."""


def values_of(place: Place) -> dict[str, str]:
    """Return what a mailbox is called, for the templates of an account."""
    local, _, domain = place.address.rpartition("@")
    return {"address": place.address, "local": local, "domain": domain, "upn": place.upn}
