"""What the operator's tools ask of a mailbox server: mount, dismount, status."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict

from casd.mailbox.roster import Roster
from casd.mailbox.store.errors import AlreadyMounted, NoDatabase
from casd.mailbox.store.growth import growth
from casd.mailbox.store.reindexing import Reindexing
from protocols.handover import Assertion
from protocols.http1 import RequestHead, Response

MECHANISM = "control"
"""What an assertion must say: no user's request is ever taken for the operator's."""

CREATE = "create=yes"
"""The query by which /casd/mount makes a database that is not there: without it, a folder that is missing (its disk
not mounted, perhaps) is never taken for a new and empty database."""


class Control:
    """Answers `/casd/mount`, `/casd/dismount`, `/casd/reindex` (POST; the assertion names the database).

    By GET `/casd/status`, `/casd/growth` of a database, and how far `/casd/reindex` has come.
    """

    def __init__(self, server: str, roster: Roster) -> None:
        self._server = server
        self._roster = roster
        self._calls = {
            (b"POST", "/casd/mount"): self._mount,
            (b"POST", "/casd/dismount"): self._dismount,
            (b"GET", "/casd/status"): self._status,
            (b"POST", "/casd/reindex"): self._reindex,
            (b"GET", "/casd/reindex"): self._progress,
            (b"GET", "/casd/growth"): self._growth,
        }
        self._reindexings: dict[str, Reindexing] = {}

    async def serve(self, head: RequestHead, assertion: Assertion) -> Response:
        """Do what is asked; asked for again, it is answered as if it had just been done."""
        if assertion.mechanism != MECHANISM:
            return _answer(403, error="not a control call")
        call = self._calls.get((head.method, head.path.lower()))
        if call is None:
            return _answer(404, error="no such control call")
        return await call(assertion.database, head)

    async def _mount(self, database: str, head: RequestHead) -> Response:
        try:
            await self._roster.mount(database, create=head.query == CREATE)
        except AlreadyMounted as error:
            return _answer(409, error=str(error), holder=error.holder)
        except NoDatabase as error:
            return _answer(404, error=str(error))
        return _answer(200, database=database)

    async def _dismount(self, database: str, _head: RequestHead) -> Response:
        dismounted = await self._roster.dismount(database)
        return _answer(200, database=database, dismounted=dismounted)

    async def _reindex(self, database: str, _head: RequestHead) -> Response:
        found = self._reindexing(database)
        if found is not None:
            found.begin()
        return await self._progress(database, _head)

    async def _progress(self, database: str, _head: RequestHead) -> Response:
        found = self._reindexing(database)
        if found is None:
            return _answer(404, error=f"{database} is not mounted here")
        return _answer(200, **asdict(found.progress))

    async def _growth(self, database: str, _head: RequestHead) -> Response:
        if not self._roster.serves(database):
            return _answer(404, error=f"{database} is not mounted here")
        with self._roster.use(database) as mounted:
            return _answer(200, **asdict(await mounted.read(growth, mounted.connections)))

    def _reindexing(self, name: str) -> Reindexing | None:
        if not self._roster.serves(name):
            return None
        with self._roster.use(name) as database:
            known = self._reindexings.get(name)
            if known is None or known.database is not database:
                known = self._reindexings[name] = Reindexing(database)
            return known

    async def _status(self, _database: str, _head: RequestHead) -> Response:
        return _answer(200, server=self._server, databases=[asdict(mounted) for mounted in self._roster.mounted])


def _answer(status: int, **values: Any) -> Response:
    return Response(status, ((b"Content-Type", b"application/json"),), json.dumps(values).encode())
