"""The move of a database's active copy from one server to another."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from casd.casctl.control import Control
from casd.casctl.invocation import Down
from casd.directory.sqlite_edit import Mistake
from casd.model import Database, Server


@frozen
class Move:
    """One move: `activate` writes the new active copy into the directory and returns its epoch."""

    database: Database
    old: Server
    new: Server
    control: Control
    activate: Callable[[], int]

    def run(self, *, force: bool) -> int:
        """Dismount, mount, flip; return the new epoch. `Down` when it had to be left or undone.

        Interrupted anywhere, the same command finishes it: each step, asked for again, is answered as done.
        """
        if self.new.name not in {copy.server for copy in self.database.copies}:
            raise Mistake(f"{self.database.name} has no copy on {self.new.name}: casctl database set with --copy")
        if not force and self.old != self.new:
            self._dismount()
        self._mount()
        return self.activate()

    def _dismount(self) -> None:
        try:
            self.control.ask(self.old, "POST", "/casd/dismount", self.database.name)
        except Down as error:
            raise Down(
                f"{error}. Nothing was moved. If {self.old.name} is dead, --force mounts {self.database.name} without "
                "asking it: the lock in the database's folder keeps two servers from mounting it"
            ) from error
        except Mistake as error:
            raise Down(f"{error}. Nothing was moved") from error

    def _mount(self) -> None:
        try:
            self.control.ask(self.new, "POST", "/casd/mount", self.database.name)
        except (Down, Mistake) as error:
            raise Down(f"{error}. {self._back()}") from error

    def _back(self) -> str:
        name, old = self.database.name, self.old.name
        if self.old == self.new:
            return f"{name} is mounted nowhere"
        try:
            self.control.ask(self.old, "POST", "/casd/mount", name)
        except (Down, Mistake) as error:
            return (
                f"It could not be mounted again at {old} either: {error}. Start a server, then give this command again"
            )
        return f"{name} is mounted at {old} again"
