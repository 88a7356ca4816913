"""When offline address books are made: looked at again and again by each front end, done by whoever is first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.model import AddressBook, DirectoryDown, Generation
from casd.oab import Settings as Oab  # this module has no section of its own
from casd.oab_book import is_due
from casd.oab_build import Outcome, is_held, missing
from casd.oab_files import FORMAT, Name
from casd.oab_process import NotMade, Process, Task

INTERVAL = 30.0
"""Seconds between two looks."""

PATIENCE = 600.0
"""Seconds after a failure in which nothing is tried."""

_MOST = 100
"""Files that clients have asked for and wait for."""


class Job:
    """Has address books made when it is time, or when a client asks for a file that is not there."""

    _log = Logger()

    def __init__(
        self,
        settings: Oab,
        books: Sequence[AddressBook],
        source: tuple[str, Any],
        directory: Any,
        run: Callable[..., Deferred[Any]],
        clock: Any,
        now: Callable[[], float],
        process: Process | None = None,
    ) -> None:
        """`source` is how another process gets at the directory; `run` calls a function in a thread."""
        self._settings = settings
        self._books = tuple(books)
        self._source = source
        self._directory = directory
        self._run = run
        self._clock = clock
        self._now = now
        self._process = process or Process()
        self._wanted: set[Name] = set()
        self._rest_until = -1e9
        self._next: Any = None  # the call of the next look; None while one is under way, and before and after all
        self._stopped = True

    def start(self) -> None:
        """Begin."""
        self._stopped = False
        self._next = self._clock.callLater(0, self._look)

    def stop(self) -> None:
        """End, also what is under way."""
        self._stopped = True
        if self._next is not None:
            self._next.cancel()
        self._process.end()

    def want(self, name: Name) -> None:
        """Look soon: a client has asked for a file that is not there."""
        if len(self._wanted) < _MOST:
            self._wanted.add(name)
        if self._next is not None:
            self._next.reset(0)

    def _look(self) -> None:
        self._next = None
        Deferred.fromCoroutine(self._go()).addBoth(self._again)

    def _again(self, _: Any) -> None:
        if not self._stopped:
            self._next = self._clock.callLater(0 if self._wanted else INTERVAL, self._look)

    async def _go(self) -> None:
        wanted, self._wanted = tuple(self._wanted), set()
        if self._clock.seconds() < self._rest_until:
            return
        try:
            generations: Sequence[Generation] = await self._directory.generations()
            if await self._run(self._needed, generations, wanted):
                task = Task(*self._source, self._settings, self._books, wanted)
                self._tell(await self._run(self._process.run, task))
        except (DirectoryDown, NotMade, OSError) as error:
            self._rest_until = self._clock.seconds() + PATIENCE
            self._log.error("no address books were made, the next attempt is in 10 min: {why}", why=str(error))
        except Exception:
            self._rest_until = self._clock.seconds() + PATIENCE
            self._log.failure("no address books were made", Failure())

    def _needed(self, generations: Sequence[Generation], wanted: Sequence[Name]) -> bool:
        """Say whether there is something to do; it looks at files, beside the reactor."""
        now, folder = self._now(), self._settings.folder
        if is_held(folder):
            return False  # another worker of this front end is at it
        return (self._settings.record and self._is_due(generations, now)) or bool(
            missing(folder, generations, now, wanted)
        )

    def _is_due(self, generations: Sequence[Generation], now: float) -> bool:
        """Say whether there is something to record: a generation, or that clients may be told of the last one."""
        if not generations:
            return True
        last = generations[-1]
        if is_due(last, self._books, now, self._settings.interval):
            return True
        return last.format == FORMAT and last.announced is None

    def _tell(self, outcome: Outcome) -> None:
        if outcome.foreign:
            said = "generation {sequence} of the address books was recorded by a casd that makes other files"
            self._log.warn(said, sequence=outcome.sequence)
        if outcome.made:
            said = "generation {sequence} of the address books: {files} files made"
            self._log.info(said, sequence=outcome.sequence, files=len(outcome.made))
