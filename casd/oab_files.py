"""The files of offline address books: what they are called, which there are (reference 6.1, 6.2)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from struct import unpack_from
from uuid import UUID

from attrs import frozen

from casd.files import write_file
from casd.model import AddressBook, Generation
from protocols.oab import manifest
from protocols.oab.manifest import Listed, Template

FORMAT = 1
"""Grows with every change of what a generation's files hold: then those of before are made by nobody any more."""

LANGUAGES = ("0409", "0407", "040c")
"""English, German, French: for any other Outlook takes its own pages."""

DATA = "data"
DIFFERENCE = "binpatch"
MANIFEST = "manifest"

_NAME = re.compile(
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(data|binpatch|lng[0-9a-f]{4})-([1-9][0-9]{0,9})\.lzx"
)

_OURS = re.compile(r"\.?[0-9a-f-]{36}-[a-z0-9]+-[0-9]+\.(?:lzx|xml)(?:\.new)?")


@frozen
class Name:
    """The name of one file: of which book, what it is, of which generation."""

    book: UUID
    kind: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.book}-{self.kind}-{self.sequence}.{'xml' if self.kind == MANIFEST else 'lzx'}"


def template(language: str) -> str:
    """Return the kind of a language's template file."""
    return f"lng{language}"


def read_name(text: str) -> Name | None:
    """Return the name that clients ask for, None if it is none: nothing else of what they say becomes a path."""
    found = _NAME.fullmatch(text.lower())
    return Name(UUID(found[1]), found[2], int(found[3])) if found else None


def told(generations: Sequence[Generation], now: float) -> Generation | None:
    """Return the generation that clients are told of."""
    known = [each for each in generations if each.announced is not None and each.announced <= now]
    return known[-1] if known else None


def differences(generations: Sequence[Generation], last: Generation, guid: UUID) -> list[Name]:
    """Return the files that lead up to a generation, the newest first: without a gap, or a client would stumble."""
    having = {each.sequence for each in generations if each.book(guid) and each.format == last.format}
    found: list[Name] = []
    sequence = last.sequence
    while sequence > last.oldest and {sequence, sequence - 1} <= having:
        found.append(Name(guid, DIFFERENCE, sequence))
        sequence -= 1
    return found


def files_of(generations: Sequence[Generation], last: Generation, guid: UUID) -> list[Name]:
    """Return all files that the manifest of a book names."""
    templates = [Name(guid, template(language), last.sequence) for language in LANGUAGES]
    return [*reversed(differences(generations, last, guid)), Name(guid, DATA, last.sequence), *templates]


def may_be_had(generations: Sequence[Generation], name: Name) -> Generation | None:
    """Return the generation of a file that some manifest names, or named while it was kept; None for any other."""
    of = next((each for each in generations if each.sequence == name.sequence and each.book(name.book)), None)
    if of is None:
        return None
    if name.kind == DIFFERENCE:
        return of if name in differences(generations, of, name.book) else None
    return of if name.kind == DATA or name.kind in map(template, LANGUAGES) else None


def is_there(folder: Path, name: Name, generation: Generation) -> bool:
    """Say whether a file is there, and of this generation: not of one that a directory had before it was restored."""
    try:
        return int((folder / str(name)).stat().st_mtime) == generation.taken
    except FileNotFoundError:
        return False


def put(folder: Path, name: Name, generation: Generation, content: bytes) -> None:
    """Write a file; the time at which it was changed tells of which generation it is."""
    path = folder / str(name)
    write_file(path, content)
    os.utime(path, (generation.taken, generation.taken))


def manifest_of(folder: Path, generations: Sequence[Generation], last: Generation, book: AddressBook) -> bytes:
    """Return the manifest of a book, whose files must be there."""
    leading = [_listed(folder, each) for each in differences(generations, last, book.guid)]
    templates = [
        Template(_listed(folder, Name(book.guid, template(language), last.sequence)), language)
        for language in LANGUAGES
    ]
    full = _listed(folder, Name(book.guid, DATA, last.sequence))
    return manifest.manifest(book.title, str(book.guid), full, leading, templates)


def is_ours(name: str) -> bool:
    """Say whether a file in the folder is one of ours, perhaps unfinished."""
    return _OURS.fullmatch(name) is not None


def every_name(generations: Sequence[Generation]) -> Iterator[Name]:
    """Yield the name of each file that may be there."""
    for each in generations:
        for book in each.books:
            yield Name(book.guid, MANIFEST, each.sequence)
            yield from files_of(generations, each, book.guid)


def _listed(folder: Path, name: Name) -> Listed:
    content = (folder / str(name)).read_bytes()
    (size,) = unpack_from("<I", content, 16 if name.kind == DIFFERENCE else 12)
    # SHA-1 is what the format asks for; it protects from accidents only.
    return Listed(
        str(name), name.sequence, len(content), size, hashlib.sha1(content, usedforsecurity=False).hexdigest()
    )
