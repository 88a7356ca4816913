"""casctl beside servers and writers at work: copies, checks, indexes made anew, mail brought in and taken out."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from casd.testing.organisation import running
from tests.casd.casctl.test_content import MBOX
from tests.casd.mailbox.store.documents import DOCX
from tests.integration.process import ROOT

CASCTL = Path(sys.executable).with_name("casctl")


class BesideAWriterTests(SynchronousTestCase):
    def test_a_database_is_verified_and_copied_while_it_is_written(self) -> None:
        top = Path(self.mktemp()).absolute()
        folder, copy = top / "DB01", top / "copy.sqlite"
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.store_writer", str(folder)], cwd=ROOT, stdout=subprocess.PIPE
        )
        self.addCleanup(writer.communicate)
        self.addCleanup(writer.kill)
        assert writer.stdout
        for _ in range(50):
            writer.stdout.readline()
        self._casctl("verify", str(folder))
        self._casctl("backup", str(folder), str(copy), "--verify")
        assert writer.poll() is None
        assert copy.stat().st_size > 50_000
        assert b"sqlite-" not in b" ".join(bytes(file) for file in top.glob("copy*"))

    def _casctl(self, *arguments: str) -> None:
        done = subprocess.run([CASCTL, "database", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class OrganisationTests(SynchronousTestCase):
    def setUp(self) -> None:
        with ExitStack() as stack:
            self.top = Path(self.mktemp()).absolute()
            self.top.mkdir()
            self.casd = stack.enter_context(running())
            self.addCleanup(stack.pop_all().close)

    def test_what_is_brought_in_is_indexed_anew_and_taken_out(self) -> None:
        (self.top / "in.mbox").write_bytes(MBOX)
        (self.top / "a.eml").write_bytes(_with_document())
        for _ in range(2):
            self.casd.casctl(
                "content", "import", "alice@example.org", str(self.top / "in.mbox"), str(self.top / "a.eml")
            )
        self.casd.casctl("database", "reindex", "DB01")
        self.casd.casctl("content", "export", "alice@example.org", str(self.top / "out"))
        assert len(list((self.top / "out" / "Inbox").glob("*.eml"))) == 3


def _with_document() -> bytes:
    fields = ("Subject: x", "Content-Type: application/octet-stream; name=a.docx", "Content-Transfer-Encoding: 8bit")
    return "\r\n".join((*fields, "", "")).encode() + DOCX
