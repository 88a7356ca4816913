"""A process that writes into a mailbox database until it is killed; each acknowledged item is a line of its output."""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet import reactor  # noqa: TID251 - a process of its own
from twisted.internet.defer import Deferred

from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind

GUID = "11111111-1111-1111-1111-111111111111"


def content(number: int) -> bytes:
    return b"Subject: number %d\r\n\r\n%b\r\n" % (number, b"some text " * (number % 500))


def write(mailbox: MailboxStore, number: int) -> Item:
    inbox = mailbox.folders.distinguished("inbox").id
    item = mailbox.items.create(inbox, Kind.MAIL, content(number))
    if number % 3 == 0:
        item = mailbox.items.update(item.id, read=True)
    return item


async def run(folder: Path) -> None:
    database = MailboxDatabase.mount(folder, folder.name, "mbx1", reactor)  # type: ignore[arg-type]
    mailbox = await database.run(database.mailbox, GUID, "alice@example.org", "Alice")
    number = 0
    while True:
        number += 1
        item = await database.run(write, mailbox, number)
        print(item.id, item.change, number, flush=True)  # noqa: T201


if __name__ == "__main__":
    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(run(Path(sys.argv[1]))))
    reactor.run()
