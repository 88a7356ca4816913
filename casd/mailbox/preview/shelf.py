"""The folders of documents that were made into pages lately, within a bound of bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import Any

from attrs import define

ENTRIES = 10_000
"""Most documents that are remembered, with pages or without."""


@define
class Kept:
    """What is kept of one document: its folder with `size` bytes, and what it was found to be."""

    folder: Path
    found: Any
    size: int = 0


class Shelf:
    """Documents by key, in a folder made when it is first needed; those not asked for lately are given up first."""

    def __init__(self, most: int) -> None:
        self._folder: Path | None = None
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0

    def get(self, key: str) -> Kept | None:
        """Return what is kept under a key, and keep it for longer."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def place(self, key: str) -> Path:
        """Make the folder of a document."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="casd-previews-"))
        folder = self._folder / key
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def put(self, key: str, found: Any, in_use: Collection[str] = ()) -> None:
        """Keep a document with what stands in its folder now, and give up others for it, but none in use."""
        kept = self._kept.setdefault(key, Kept(self.place(key), found))
        kept.found, before = found, kept.size
        kept.size = sum(path.lstat().st_size for path in kept.folder.iterdir())
        self._kept.move_to_end(key)
        self._size += kept.size - before
        for other in [each for each in self._kept if each != key and each not in in_use]:
            if self._size <= self._most and len(self._kept) <= ENTRIES:
                break
            self._drop(other)

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._size = 0
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key)
        self._size -= kept.size
        shutil.rmtree(kept.folder, ignore_errors=True)
