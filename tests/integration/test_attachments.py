"""The texts of attachments are read in a process of their own, which strangers' documents may harm."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from casd.mailbox.store import attached, reader
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Search
from casd.mailbox.store.reader import Reader
from casd.mailbox.store.values import Kind
from tests.casd.mailbox.store.documents import DOCX, pdf, zipped
from tests.integration.store_writer import GUIDS, content


class ReaderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reader = Reader(seconds=5.0)
        self.addCleanup(self.reader.close)

    def test_one_process_reads_one_document_after_the_other(self) -> None:
        assert "Quarterly" in self.reader.text_of("a.docx", "", DOCX)
        process = self.reader._running
        assert "Offer 7" in self.reader.text_of("a.pdf", "", pdf("Offer 7"))
        assert self.reader.text_of("large.txt", "", b"word " * 1000000)[:9] == "word word"
        assert self.reader.text_of("a.docx", "", b"not a document") == ""
        assert self.reader._running is process

    def test_a_document_that_takes_too_long_costs_its_own_text_only(self) -> None:
        self.reader.seconds = 0.0
        assert self.reader.text_of("a.pdf", "", pdf("Offer 7")) == ""
        self.reader.seconds = 20.0
        assert "Offer 7" in self.reader.text_of("a.pdf", "", pdf("Offer 7"))

    def test_a_document_that_takes_too_much_memory_costs_its_own_text_only(self) -> None:
        self.patch(reader, "_MEMORY", 300 << 20)
        bomb = zipped(word__document_xml=f"<w:t xmlns:w='w'>{'x' * (60 << 20)}</w:t>")
        assert len(self.reader.text_of("a.docx", "", bomb)) < 2 << 20
        assert "Quarterly" in self.reader.text_of("a.docx", "", DOCX)

    def test_a_process_that_dies_is_replaced(self) -> None:
        self.reader.text_of("a.docx", "", DOCX)
        assert self.reader._running
        self.reader._running.process.kill()
        assert self.reader.text_of("a.docx", "", DOCX) == ""
        assert "Quarterly" in self.reader.text_of("a.docx", "", DOCX)

    def test_it_writes_no_file(self) -> None:
        self.reader.text_of("a.docx", "", DOCX)
        assert self.reader._running
        limits = Path(f"/proc/{self.reader._running.process.pid}/limits").read_text()
        assert re.search(r"Max file size +0 +0", limits)


class AttachedTests(TestCase):
    timeout = 60

    def test_a_mounted_database_reads_what_comes(self) -> Deferred[None]:
        return ensureDeferred(self._put_and_find(Path(self.mktemp()).absolute()))

    async def _put_and_find(self, folder: Path) -> None:
        database = attached.mount(folder, "DB01", "mbx1", reactor)
        mailbox = await database.open(GUIDS[0], "alice@example.org", "Alice")
        await database.run(_put, mailbox)
        while not await database.read(_found, mailbox):
            await deferLater(reactor, 0.05)  # type: ignore[arg-type]
        await database.dismount()


def _put(mailbox: MailboxStore) -> None:
    item = mailbox.items.create(mailbox.folders.distinguished("inbox").id, Kind.MAIL, content(1, "word"))
    mailbox.attachments.add(item.id, "q3.docx", "application/octet-stream", DOCX)


def _found(mailbox: MailboxStore) -> int:
    return mailbox.items.find([mailbox.folders.distinguished("inbox").id], Search("quarterly")).total
