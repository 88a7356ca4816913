"""Events of the store as clients are told of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from casd.mailbox.ews import identifiers
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.ews.subscriptions import TYPES, Noted
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews.notifications import Event
from protocols.ews.values import Id


def events(mailbox: MailboxStore, noted: Iterable[Noted]) -> list[Event]:
    """Return noted events as they are told."""
    return [_event(mailbox, one) for one in noted]


def _event(mailbox: MailboxStore, noted: Noted) -> Event:
    event, is_item, came = noted.event, bool(noted.event.item), bool(noted.event.old_folder)
    folder = partial(identifiers.encode, Kind.FOLDER, mailbox)
    item = partial(identifiers.in_folder, mailbox)
    subject = item(event.item, event.folder) if is_item else folder(event.folder)
    old = item(event.old_item, event.old_folder) if is_item else folder(event.folder)
    return Event(
        type=TYPES[event.kind],
        watermark=noted.watermark,
        timestamp=event.timestamp,
        is_item=is_item,
        subject=Id(subject, identifiers.encode_change(str(event.change))),
        parent=Id(folder(event.folder if is_item else event.parent)),
        old=Id(old) if came else None,
        old_parent=Id(folder(event.old_folder)) if came else None,
    )
