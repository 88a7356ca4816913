"""What was acknowledged is there, whatever happened to the process that wrote it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import TestCase

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import AlreadyMounted, NotMounted
from casd.mailbox.store.query import Page
from casd.mailbox.store.values import Dismounted, Event
from tests.integration.store_writer import GUID, content

ROOT = Path(__file__).parents[2]


class KilledTests(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()

    def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(self) -> Deferred[None]:
        return ensureDeferred(self._kill_and_look())

    async def _kill_and_look(self) -> None:
        acknowledged: list[tuple[str, int, int]] = []
        for round_ in range(4):
            acknowledged += self._write_and_kill(at_least=40 + 20 * round_)
            await self._look(acknowledged)

    def _write_and_kill(self, at_least: int) -> list[tuple[str, int, int]]:
        command = [sys.executable, "-m", "tests.integration.store_writer", str(self.folder)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(at_least)]
        assert self._holder() == "mbx1"
        writer.kill()
        rest, _ = writer.communicate()
        # Its last line may be cut off: that one was not acknowledged.
        lines += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        found = [line.split() for line in lines]
        return [(item, int(change), int(number)) for item, change, number in found]

    async def _look(self, acknowledged: list[tuple[str, int, int]]) -> None:
        database = self._mount("mbx2")
        mailbox = await database.run(database.mailbox, GUID, "alice@example.org", "Alice")

        def check() -> None:
            inbox = mailbox.folders.distinguished("inbox")
            everything = mailbox.items.find([inbox.id], page=Page(limit=-1)).items
            assert inbox.total == len(everything)
            assert inbox.unread == sum(not item.read for item in everything)
            for item, change, number in acknowledged:
                assert mailbox.items.content(item) == content(number)
                kept = mailbox.items.get(item)
                assert (kept.change, kept.read) == (change, number % 3 == 0)

        await database.run(check)
        await database.dismount()
        connection = sqlite3.connect(self.folder / "mailboxes.sqlite")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()

    def _holder(self) -> str:
        try:
            self._mount("mbx2")
        except AlreadyMounted as refused:
            return refused.holder
        return "nobody"

    def _mount(self, server: str) -> MailboxDatabase:
        return MailboxDatabase.mount(self.folder, self.folder.name, server, reactor)  # type: ignore[arg-type]


class ThreadTests(TestCase):
    timeout = 30

    def test_answers_and_events_come_in_the_reactors_thread_in_order(self) -> Deferred[None]:
        return ensureDeferred(self._deliver_and_dismount(Path(self.mktemp()).absolute()))

    async def _deliver_and_dismount(self, folder: Path) -> None:
        database = MailboxDatabase.mount(folder, "DB01", "mbx1", reactor)  # type: ignore[arg-type]
        mailbox = await database.run(database.mailbox, GUID, "alice@example.org", "Alice")
        notices: list[object] = []
        database.watch(GUID, notices.append)
        answers = [database.run(mailbox.deliver, content(number)) for number in range(10)]
        changes = [(await answer).change for answer in answers]
        assert changes == sorted(changes)
        told = [notice.change for notice in notices if isinstance(notice, Event)]
        assert told == [change for change in changes for _ in ("created", "new mail")]
        last = database.run(mailbox.deliver, content(1))
        dismounted = database.dismount()
        assert isinstance(notices[-1], Dismounted)
        assert (await last).change > changes[-1]
        await dismounted
        await self.assertFailure(database.run(mailbox.deliver, content(1)), NotMounted)
