"""A process that writes into a mailbox database, many writes at once, until it is killed.

    python -m tests.integration.store_writer FOLDER

Each acknowledged change is a line of its output: `made ID CHANGE NUMBER WORD` or `gone ID`, before which `going ID` was
printed.
"""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from random import Random
from uuid import uuid4

from twisted.internet import reactor  # noqa: TID251 - a process of its own
from twisted.internet.defer import Deferred, gatherResults

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Search
from casd.mailbox.store.values import DeleteMode, Item, Kind

GUIDS = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222")
_AT_ONCE = 8


def content(number: int, word: str) -> bytes:
    return b"Subject: %b\r\n\r\nnumber %d\r\n%b\r\n" % (word.encode(), number, b"some text " * (number % 300))


def write(mailbox: MailboxStore, number: int, word: str) -> Item:
    inbox = mailbox.folders.distinguished("inbox").id
    item = mailbox.items.create(inbox, Kind.MAIL, content(number, word))
    if number % 3 == 0:
        item = mailbox.items.update(item.id, read=True)
    if number % 4 == 0:
        item = mailbox.items.move(item.id, mailbox.folders.distinguished("sentitems").id)
    return item


def fail(mailbox: MailboxStore) -> None:
    write(mailbox, 1, "undone")
    raise ZeroDivisionError


async def client(database: MailboxDatabase, mailbox: MailboxStore, numbers: count[int], word: str) -> None:
    random = Random()
    inbox = mailbox.folders.distinguished("inbox").id
    while True:
        number = next(numbers)
        unique = f"{word}x{number}"
        item = await database.run(write, mailbox, number, unique)
        print("made", item.id, item.change, number, unique, flush=True)  # noqa: T201
        match random.randrange(6):
            case 0:
                print("going", item.id, flush=True)  # noqa: T201
                await database.run(mailbox.items.delete, item.id, DeleteMode.HARD)
                print("gone", item.id, flush=True)  # noqa: T201
            case 1:
                await database.run(fail, mailbox).addErrback(lambda failure: failure.trap(ZeroDivisionError))
            case 2:
                await database.read(mailbox.items.find, [inbox], Search(f"number {word}"))


async def run(folder: Path) -> None:
    database = MailboxDatabase.mount(folder, folder.name, "mbx1", reactor)  # type: ignore[arg-type]
    word, numbers = f"w{uuid4().hex}", count(1)
    mailboxes = [await database.open(guid, f"{guid[0]}@example.org", guid[0]) for guid in GUIDS]
    clients = [client(database, mailboxes[place % 2], numbers, word) for place in range(_AT_ONCE)]
    await gatherResults([Deferred.fromCoroutine(each) for each in clients])


if __name__ == "__main__":
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(run(Path(sys.argv[1]))))
    reactor.run()
