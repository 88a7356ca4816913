"""ClientAccess: authenticate, locate, connect; the one service that every frontend shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import evolve, frozen

from casd import autodiscover
from casd.advertised import Answer, Capabilities
from casd.auth.credentials import Denied, LoginPassword
from casd.auth.forms import Session, Sessions
from casd.auth.password import Passwords
from casd.certificates import Certificate
from casd.config import key, networks, text, words
from casd.directory.cache import CachedDirectory
from casd.model import (
    LONGEST_ADDRESS,
    AddressBook,
    Anchor,
    Decision,
    Identity,
    Kind,
    Mailbox,
    Networks,
    Server,
    Topology,
)
from casd.net.addresses import within
from casd.net.backend import Backend
from casd.net.handover import Handover
from casd.net.pool import Pool, Unreachable
from casd.net.trunk import Stream
from casd.routing import Place, route

_DECISIONS = 50_000
"""Most decisions remembered; over that all are forgotten, which costs some microseconds for each."""


def version(value: str, _folder: Path) -> tuple[int, int]:
    """Read a version such as `15.2`."""
    major, dot, minor = value.partition(".")
    if not (dot and major.isdigit() and minor.isdigit()):
        raise ValueError(f"{value!r} is not a version such as 15.2")
    return int(major), int(minor)


@frozen
class Settings:
    """Section `[access]`."""

    directory: str = key(
        text, "sqlite", "which source of mailboxes: a module of casd/directory with a section of its own"
    )
    mechanisms: tuple[str, ...] = key(words, "basic forms", "ways to sign in: modules of casd/auth")
    site: str = key(text, "", "the site that this front end stands in; empty: the only one")
    version: tuple[int, int] = key(
        version, "15.2", "the version this front end stands for: it does not proxy the web to newer servers"
    )
    internal_networks: Networks = key(
        networks,
        "127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fd00::/8",
        "clients from here are sent to internal URLs",
    )


class ClientAccess:
    """Answers who a client is, where a request belongs, and with what connection it gets there."""

    def __init__(
        self,
        settings: Settings,
        directory: CachedDirectory,
        mechanisms: Sequence[Any],
        passwords: Passwords,
        sessions: Sessions | None,
        pool: Pool,
        handover: Handover,
        clock: Any,
        advertised: autodiscover.Settings,
        certificates: Callable[[], Sequence[Certificate]] = tuple,
        books: Sequence[AddressBook] = (),
        shelf: Any = None,
    ) -> None:
        self.settings = settings
        self.directory = directory
        self.mechanisms = mechanisms
        self.passwords = passwords
        self.sessions = sessions
        self.pool = pool
        self.handover = handover
        self.clock = clock
        self.advertised = advertised
        self.certificates = certificates
        """What clients are shown at present, the default first."""
        self.books = books
        """The offline address books that are made here: `casd.oab_book.book_of` says whose they are."""
        self.shelf = shelf
        """Their files (`casd.oab_shelf.Shelf`), None where none are made."""
        self.availability: Any
        """`casd.availability.availability.Availability`, which stands on this and is set where both are made."""
        self._topology: Topology | None = None
        self._generation = -1
        self._decisions: dict[tuple[Any, ...], Decision] = {}
        self._inside: dict[str, bool] = {}

    # authenticate

    async def authenticate(self, authorization: bytes, realm: str) -> Identity:
        """Return who an Authorization field proves the client to be; `Denied`, or `DirectoryDown`."""
        if not self.directory.settled:
            await self.directory.changed()
        scheme = authorization.partition(b" ")[0].lower().decode("latin-1")
        digest = self.passwords.digest(scheme, realm, authorization)
        if (identity := self.passwords.recall(digest)) is not None:
            return identity
        for mechanism in self.mechanisms:
            if (offered := mechanism.read(authorization, realm)) is not None:
                return await self.passwords.check(offered, digest)
        raise Denied

    async def sign_in(self, offered: LoginPassword, *, private: bool) -> Session:
        """Return a new session for a login name and password; `Denied`, or `DirectoryDown`."""
        if self.sessions is None:
            raise Denied
        digest = self.passwords.digest(
            offered.mechanism, offered.realm, f"{offered.login}\0{offered.password}".encode()
        )
        await self.directory.changed()
        identity = self.passwords.recall(digest) or await self.passwords.check(offered, digest)
        return self.sessions.begin(identity.user, await self.passwords.fingerprint(identity.mailbox), private=private)

    async def resume(self, token: str) -> tuple[Identity, Session]:
        """Return who a session's cookie belongs to; `Denied` also when the password has changed since."""
        if self.sessions is None:
            raise Denied
        session = self.sessions.open(token)
        mailbox = await self.directory.by_address(session.user)
        if mailbox is None or await self.passwords.fingerprint(mailbox) != session.fingerprint:
            raise Denied
        return Identity(mailbox.address, "forms", mailbox), session

    # locate

    async def locate(self, identity: Identity, anchor: Anchor, protocol: str, client: str) -> Decision:
        """Decide where a request belongs; `DirectoryDown` when that is not known."""
        topology = self._topology
        if topology is None or not self.directory.settled or self._generation != self.directory.generation:
            topology = await self.topology()
        if len(anchor.value) > LONGEST_ADDRESS:
            anchor = evolve(anchor, value=anchor.value[: LONGEST_ADDRESS + 1])  # nobody's; not to be remembered whole
        internal = self._internal(client)
        question = (identity.mailbox.guid, anchor, protocol, internal)
        decision = self._decisions.get(question)
        if decision is None:
            mailbox, anchor = await self._mailbox(identity, anchor)
            decision = route(anchor, mailbox, protocol, topology, self._place(internal, topology))
            if topology is self._topology:  # no change has come meanwhile
                if len(self._decisions) >= _DECISIONS:
                    self._decisions.clear()
                self._decisions[question] = decision
        return decision

    async def locate_address(self, address: str, protocol: str, source: str) -> Decision:
        """Decide where mail for an address belongs."""
        anchor = Anchor(Kind.ADDRESS, address, source)
        topology = await self.topology()
        return route(anchor, await self.directory.by_address(address), protocol, topology, self._place(False, topology))

    # advertise

    async def advertise(self, address: str, mailbox: Mailbox | None, asking: Capabilities, client: str) -> Answer:
        """Decide what a client is told of an address, which is this mailbox's if it is any's."""
        topology = await self.topology()
        return autodiscover.advertise(
            address, mailbox, topology, self.place(client), self.advertised, asking, self.books
        )

    def place(self, client: str) -> Place:
        """Return where this front end stands, for a client."""
        return self._place(self._internal(client), self._topology or Topology())

    async def topology(self) -> Topology:
        """Return the topology, and forget what followed from an older one."""
        generation = self.directory.generation  # of before: a change may overtake an answer
        topology = await self.directory.topology()
        self._generation = generation
        if topology is not self._topology:
            if self._topology is not None:
                self.pool.retain(topology.servers)
            self._topology = topology
            self._decisions.clear()
        return topology

    @property
    def known_topology(self) -> Topology | None:
        """The topology as it was last asked for."""
        return self._topology

    # connect

    async def connect(
        self, server: Server, protocol: str, who: str, *, last: bool, waits: bool = False
    ) -> Backend | Stream:
        """Return a connection to a server, or a stream of one; `Busy` or `Unreachable`.

        `last`: there is no other candidate; `waits`: its answer will take long.
        """
        lane = self.pool.lane(server, protocol)
        if not last and lane.breaker.open:
            raise Unreachable(f"{server.name} is kept out for a while: its breaker is open")
        return await lane.acquire(who, waits=waits)

    async def _mailbox(self, identity: Identity, anchor: Anchor) -> tuple[Mailbox | None, Anchor]:
        """Return the mailbox that an anchor names; a hint that names nobody gives way to the user's own."""
        if anchor.kind is Kind.USER:
            return identity.mailbox, anchor
        found = await self._named(anchor)
        if found is None and anchor.hint:
            own = Anchor(Kind.USER, identity.user, f"the authenticated user ({anchor.source} names nobody)")
            return identity.mailbox, own
        return found, anchor

    async def _named(self, anchor: Anchor) -> Mailbox | None:
        if anchor.kind is Kind.ADDRESS:
            return await self.directory.by_address(anchor.value)
        guid, _, domain = anchor.value.partition("@")
        try:
            return await self.directory.by_guid(UUID(guid), domain)
        except ValueError:
            return None

    def _internal(self, client: str) -> bool:
        inside = self._inside.get(client)
        if inside is None:
            if len(self._inside) >= _DECISIONS:
                self._inside.clear()
            inside = self._inside[client] = within(client, self.settings.internal_networks)
        return inside

    def _place(self, internal: bool, topology: Topology) -> Place:
        only = next(iter(topology.sites)) if len(topology.sites) == 1 else ""
        return Place(self.settings.site or only, self.settings.version, internal)
