"""The last answers of a directory: used while nothing changed, and for a while longer when the directory is down."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import UUID

from attrs import define, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from casd.config import integer, key, seconds
from casd.interfaces import IDirectory
from casd.model import LONGEST_ADDRESS, DirectoryDown, Generation, Group, Mailbox, Password, Topology


@frozen
class Settings:
    """Section `[cache]`."""

    fresh: float = key(seconds, "500 ms", "the directory is asked for changes this often, at most")
    stale: float = key(
        seconds, "10 min", "answers that were true this long ago still count while the directory is down"
    )
    entries: int = key(integer(1, 10_000_000), "20000", "most answers that are kept")


@define
class _Answer:
    value: Any
    generation: int
    true_at: float


@implementer(IDirectory)
class CachedDirectory:
    """Answers like the directory behind it; `generation` grows when anything there has changed."""

    _log = Logger()

    def __init__(self, source: Any, settings: Settings, clock: IReactorTime) -> None:
        self.generation = 0
        self.down = False
        self._source = source
        self._settings = settings
        self._clock = clock
        self._changed: int | None = None
        self._ask_at = -1e9
        self.settled_until = -1e9
        """The time (of the clock) until which what is known may be used without asking for changes."""
        self._confirmed = -1e9
        self._answers: OrderedDict[tuple[Any, ...], _Answer] = OrderedDict()

    @property
    def settled(self) -> bool:
        """Whether the directory was asked for changes so lately that what is known may be used."""
        return self._clock.seconds() < self.settled_until

    async def pause(self) -> None:
        """Let others have their turn: for who looks up a great many."""
        await deferLater(self._clock, 0)

    async def changed(self) -> int:
        """Return the directory's change number, asking at most as often as configured."""
        await self._poll()
        return self._changed or 0

    async def refresh(self) -> None:
        """Ask for changes now, however lately that was done."""
        self.settled_until = self._ask_at = -1e9
        await self._poll()

    async def topology(self) -> Topology:
        """Return the whole topology."""
        return cast(Topology, await self._answer(("topology",), self._source.topology))

    async def by_login(self, login: str) -> Mailbox | None:
        """Return the mailbox of a login name."""
        return await self._mailbox(("login", login), lambda: self._source.by_login(login))

    async def by_address(self, address: str) -> Mailbox | None:
        """Return the mailbox of an address."""
        return await self._mailbox(("address", address), lambda: self._source.by_address(address))

    async def by_guid(self, guid: UUID, domain: str) -> Mailbox | None:
        """Return the mailbox of a GUID within a domain."""
        return await self._mailbox((f"guid {guid}", domain), lambda: self._source.by_guid(guid, domain))

    async def by_legacy_dn(self, legacy_dn: str) -> Mailbox | None:
        """Return the mailbox with this legacyExchangeDN."""
        return await self._mailbox(("legacy DN", legacy_dn), lambda: self._source.by_legacy_dn(legacy_dn))

    async def find(self, words: str, limit: int) -> tuple[Mailbox, ...]:
        """Return the mailboxes whose names or addresses begin so."""
        return cast("tuple[Mailbox, ...]", await self._found(self._source.find, words, limit))

    async def group(self, address: str) -> Group | None:
        """Return the group with this address."""
        if len(address) > LONGEST_ADDRESS:
            return None
        return cast("Group | None", await self._answer(("group", address), lambda: self._source.group(address)))

    async def find_groups(self, words: str, limit: int) -> tuple[Group, ...]:
        """Return the groups whose names or addresses begin so."""
        return cast("tuple[Group, ...]", await self._found(self._source.find_groups, words, limit))

    async def room_lists(self) -> tuple[Group, ...]:
        """Return the groups that are room lists."""
        return cast("tuple[Group, ...]", await self._answer(("room lists",), self._source.room_lists))

    async def generations(self) -> tuple[Generation, ...]:
        """Return the generations of address books, the newest last; of a directory that is `IGenerations`."""
        return cast("tuple[Generation, ...]", await self._answer(("generations",), self._source.generations))

    async def password(self, mailbox: Mailbox) -> Password | None:
        """Return the stored password of a mailbox's user."""
        return cast(
            "Password | None", await self._answer(("password", mailbox.guid), lambda: self._source.password(mailbox))
        )

    async def _mailbox(self, question: tuple[str, str], ask: Callable[[], Awaitable[Any]]) -> Mailbox | None:
        if len(question[1]) > LONGEST_ADDRESS:
            return None  # not even asked for: strangers choose names, and would fill all memory with long ones
        return cast("Mailbox | None", await self._answer(question, ask))

    async def _found(self, find: Callable[[str, int], Awaitable[Any]], words: str, limit: int) -> Any:
        if len(words) > LONGEST_ADDRESS:
            return ()
        return await self._answer((find.__name__, words.casefold(), limit), lambda: find(words, limit))

    async def _answer(self, question: tuple[Any, ...], ask: Callable[[], Awaitable[Any]]) -> Any:
        await self._poll()
        known = self._answers.get(question)
        now, generation = self._clock.seconds(), self.generation  # of before: a change may overtake an answer
        if known is not None and known.generation == generation and not self.down:
            known.true_at = now
            return known.value
        if not self.down:
            try:
                value = await ask()
            except DirectoryDown as error:
                self._went_down(error)
            else:
                self._keep(question, _Answer(value, generation, now))
                return value
        if (
            known is None
            or now - max(known.true_at, self._confirmed if known.generation == self.generation else 0)
            > self._settings.stale
        ):
            raise DirectoryDown("the directory is down, and nothing fresh enough is known")
        return known.value

    async def _poll(self) -> None:
        now = self._clock.seconds()
        if now < self._ask_at:
            return
        self._ask_at = self.settled_until = now + self._settings.fresh
        try:
            changed = await self._source.changed()
        except DirectoryDown as error:
            self._went_down(error)
            return
        if self.down:
            self.down = False
            self._log.info("the directory answers again")
        self._confirmed = now
        if changed != self._changed:
            self._changed = changed
            self.generation += 1

    def _went_down(self, error: DirectoryDown) -> None:
        self.settled_until = -1e9
        if not self.down:
            self.down = True
            self._log.warn("the directory is down: {error}", error=str(error))

    def _keep(self, question: tuple[Any, ...], answer: _Answer) -> None:
        self._answers[question] = answer
        if len(self._answers) > self._settings.entries:
            self._answers.popitem(last=False)
