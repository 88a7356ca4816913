"""Converters that crash, hang, eat memory, look around or call home: each costs its own document only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from unittest.mock import patch

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from casd.mailbox.preview import job, workshop
from casd.mailbox.preview.previews import Previews
from casd.mailbox.preview.sandbox import SANDBOXES, Sandbox
from casd.mailbox.preview.shelf import Shelf
from casd.mailbox.preview.trouble import NotShown, Trouble
from casd.mailbox.preview.workshop import Programs, Workshop
from tests.integration import papers

MEMORY = 512 * 1024 * 1024
SECONDS = 2.0


class Converter(TestCase):
    """Each story has a converter of its own, a shell script in the place of LibreOffice, behind every kind of wall."""

    timeout = 60

    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        self.place.mkdir()
        self.letter = papers.open_text()

    async def opened(self, script: str, walls: Sandbox = SANDBOXES[0], *, document: bytes = b"") -> Trouble | None:
        """Return the trouble that a document's preview met."""
        program = workshop.CODE / "mailbox" / "preview" / f"test-{os.getpid()}.sh"  # what every wall lets be seen
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        work = Workshop(reactor, most=1, memory=MEMORY, seconds=SECONDS)
        previews = Previews(Shelf(1 << 20), work, Programs(str(program), pdf=True))
        try:
            with patch.object(workshop, "choose", lambda *_: walls):
                await previews.open("alice", "1", ".odt", lambda: done(document or self.letter))
        except NotShown as error:
            return error.trouble
        finally:
            previews.end()
            program.unlink()
        return None

    async def test_a_crash_is_told_at_once(self) -> None:
        for walls in SANDBOXES:
            assert await self.opened("kill -SEGV $$", walls) == Trouble.CRASHED

    async def test_what_hangs_is_killed_with_all_its_children(self) -> None:
        mark = f"{10_000 + os.getpid() % 1000}.{os.getpid()}"
        for walls in SANDBOXES:
            began = time.monotonic()
            assert await self.opened(f"sleep {mark} & sleep {mark}", walls) == Trouble.SLOW
            assert time.monotonic() - began < SECONDS + 5
            assert running(mark) == []

    async def test_what_eats_memory_or_disk_ends_by_itself(self) -> None:
        memory = "exec python3 -c 'bytearray(1 << 30)' || exec /usr/bin/perl -e '$x = \"a\" x (1 << 30)'"
        for greed in (memory, "exec head --bytes 300M /dev/zero > document.pdf"):
            assert await self.opened(greed) == Trouble.CRASHED

    async def test_nothing_is_seen_of_the_network_and_of_the_servers_files(self) -> None:
        (self.place / "secret").write_text("the key")
        inside = f"""
            test $(cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' ') = lo || exit 1
            cat {self.place}/secret && exit 2
            echo ran > {self.place}/proof && exit 3
            test -e /etc/shadow -o -e /var/lib && exit 4
            exit 0"""
        assert await self.opened(inside) == Trouble.BROKEN  # it has looked, and left no pages
        assert not (self.place / "proof").exists()

    async def test_nothing_is_seen_of_the_network_without_bubblewrap_either(self) -> None:
        inside = "test $(cut -d: -f1 /proc/self/net/dev | tail -n +3 | tr -d ' ') = lo || exit 1"
        assert await self.opened(inside, SANDBOXES[1]) == Trouble.BROKEN


class Macros(TestCase):
    """Documents that write a file when they are opened, in the real LibreOffice, which nothing keeps from files."""

    timeout = 120
    makers: ClassVar = {".odt": papers.macro, ".ods": papers.macro_sheet}

    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        self.place.mkdir()
        self.proof = self.place / "proof"

    async def test_what_would_act_does_not_in_a_preview(self) -> None:
        for suffix, make in self.makers.items():
            work = Workshop(reactor, most=1, memory=2 * MEMORY, seconds=30)
            previews = Previews(Shelf(1 << 20), work, Programs.found())
            try:
                with patch.object(workshop, "choose", lambda *_: SANDBOXES[-1]):
                    shown = await previews.open("alice", suffix, suffix, lambda make=make: done(make(self.proof)))
            finally:
                previews.end()
            assert shown.total == 1
            assert not self.proof.exists(), suffix

    async def test_it_acts_where_macros_are_allowed_and_not_by_the_settings_of_a_preview(self) -> None:
        lowered = job._SETTINGS.replace("<value>3<", "<value>0<").replace("<value>true<", "<value>false<")
        for suffix, make in self.makers.items():
            document = self.place / f"evil{suffix}"
            document.write_bytes(make(self.proof))
            assert await deferToThread(self.acts, document, lowered), suffix
            self.proof.unlink()
            assert not await deferToThread(self.acts, document, job._SETTINGS), suffix

    def acts(self, document: Path, settings: str) -> bool:
        """Open a document as a person would, by these settings, and say whether it writes its file."""
        profile = Path(tempfile.mkdtemp(dir=self.place))
        (profile / "user").mkdir()
        (profile / "user" / "registrymodifications.xcu").write_text(settings)
        command = [Programs.found().office, "--headless", "--norestore", f"-env:UserInstallation={profile.as_uri()}"]
        with subprocess.Popen([*command, str(document)], start_new_session=True, stderr=subprocess.DEVNULL) as office:
            try:
                opened = soon(document.with_name(f".~lock.{document.name}#").exists, 60)
                assert opened, "LibreOffice has not opened the document"
                return soon(self.proof.exists, 5)
            finally:
                os.killpg(office.pid, signal.SIGKILL)
                document.with_name(f".~lock.{document.name}#").unlink(missing_ok=True)


def soon(what: Callable[[], bool], seconds: float) -> bool:
    """Say whether something comes true in a time."""
    end = time.monotonic() + seconds
    while not (true := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return true


def done(content: bytes) -> Deferred[bytes]:
    answer: Deferred[bytes] = Deferred()
    answer.callback(content)
    return answer


def running(word: str) -> list[str]:
    """Return the commands that run with a word in them, a moment later: a namespace takes its time to end."""
    for _ in range(20):
        found = []
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found += [text] if word in (text := line.read_text()) and "trial" not in text else []
        if not found:
            return []
        time.sleep(0.1)
    return found
