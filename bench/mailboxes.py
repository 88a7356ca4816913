"""Mailboxes of realistic size, made once and kept: what the store is measured on."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from bench.mails import Mail, Mails
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import Page
from casd.mailbox.store.values import Kind

_BATCH = 500
_FOLDERS = ("inbox", "inbox", "inbox", "sentitems", "inbox", "deleteditems")
_UNREAD = 12
"""One of so many is unread."""


async def fill(folder: Path, guids: dict[str, str], messages: int, reactor: Any) -> None:
    """Bring each mailbox (address to GUID) of a database to so many messages."""
    database = MailboxDatabase.mount(folder, folder.name, "mbx1", reactor)
    mails = Mails()
    for address, guid in guids.items():
        mailbox = await database.open(guid, address, address.partition("@")[0].capitalize())
        have = await database.read(_total, mailbox)
        rest = islice(mails.to(address, messages), have, None)
        with click.progressbar(length=messages - have, label=address, file=sys.stderr) as bar:
            while batch := list(islice(rest, _BATCH)):
                await database.run(_put, mailbox, batch)
                bar.update(len(batch))
    await database.dismount(forget=False)


def _total(mailbox: MailboxStore) -> int:
    return sum(mailbox.folders.distinguished(name).total for name in set(_FOLDERS))


def _put(mailbox: MailboxStore, batch: list[Mail]) -> None:
    homes = [mailbox.folders.distinguished(name).id for name in _FOLDERS]
    for place, mail in enumerate(batch):
        read = place % _UNREAD != 0
        mailbox.items.create(homes[place % len(homes)], Kind.MAIL, mail.content, received=mail.received, read=read)


def sample(mailbox: MailboxStore, folder: str, count: int) -> list[str]:
    """Return the text of some messages, from all ages."""
    home = mailbox.folders.distinguished(folder)
    step = max(1, home.total // count)
    places = range(0, home.total, step)
    found = [mailbox.items.find([home.id], page=Page(1, place)).items for place in places]
    return [f"{item.subject} {item.sender.partition(' <')[0]} {item.preview}" for items in found for item in items]
