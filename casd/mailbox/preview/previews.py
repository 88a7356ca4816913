"""Documents as pages, for all who ask: each is converted once, and kept while it is in demand."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from casd.mailbox.preview.job import DOCUMENT, MARKUP, image_name
from casd.mailbox.preview.kinds import PDF
from casd.mailbox.preview.office import Office
from casd.mailbox.preview.process import left_behind
from casd.mailbox.preview.shelf import ENTRIES, Shelf
from casd.mailbox.preview.trouble import NotShown, Trouble
from casd.mailbox.preview.turns import Turns
from casd.mailbox.preview.workshop import Programs, Task, Workshop

LARGEST = 64 * 1024 * 1024
"""Bytes of a document that is made into pages."""

WIDTHS = (800, 1200, 1600, 2400)
"""Pixels of a page's image: a request is answered by the next larger, so that few are made."""

AT_ONCE = 4
"""Pages that one process makes images of: a reader sees two, and goes on."""

_OPEN = "open"
_LARGEST_MARKUP = 8 * 1024 * 1024
_LARGEST_IMAGE = 32 * 1024 * 1024
_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


@frozen
class Preview:
    """A document to be shown: `sizes`, in points, of the pages that may be seen, `total` of all.

    Or `markup`: then it has no pages, but HTML that is not safe to show yet.
    """

    key: str
    sizes: tuple[tuple[float, float], ...] = ()
    total: int = 0
    markup: bool = False


class Work(Protocol):
    """What does tasks: `casd.mailbox.preview.workshop.Workshop`."""

    def do(self, folder: Path, task: Task) -> Awaitable[Mapping[str, Any]]:
        """Return the result of a task, or raise `NotShown`."""
        ...

    def end(self) -> None:
        """Do no more."""


class Previews:
    """Previews by key: a digest of the document's content and kind, so that what came twice is converted once."""

    def __init__(self, shelf: Shelf, work: Work, programs: Programs, office: Office | None = None) -> None:
        self.office = office
        self._shelf = shelf
        self._work = work
        self._programs = programs
        self._waiting: dict[tuple[str, str], list[Deferred[None]]] = {}
        self._keys: OrderedDict[str, str] = OrderedDict()
        self._turns = Turns()
        self._slow: set[str] = set()

    @classmethod
    def here(
        cls, reactor: Any, office: Office | None, *, most: int, memory: int, seconds: float, cache: int
    ) -> Previews:
        """Return previews made with the programs of this machine, and by an office server if there is one."""
        work = Workshop(reactor, most=max(most, 1), memory=memory, seconds=seconds)
        return cls(Shelf(cache), work, Programs.found() if most else Programs(), office)

    def show(self, suffix: str) -> bool:
        """Say whether a kind of document can be shown."""
        return self._programs.show(suffix)

    async def open(self, owner: str, name: str, suffix: str, read: Callable[[], Awaitable[bytes]]) -> Preview:
        """Return the preview of a document, or raise `NotShown`; what failed once fails again at no cost.

        `name` is what the document of an owner is known by: while it is kept it is not read again.
        """
        known = f"{owner} {name}"
        if not self._kept(known):
            async with self._turns.turn(owner):
                if not self._kept(known):  # another request for it may have had the turn before
                    await self._read(known, suffix, read)
        return self._found(self._keys.get(known, ""))

    async def page(self, preview: Preview, number: int, width: int) -> tuple[str, bytes]:
        """Return the type and the bytes of a page's image, at least as wide as asked for if that is at all sensible."""
        chosen = next((each for each in WIDTHS if each >= width), WIDTHS[-1])
        first = number - (number - 1) % AT_ONCE
        folder = self._shelf.place(preview.key)
        image = _image(folder, number, chosen)
        if image is None:
            await self._once(preview.key, f"{first} {chosen}", lambda: self._more(preview, first, chosen))
            image = _image(folder, number, chosen)
        if image is None:
            raise NotShown(Trouble.CRASHED)
        return image

    def markup(self, preview: Preview) -> str:
        """Return the HTML of a preview that has no pages."""
        try:
            return left_behind(self._shelf.place(preview.key) / MARKUP, _LARGEST_MARKUP).decode("utf-8", "replace")
        except OSError as error:
            raise NotShown(Trouble.CRASHED) from error

    def end(self) -> None:
        """Make no more, and keep nothing."""
        self._work.end()
        self._shelf.clear()

    def _kept(self, known: str) -> bool:
        key = self._keys.get(known)
        return key is not None and self._shelf.get(key) is not None

    async def _read(self, known: str, suffix: str, read: Callable[[], Awaitable[bytes]]) -> None:
        content = await read()
        if len(content) > LARGEST:
            raise NotShown(Trouble.TOO_LARGE)
        key = hashlib.sha256(suffix.encode() + content).hexdigest()
        self._keys[known] = key
        if len(self._keys) > ENTRIES:
            self._keys.popitem(last=False)
        if self._shelf.get(key) is None:
            source = self._shelf.place(key) / DOCUMENT.with_suffix(suffix)
            if (key, _OPEN) not in self._waiting:
                source.write_bytes(content)
            del content  # it may wait long for its turn
            await self._once(key, _OPEN, lambda: self._make(key, source))

    def _found(self, key: str) -> Preview:
        kept = self._shelf.get(key)
        found: Preview | Trouble = kept.found if kept else Trouble.BUSY
        if isinstance(found, Trouble):
            raise NotShown(found)
        return found

    async def _once(self, key: str, what: str, do: Callable[[], Awaitable[None]]) -> None:
        """Do something; whoever comes while it is being done waits for its end."""
        if (key, what) in self._waiting:
            waiting: Deferred[None] = Deferred()
            self._waiting[key, what].append(waiting)
            await waiting
            return
        self._waiting[key, what] = []
        failure = None
        try:
            await do()
        except NotShown:
            failure = Failure()
            raise
        finally:
            for waiting in self._waiting.pop((key, what)):
                waiting.callback(failure)

    async def _make(self, key: str, source: Path) -> None:
        folder, office = source.parent, self._programs.office
        try:
            result = await self._work.do(folder, Task(source.name, office, 1, AT_ONCE, WIDTHS[1]))
        except NotShown as error:
            if error.trouble is Trouble.BUSY or self._may_do_better(source.parent.name, error.trouble):
                raise
            self._keep(key, error.trouble)
        else:
            self._keep(key, _preview(key, result))
        finally:
            _forget(source)

    def _may_do_better(self, key: str, trouble: Trouble) -> bool:
        """Say whether it was slow for the first time: the machine may have been busy with something else."""
        if trouble is not Trouble.SLOW or key in self._slow:
            return False
        if len(self._slow) >= ENTRIES:
            self._slow.clear()
        self._slow.add(key)
        return True

    async def _more(self, preview: Preview, first: int, width: int) -> None:
        folder = self._shelf.place(preview.key)
        await self._work.do(folder, Task("", "", first, first + AT_ONCE - 1, width))
        self._keep(preview.key, preview)

    def _keep(self, key: str, found: Preview | Trouble) -> None:
        self._shelf.put(key, found, {busy for busy, _ in self._waiting})


def _forget(source: Path) -> None:
    """Keep of a document its pages; a PDF is needed for those that nobody has asked for yet."""
    if source.suffix != PDF:
        source.unlink(missing_ok=True)


def _image(folder: Path, number: int, width: int) -> tuple[str, bytes] | None:
    for suffix, content_type in _TYPES.items():
        with suppress(OSError):
            return content_type, left_behind(folder / f"{image_name(number, width)}{suffix}", _LARGEST_IMAGE)
    return None


def _preview(key: str, result: Mapping[str, Any]) -> Preview | Trouble:
    """Return what a process says it has found, which counts for as much as the document: it is checked."""
    if result.get("markup") is True:
        return Preview(key, markup=True)
    try:
        sizes = tuple((float(width), float(height)) for width, height in result["sizes"])
        return Preview(key, sizes, int(result["total"])) if sizes else Trouble.BROKEN
    except (KeyError, TypeError, ValueError):
        return Trouble.CRASHED
