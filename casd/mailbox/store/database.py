"""A mailbox database: a folder that one server at a time mounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads

from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Dismounted, Event

P = ParamSpec("P")
T = TypeVar("T")
Watcher = Callable[[Event | Dismounted], None]


class MailboxDatabase:
    """A mounted mailbox database."""

    name: str
    server: str

    @classmethod
    def mount(cls, folder: Path, name: str, server: str, reactor: IReactorFromThreads) -> MailboxDatabase:
        """Take the lock of `folder` (made if there is none) and open what is in it; blocks for a moment.

        Raises `AlreadyMounted` when another server holds it.
        """
        raise NotImplementedError

    def dismount(self) -> Deferred[None]:
        """Tell watchers, finish what was begun, close and give the lock back; later runs fail with `NotMounted`."""
        raise NotImplementedError

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Run a function in this database's thread as one transaction; the answer comes after its commit.

        An exception rolls everything back and becomes the Deferred's failure. Raises nothing itself.
        """
        raise NotImplementedError

    def mailbox(self, guid: str, address: str, display_name: str) -> MailboxStore:
        """Return a mailbox, made with its default folders on first use; blocks, so call it by `run`."""
        raise NotImplementedError

    def watch(self, guid: str, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` in the reactor's thread with each `Event` of this mailbox, and at last with `Dismounted`.

        Returns the function that stops it.
        """
        raise NotImplementedError
