"""Answers and events of a database with threads of its own."""

from __future__ import annotations

from pathlib import Path

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import TestCase

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.values import Dismounted, Event
from tests.integration.store_writer import GUIDS, content


class ThreadTests(TestCase):
    timeout = 30

    def test_answers_and_events_come_in_the_reactors_thread_in_order(self) -> Deferred[None]:
        return ensureDeferred(self._deliver_and_dismount(Path(self.mktemp()).absolute()))

    async def _deliver_and_dismount(self, folder: Path) -> None:
        database = MailboxDatabase.mount(folder, "DB01", "mbx1", reactor)  # type: ignore[arg-type]
        mailbox = await database.run(database.mailbox, GUIDS[0], "alice@example.org", "Alice")
        notices: list[object] = []
        database.watch(GUIDS[0], notices.append)
        answers = [database.run(mailbox.deliver, content(number, "word")) for number in range(10)]
        changes = [(await answer).change for answer in answers]
        assert changes == sorted(changes)
        told = [notice.change for notice in notices if isinstance(notice, Event)]
        assert told == [change for change in changes for _ in ("created", "new mail")]
        last = database.run(mailbox.deliver, content(1, "word"))
        dismounted = database.dismount()
        assert isinstance(notices[-1], Dismounted)
        assert (await last).change > changes[-1]
        await dismounted
        await self.assertFailure(database.run(mailbox.deliver, content(1, "word")), NotMounted)
