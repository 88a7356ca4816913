"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def write_file(name: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file under another name, then give it its own; who owned or could read what was there still may."""
    new = name.with_name(f".{name.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        with suppress(FileNotFoundError):
            before = name.stat()
            with suppress(PermissionError):  # not ours to give away
                os.fchown(descriptor, before.st_uid, before.st_gid)
                mode = before.st_mode & (mode | stat.S_IRWXU | stat.S_IRWXG)
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    new.rename(name)


def settle(folder: Path) -> None:
    """Return when the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
