"""The lock by which one server at a time holds a mailbox database."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from casd.mailbox.store.errors import AlreadyMounted

_FILE = "lock"


class Lock:
    """The held lock of a database's folder. The kernel frees it when its process dies.

    The file's first line names the server that holds it, or held it last and was not told to let it go: that
    server mounts the database again when it starts.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, server: str) -> Lock:
        """Take the lock for a server, or raise `AlreadyMounted`."""
        descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyMounted(folder.name, holder(folder) or "an unknown server") from None
        lock = cls(descriptor)
        lock._name(server)
        return lock

    def release(self, *, forget: bool) -> None:
        """Give the lock back; with `forget` the server will not mount this database when it starts."""
        if forget:
            self._name("")
        os.close(self._descriptor)

    def _name(self, server: str) -> None:
        line = f"{server}\n".encode()
        os.pwrite(self._descriptor, line, 0)  # before cutting: at no time does the file name nobody
        os.ftruncate(self._descriptor, len(line))
        os.fsync(self._descriptor)


def holder(folder: Path) -> str | None:
    """Return the server that a database's lock names (empty: nobody's), or None if it was never mounted."""
    try:
        return (folder / _FILE).read_text(encoding="utf-8").partition("\n")[0]
    except (FileNotFoundError, NotADirectoryError):
        return None
