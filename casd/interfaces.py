"""What a plug-in promises, one Interface for each folder of plug-ins."""

from __future__ import annotations

from zope.interface import Attribute, Interface


class IDirectory(Interface):
    """A source of mailboxes, databases, servers and sites (`casd/directory/`).

    Every method may raise `casd.model.DirectoryDown`. Names are compared without regard to case.
    """

    async def changed():  # type: ignore[no-untyped-def]
        """Return an int that differs after every change of anything below. Cheap: asked every half second."""

    async def topology():  # type: ignore[no-untyped-def]
        """Return the whole `Topology`."""

    async def by_login(login):  # type: ignore[no-untyped-def]
        """Return the `Mailbox` whose UPN, primary or proxy address is `login`, or None."""

    async def by_address(address):  # type: ignore[no-untyped-def]
        """Return the `Mailbox` with this primary or proxy address, or None."""

    async def by_guid(guid, domain):  # type: ignore[no-untyped-def]
        """Return the `Mailbox` with this GUID if an address of it is in `domain`, or None."""

    async def by_legacy_dn(legacy_dn):  # type: ignore[no-untyped-def]
        """Return the `Mailbox` with this legacyExchangeDN, the name by which MAPI knows it, or None."""

    async def find(words, limit):  # type: ignore[no-untyped-def]
        """Return `Mailbox`es that are not hidden, a word of whose names or addresses begins so; by name."""

    async def group(address):  # type: ignore[no-untyped-def]
        """Return the `Group` with this address, or None."""

    async def find_groups(words, limit):  # type: ignore[no-untyped-def]
        """Return `Group`s that are not hidden, a word of whose names or addresses begins so; by name."""

    async def room_lists():  # type: ignore[no-untyped-def]
        """Return every `Group` that is a room list; by name."""

    async def password(mailbox):  # type: ignore[no-untyped-def]
        """Return the `Password` of this mailbox's user, or None when it may not sign in by password."""


class IGenerations(Interface):
    """What an `IDirectory` offers besides, if offline address books are to be made of it.

    It records what they listed, so that every front end makes the same files of one generation, whenever it does so.
    What is no coroutine takes its time: it is called in a process of its own. All may raise `DirectoryDown`.
    """

    async def generations():  # type: ignore[no-untyped-def]
        """Return each `Generation` that is kept, the newest last."""

    def record(books, now, interval, keep, form, *, force=False):  # type: ignore[no-untyped-def]
        """Record a generation of these `AddressBook`s if it is time and something has changed, whoever else is at it.

        It is time when the last look was `interval` seconds ago, when the books are others, or with `force`. What was
        taken more than `keep` seconds ago is forgotten, except for the last two. Return whether one was recorded.
        """

    def announce(sequence, at):  # type: ignore[no-untyped-def]
        """Have clients told of a generation from `at` on, unless somebody has said so before."""

    def listed(first, last):  # type: ignore[no-untyped-def]
        """Yield every `Listed` entry of any generation from `first` to `last`, in the order of GUIDs, then in time."""


class IMechanism(Interface):
    """One way to prove who you are in an Authorization field (a module of `casd/auth/` provides it)."""

    name = Attribute("The word for the ini, for logs and for Identity.method.")

    binds = Attribute("Whether it signs in a connection, not a request (NTLM, Negotiate): it is not offered on HTTP/2.")

    def read(authorization, realm):  # type: ignore[no-untyped-def]
        """Return what the field offers, None when it is of another scheme; raise `Denied` when it is malformed."""

    def challenge(realm):  # type: ignore[no-untyped-def]
        """Return the value of WWW-Authenticate that asks for it."""
