"""Copies of meeting messages in the Sent Items of who sends them."""

from __future__ import annotations

from casd.mailbox.meetings import itip
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item, Kind


def keep(mailbox: MailboxStore, letter: Outgoing) -> Item:
    """Put a copy of what is sent into Sent Items."""
    said = itip.read(letter.mime)
    home, name = mailbox.folders.distinguished("sentitems"), said.item_class if said else "IPM.Note"
    return mailbox.items.create(home.id, Kind.MAIL, letter.mime, item_class=name, read=True)
