"""Finds a file of an address book for a client: the right generation's, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from casd.model import AddressBook, Generation
from casd.oab_files import MANIFEST, Name, is_there, may_be_had, read_name, told
from protocols.http_ranges import Version
from protocols.oab.manifest import NAME as OAB_XML


@frozen
class Found:
    """A file, and which version of it clients are told that it is: on every front end the same."""

    path: Path
    version: Version


@frozen
class Later:
    """The file is still to be made here."""


LATER = Later()


class Shelf:
    """The folder of files, looked at through what the directory says that there should be."""

    def __init__(self, folder: Path, directory: Any, now: Callable[[], float], want: Callable[[Name], None]) -> None:
        self._folder = folder
        self._directory = directory
        self._now = now
        self._want = want

    async def find(self, book: AddressBook, asked: str) -> Found | Later | None:
        """Return a book's file of this name; None if there is none. Raises `DirectoryDown`."""
        generations = await self._directory.generations()
        if asked.lower() == OAB_XML:
            generation = told(generations, self._now())
            name = Name(book.guid, MANIFEST, generation.sequence if generation else 0)
            return self._there(name, generation)
        known = read_name(asked)
        if known is None or known.book != book.guid:
            return None
        generation = may_be_had(generations, known)
        return self._there(known, generation) if generation else None

    def _there(self, name: Name, generation: Generation | None) -> Found | Later:
        if generation is None or not is_there(self._folder, name, generation):
            self._want(name)
            return LATER
        tag = b'"%d-%x-%d"' % (generation.sequence, generation.taken, generation.format)
        return Found(self._folder / str(name), Version(tag, generation.taken))
