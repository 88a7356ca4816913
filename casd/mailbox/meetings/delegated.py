"""Copies of meeting messages for the delegates of whom they are sent to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from casd.mailbox import delegation
from casd.mailbox.meetings.itip import PREFIX
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.rule_letters import redirected
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Item

_TO_DELEGATES = frozenset({"DelegatesAndMe", "DelegatesOnly", "DelegatesAndSendInformationToMe"})


def copies(mailbox: MailboxStore, item: Item, mime: bytes, passed: Sequence[str], now: datetime) -> list[Outgoing]:
    """Return what sends a meeting message to the delegates who want one; the owner may want none in his inbox.

    A copy that somebody gets as a delegate goes no further.
    """
    how = delegation.delivery(mailbox)
    if how not in _TO_DELEGATES or not item.item_class.startswith(PREFIX) or passed:
        return []
    people = tuple(one.address for one in delegation.load(mailbox) if one.copies)
    if not people:
        return []
    if how == "DelegatesOnly":
        mailbox.items.delete(item.id, DeleteMode.DELETED_ITEMS)
    return [Outgoing(people, redirected(mailbox, mime, people, now), passed=(mailbox.address,))]
