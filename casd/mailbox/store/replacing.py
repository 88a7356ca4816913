"""Puts a new file in a database's place, so that a crash at any moment leaves one that mounts.

From the moment at which the new file is named as ready, whoever mounts the database finishes what was begun. Under its
own name there is a file at any time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from casd.files import settle

_BESIDE = ("-wal", "-shm")


def replace(file: Path, new: Path) -> Path:
    """Put a whole new file in the place of a database that nobody has mounted; return where the old one is kept."""
    os.link(file, _kept(file, new))
    new.rename(_ready(file))
    settle(file.parent)
    kept = finish(file)
    assert kept is not None  # noqa: S101 - it was just made ready
    return kept


def finish(file: Path) -> Path | None:
    """Finish what was interrupted; return where the old file is kept, None if there was nothing to finish.

    The log beside the old file goes first, as it would be taken for the new file's.
    """
    ready = _ready(file)
    if not ready.exists():
        return None
    kept = _kept(file, ready)
    for suffix in _BESIDE:
        log, its = file.with_name(f"{file.name}{suffix}"), kept.with_name(f"{kept.name}{suffix}")
        if its.exists():
            log.unlink(missing_ok=True)  # somebody has looked into the old file since its own was put away
        with suppress(FileNotFoundError):
            log.rename(its)
    settle(file.parent)
    ready.rename(file)
    settle(file.parent)
    return kept


def remove(file: Path) -> None:
    """Remove a file that was left half made, with the log beside it."""
    for suffix in ("", *_BESIDE):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def _ready(file: Path) -> Path:
    return file.with_name(f"{file.name}.ready")


def _kept(file: Path, new: Path) -> Path:
    """Return the old file's new name: it follows from the new file, so that it is the same after an interruption."""
    made = datetime.fromtimestamp(new.stat().st_mtime)  # noqa: DTZ006 - for the operator's eyes
    return file.with_name(f"{file.name}.{made:%Y%m%d-%H%M%S-%f}")
