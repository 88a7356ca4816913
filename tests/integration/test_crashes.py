"""What was acknowledged is there, once, and is found, however the process ended that wrote it.

A process that writes is killed, or loses its power, CASD_CRASHES times; CASD_SEED gives other moments.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from twisted.internet import reactor  # noqa: TID251 - an integration test
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import TestCase

from casd.mailbox.store.checks import checks
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.errors import AlreadyMounted
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Page, Search
from casd.mailbox.store.values import Item
from tests.integration.store_writer import GUIDS, content

ROOT = Path(__file__).parents[2]
CRASHES = int(os.environ.get("CASD_CRASHES", "5"))

_SAME_DATABASE = 10
"""Crashes of one database, before a new one."""

_LOOKED_FOR = 20


class Made(NamedTuple):
    """An item that was acknowledged."""

    item: str
    change: int
    number: int
    word: str


class Log:
    """What a writer's output acknowledges."""

    def __init__(self) -> None:
        self.made: dict[str, Made] = {}
        self.going: set[str] = set()
        self.gone: set[str] = set()

    def read(self, output: str) -> None:
        for line in output.splitlines(keepends=True):
            if not line.endswith("\n"):  # cut off: that one was not acknowledged
                continue
            word, item, *rest = line.split()
            if word == "made":
                self.made[item] = Made(item, int(rest[0]), int(rest[1]), rest[2])
            else:
                {"going": self.going, "gone": self.gone}[word].add(item)


class CrashTests(TestCase):
    timeout = 3600

    def setUp(self) -> None:
        self.random = Random(int(os.environ.get("CASD_SEED", "1")))
        self.top = Path(self.mktemp()).absolute()
        self.top.mkdir()

    def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(self) -> Deferred[None]:
        return ensureDeferred(self._crash(self._write_and_kill))

    def test_nothing_acknowledged_is_lost_when_the_power_fails(self) -> Deferred[None]:
        source = Path(__file__).with_name("powercut.c")
        self.library = self.top / "powercut.so"
        subprocess.run(["gcc", "-Wall", "-shared", "-fPIC", "-O2", "-o", self.library, source, "-ldl"], check=True)
        return ensureDeferred(self._crash(self._write_and_cut))

    async def _crash(self, once: Callable[[Path], str]) -> None:
        acknowledged = 0
        for number in range(CRASHES):
            if number % _SAME_DATABASE == 0:
                log, folder = Log(), self.top / f"DB{number:03}"
            log.read(once(folder))
            await self._look(folder, log)
            if (number + 1) % _SAME_DATABASE == 0 or number + 1 == CRASHES:
                acknowledged += len(log.made) + len(log.gone)
        assert acknowledged > 10 * CRASHES
        print(f"{CRASHES} crashes, {acknowledged} acknowledged changes")  # noqa: T201

    def _write_and_kill(self, folder: Path) -> str:
        writer = _writer(folder, {})
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(self.random.randrange(1, 300))]
        assert _holder(folder) == "mbx1"
        writer.kill()
        rest, _ = writer.communicate()
        return "".join(said) + rest

    def _write_and_cut(self, folder: Path) -> str:
        cut = {
            "LD_PRELOAD": self.library,
            "CUT_FILES": "mailboxes.sqlite",
            "CUT_AFTER": int(10 ** self.random.uniform(1, 3.9)),
            "CUT_SEED": self.random.randrange(1 << 30),
            "CUT_KEPT": self.random.choice((0, 20, 50, 80, 100)),
        }
        writer = _writer(folder, {name: str(value) for name, value in cut.items()})
        said, _ = writer.communicate()
        assert writer.returncode == -signal.SIGKILL
        return said

    async def _look(self, folder: Path, log: Log) -> None:
        database = _mount(folder)
        mailboxes = [await database.open(guid, f"{guid[0]}@example.org", guid[0]) for guid in GUIDS]
        held = [await database.read(_items, mailbox) for mailbox in mailboxes]
        items = {item.id: item for some in held for item in some}
        _compare(items, log)
        for made in self.random.sample(sorted(log.made.values()), min(_LOOKED_FOR, len(log.made))):
            if made.item in items:
                await database.read(_found, mailboxes, made)
        await database.dismount()
        connection = sqlite3.connect(folder / "mailboxes.sqlite")
        wrong = [line for check in checks(connection, deep=True) for line in check.run()]
        connection.close()
        assert wrong == []


def _writer(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.store_writer", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})


def _mount(folder: Path) -> MailboxDatabase:
    return MailboxDatabase.mount(folder, folder.name, "mbx2", reactor)  # type: ignore[arg-type]


def _holder(folder: Path) -> str:
    try:
        _mount(folder)
    except AlreadyMounted as refused:
        return refused.holder
    return "nobody"


def _items(mailbox: MailboxStore) -> tuple[Item, ...]:
    root = mailbox.folders.distinguished("root").id
    folders = [folder.id for folder in mailbox.folders.children(root, deep=True)]
    return mailbox.items.find(folders, page=Page(limit=-1)).items


def _compare(items: dict[str, Item], log: Log) -> None:
    """Look for everything that was acknowledged, once each, and for nothing that was undone."""
    subjects = Counter(item.subject for item in items.values())
    assert "undone" not in subjects
    assert set(subjects.values()) <= {1}
    assert not log.gone & items.keys()
    assert log.made.keys() - log.going <= items.keys()
    for made in log.made.values():
        if made.item in items:
            item = items[made.item]
            assert (item.subject, item.change, item.read) == (made.word, made.change, made.number % 3 == 0)


def _found(mailboxes: list[MailboxStore], made: Made) -> None:
    hits = []
    for mailbox in mailboxes:
        folders = [mailbox.folders.distinguished(name).id for name in ("inbox", "sentitems")]
        hits += [(mailbox, item.id) for item in mailbox.items.find(folders, Search(f'"{made.word}"')).items]
    ((mailbox, item),) = hits
    assert item == made.item
    assert mailbox.items.content(item) == content(made.number, made.word)
