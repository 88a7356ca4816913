"""Makes the files of offline address books, of what the directory has recorded: again and again the same ones."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from attrs import frozen

from casd.files import settle
from casd.model import AddressBook, Generation
from casd.oab import Settings as Oab  # this module has no section of its own
from casd.oab_book import is_listed
from casd.oab_entries import record_of
from casd.oab_files import (
    DATA,
    DIFFERENCE,
    FORMAT,
    MANIFEST,
    Name,
    every_name,
    files_of,
    is_ours,
    is_there,
    manifest_of,
    may_be_had,
    put,
    told,
)
from protocols.oab.lzx import Pair, compressed, difference
from protocols.oab.records import details
from protocols.oab.template import EMPTY

GRACE = 120
"""Seconds from a generation's files to clients being told of it: the other front ends make them meanwhile."""


@frozen
class Outcome:
    """What a run has done: whether it recorded a generation, which that is, the files that it made.

    `busy` tells that another process of this machine is at it, `foreign` that it was recorded by one that makes
    other files.
    """

    recorded: bool = False
    sequence: int = 0
    made: tuple[str, ...] = ()
    busy: bool = False
    foreign: bool = False


@frozen
class Progress:
    """Who is told how many steps there are, and of each one that is done."""

    total: Callable[[int], object] = lambda _: None
    done: Callable[[int], object] = lambda _: None


def bring_up_to_date(
    directory: Any,
    settings: Oab,
    books: Sequence[AddressBook],
    *,
    force: bool = False,
    wanted: Collection[Name] = (),
    progress: Progress | None = None,
    now: Callable[[], float] = time.time,
) -> Outcome:
    """Record a generation if it is time, make what is missing, tell clients of it; remove what nobody may ask for.

    Each file is there whole or not at all, so whoever comes after an interruption goes on with the next one. With
    `force` clients are told at once. `wanted` are files of earlier generations that were asked for.
    """
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(settings.folder) as free:
        if not free:
            return Outcome(busy=True)
        recorded = settings.record and directory.record(
            books, int(now()), settings.interval, settings.keep, FORMAT, force=force
        )
        generations: Sequence[Generation] = asyncio.run(directory.generations())
        if not generations:
            return Outcome()
        last = generations[-1]
        names = missing(settings.folder, generations, now(), wanted)
        _sweep(settings.folder, generations)  # first: the disk may be full
        made = list(map(str, _made(directory, settings.folder, generations, names, progress or Progress())))
        whole = len(made) == len(names) and last.format == FORMAT
        if settings.record and whole and last.announced is None:
            first = all(each.announced is None for each in generations)
            directory.announce(last.sequence, int(now()) + (0 if force or first else GRACE))
        return Outcome(recorded, last.sequence, tuple(made), foreign=last.format != FORMAT)


def missing(folder: Path, generations: Sequence[Generation], now: float, wanted: Collection[Name] = ()) -> list[Name]:
    """Return the files that are to be made: wanted ones, and those of the last generation and of the one told of.

    A manifest stands behind all that it names.
    """
    names = [name for name in wanted if may_be_had(generations, name)]
    for each in dict.fromkeys(filter(None, (told(generations, now), *generations[-1:]))):
        for book in each.books:
            names += [*files_of(generations, each, book.guid), Name(book.guid, MANIFEST, each.sequence)]
    of = {each.sequence: each for each in generations}
    return [
        name
        for name in dict.fromkeys(names)
        if of[name.sequence].format == FORMAT and not is_there(folder, name, of[name.sequence])
    ]


def content(directory: Any, folder: Path, generations: Sequence[Generation], name: Name) -> bytes:
    """Return what is in a file, made anew."""
    numbered = {each.sequence: each for each in generations}
    generation = numbered[name.sequence]
    if name.kind == MANIFEST:
        book = generation.book(name.book)
        assert book is not None  # noqa: S101 (only such names are made)
        return manifest_of(folder, generations, generation, book)
    if name.kind == DATA:
        pair = _sides(directory, None, generation, name.book)
        return b"".join(compressed(b"".join(pair.new)))
    if name.kind == DIFFERENCE:
        pair = _sides(directory, numbered[name.sequence - 1], generation, name.book)
        return b"".join(difference(pair.pairs, pair.old, pair.new))
    return b"".join(compressed(EMPTY))


def _made(
    directory: Any, folder: Path, generations: Sequence[Generation], names: Collection[Name], progress: Progress
) -> Iterator[Name]:
    """Make files, and yield each; end early when what they are made of has been forgotten meanwhile."""
    of = {each.sequence: each for each in generations}
    progress.total(len(names))
    for name in names:
        found = content(directory, folder, generations, name)
        kept: Sequence[Generation] = asyncio.run(directory.generations())
        if name.sequence - (name.kind == DIFFERENCE) < kept[0].sequence:
            break  # it may have been read by half
        put(folder, name, of[name.sequence], found)
        progress.done(1)
        yield name
    settle(folder)


def _sweep(folder: Path, generations: Sequence[Generation]) -> None:
    """Remove what nobody may ask for any more, and no file of anybody else."""
    known = set(map(str, every_name(generations)))
    for file in folder.iterdir():
        if is_ours(file.name) and file.name not in known:
            file.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the folder, if no other process does."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Say whether a process of this machine is at it."""
    if not folder.exists():
        return False
    with _alone(folder) as free:
        return not free


@frozen
class _Sides:
    """Two files, whole, and by what stands at the same place of both."""

    old: list[bytes]
    new: list[bytes]
    pairs: list[Pair]


def _sides(directory: Any, before: Generation | None, after: Generation, guid: UUID) -> _Sides:
    """Return a book's file in one generation, and in the one before if that is wanted."""
    first = before or after
    entries: list[list[bytes]] = []
    was, now = before.book(guid) if before else None, after.book(guid)
    last_guid = ""
    for entry in directory.listed(first.sequence, after.sequence):
        old = was and entry.since <= first.sequence and is_listed(was, entry.address, entry.site)
        until = entry.until is None or entry.until > after.sequence
        new = now and until and is_listed(now, entry.address, entry.site)
        if not (old or new):
            continue
        if entry.guid != last_guid:
            entries.append([b"", b""])
            last_guid = entry.guid
        record = record_of(entry)
        if old:
            entries[-1][0] = record
        if new:
            entries[-1][1] = record
    pairs = [(old, new) for old, new in entries]
    olds = _file(was, first, [old for old, _ in pairs if old])
    news = _file(now, after, [new for _, new in pairs if new])
    return _Sides(olds, news, [(olds[0], news[0]), *pairs])


def _file(book: AddressBook | None, generation: Generation, records: Sequence[bytes]) -> list[bytes]:
    return details(book.title, str(book.guid), generation.sequence, records) if book else [b"", b""]
