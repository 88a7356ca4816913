"""The availability service: all attendees asked at once, each at his own server, and answered by a deadline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.logger import Logger

from casd.access import ClientAccess
from casd.availability.accounts import Accounts, BadAccount
from casd.availability.asking import Asking, Place
from casd.availability.attendees import Attendees, Found, Members
from casd.availability.discovery import Discovery
from casd.availability.spoken import LANGUAGES
from casd.availability.tokens import Tokens
from casd.availability.told import Told
from casd.availability.wire import Apart, Unanswered, Wire
from casd.config import integer, key, optional, path, seconds, size, words
from protocols.ews.availability import Request, View
from protocols.ews.errors import Refusal

_MOST = 1000
"""Members that one request may lead to through groups, each counted in each group: it costs something in each."""


_THREADS = 2
"""Threads at work at once: each takes a turn of the interpreter from the reactor, and passwords need some as well."""


_Task = tuple[Asking, list[Place], dict[Place, View]]
"""What is asked, for which mailboxes of one server, and where what is told is put."""


@frozen
class Settings:
    """Section `[availability]`."""

    deadline: float = key(seconds, "15 s", "a mailbox whose server has not answered by then is told of as such")
    window: float = key(seconds, "42 d", "the longest time that is told of")
    mailboxes: int = key(integer(1, 1000), "100", "most mailboxes of one request")
    at_once: int = key(integer(1, 100), "4", "requests to one server at once, for one request of a client")
    largest: int = key(size, "1 MiB", "bytes that are read of what a server tells of one mailbox")
    accounts: Path | None = key(
        optional(path), "", "folder of the accounts that other servers are asked with, SERVER.account or DOMAIN.account"
    )
    impersonators: tuple[str, ...] = key(
        words, "", "addresses of the accounts that other organisations may ask with in the name of users of ours"
    )

    @property
    def longest(self) -> timedelta:
        """The longest time that is told of."""
        return timedelta(seconds=self.window)


class Availability:
    """Answers when people are free and busy. `in_thread` runs a function in some thread."""

    _log: ClassVar[Logger] = Logger()

    def __init__(self, settings: Settings, access: ClientAccess, in_thread: Callable[..., Deferred[Any]]) -> None:
        self.settings = settings
        self._access = access
        self._in_thread = in_thread
        self._threads = DeferredSemaphore(_THREADS)
        self._wire = Wire(access, settings.largest, self.in_thread)
        self._accounts = Accounts(settings.accounts)
        self._tokens = Tokens(self._wire, self._accounts)
        self._discovery = Discovery(self._wire, self._accounts)

    def in_thread(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Run what takes its time beside the reactor, when it is its turn."""
        return self._threads.run(self._in_thread, function, *args)

    async def ask(
        self, asker: str, *requests: Request, proxied: bool = False, gone: Callable[[], bool] = lambda: False
    ) -> list[Told]:
        """Return what `asker` is told by requests that name the same mailboxes, all at once; `DirectoryDown`.

        `proxied`: a front end has passed them on already. `gone` says whether nobody waits for the answer any more.
        """
        until = self._wire.now + self.settings.deadline
        attendees = Attendees(self._access, self._accounts, proxied=proxied)
        found: dict[str, Found] = {}
        for address in requests[0].addresses:
            await _find(attendees, address, found)
        places = dict.fromkeys(one for one in found.values() if isinstance(one, Place))
        asked = [Asking(asker, request.in_utc(), until, gone) for request in requests]
        told: list[dict[Place, View]] = [{} for _ in asked]
        queues: defaultdict[str, list[_Task]] = defaultdict(list)
        for asking, views in zip(asked, told, strict=True):
            for batch in _batches(places):
                queues[batch[0].server.name].append((asking, batch, views))
        some = [queue for queue in map(iter, queues.values()) for _ in range(self.settings.at_once)]
        everyone = gatherResults([Deferred.fromCoroutine(self._ask_all(queue)) for queue in some])
        await _first(self._access.clock, until - self._wire.now, everyone)
        return [Told(asking.request, found, dict(views)) for asking, views in zip(asked, told, strict=True)]

    async def _ask_all(self, queue: Iterator[_Task]) -> None:
        """Ask a server one after the other, beside others who do so; who is late is left out."""
        for asking, batch, views in queue:
            if self._wire.now < asking.until and not asking.gone():
                await self._ask(asking, batch, views)

    async def _ask(self, asking: Asking, batch: Sequence[Place], told: dict[Place, View]) -> None:
        """Ask one server for some of its mailboxes; whatever goes wrong is told of these."""
        first = batch[0]
        if not first.named:  # the account may see more than who asks
            asking = evolve(asking, request=evolve(asking.request, view=_plain(asking.request.view)))
        try:
            views = await LANGUAGES[first.language].ask(self._wire, asking, await self._ready(asking, batch))
            told.update(zip(batch, views, strict=True))
        except Apart as error:
            self._log.info("{count} mailboxes are asked for one by one: {error}", count=len(batch), error=str(error))
            await self._ask_all(iter([(asking, [place], told) for place in batch]))
        except Unanswered as error:
            self._tokens.doubt(first.account, error.code)
            self._discovery.doubt(first)
            self._untold(told, batch, error.code, error)
        except BadAccount as error:
            self._untold(told, batch, "ErrorServiceDiscoveryFailed", error)
        except Exception as error:
            self._log.failure("{server} could not be asked for times", server=first.server.name)
            self._untold(told, batch, "ErrorProxyRequestProcessingFailed", error)

    async def _ready(self, asking: Asking, batch: Sequence[Place]) -> Sequence[Place]:
        """Return where some mailboxes are asked, with what had to be asked for that first."""
        first = batch[0]
        account = await self._tokens.signed_in(first.account, asking.asker, asking.until)
        signed_in = [evolve(place, account=account) for place in batch]
        return await self._discovery.found(asking, first.sought, signed_in) if first.sought else signed_in

    def _untold(self, told: dict[Place, View], batch: Sequence[Place], code: str, error: Exception) -> None:
        """Tell of some mailboxes that they are not told of; the log is told once of each server."""
        name, refused = batch[0].server.name, View(Refusal(code))
        if not any(place.server.name == name and view.refusal is not None for place, view in told.items()):
            self._log.warn("{server} tells no times: {error}", server=name, error=str(error))
        told.update(dict.fromkeys(batch, refused))


def _plain(view: str) -> str:
    return view.replace("DetailedMerged", "FreeBusyMerged").replace("Detailed", "FreeBusy")


async def _find(attendees: Attendees, address: str, found: dict[str, Found]) -> None:
    """Find whom an address stands for, with the members of a group."""
    if address in found:
        return
    one = found[address] = await attendees.find(address)
    if isinstance(one, Members):
        led = sum(len(group.addresses) for group in found.values() if isinstance(group, Members) and group is not one)
        if led + len(one.addresses) > _MOST:
            found[address] = Refusal("ErrorIndividualMailboxLimitReached")
            return
        for member in one.addresses:
            if member not in found:
                other = await attendees.find(member)
                found[member] = Refusal("ErrorMailRecipientNotFound") if isinstance(other, Members) else other


def _batches(places: Mapping[Place, None]) -> Iterator[list[Place]]:
    """Yield the mailboxes of each server, or database, in as many as its language asks for at once."""
    sorted_out: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in places:
        sorted_out[place.server.name, place.database].append(place)
    for together in sorted_out.values():
        most = LANGUAGES[together[0].language].MOST
        for start in range(0, len(together), most):
            yield together[start : start + most]


async def _first(clock: Any, patience: float, everyone: Deferred[Any]) -> None:
    """Return when all are done, or the time is up; what is then under way ends by itself."""
    ended: Deferred[None] = Deferred()
    timer = clock.callLater(max(0.0, patience), ended.callback, None)

    def done(_: Any) -> None:
        if timer.active():
            timer.cancel()
            ended.callback(None)

    everyone.addBoth(done)
    await ended
