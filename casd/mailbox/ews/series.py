"""What follows for a meeting from the rest of the mailbox: the occurrences of its series, what it collides with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from casd.mailbox.ews import identifiers, occurrences
from casd.mailbox.ews.occurrences import Occurrence
from casd.mailbox.ews.soundness import sound
from casd.mailbox.meetings import attending, itip
from casd.mailbox.store.errors import BadContent
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Item
from protocols.ews.values import Happening, Id

_MOST = 1000
"""Occurrences looked at to find the last one, and those that differ."""


def _shown(mailbox: MailboxStore, item: Item, one: Occurrence) -> Happening:
    identity = identifiers.of_occurrence(mailbox, item, one.original)
    return Happening(identity, one.start, one.end, one.original)


@sound
def _all(mailbox: MailboxStore, item: Item) -> list[Happening]:
    content = mailbox.items.content(item.id)
    return [_shown(mailbox, item, one) for one in islice(occurrences.expand(content), _MOST)]


@sound
def _modified(mailbox: MailboxStore, item: Item) -> tuple[Happening, ...]:
    content = mailbox.items.content(item.id)
    found = islice(occurrences.expand(content), _MOST)
    return tuple(_shown(mailbox, item, one) for one in found if one.component is not None)


def _of_series(read: Callable[[MailboxStore, Item], Any]) -> Callable[[MailboxStore, Item], Any]:
    """Let only a series have a property; one that cannot be read has none."""

    def about(mailbox: MailboxStore, item: Item) -> Any:
        try:
            return (read(mailbox, item) or None) if item.recurring else None
        except BadContent:
            return None

    return about


def _last(mailbox: MailboxStore, item: Item) -> Happening | None:
    found = _all(mailbox, item)
    return found[-1] if found and len(found) < _MOST else None


def _entry(mailbox: MailboxStore, item: Item) -> Id | None:
    """Return the entry in the calendar that a meeting message is about."""
    said = itip.read(mailbox.items.content(item.id))
    found = attending.known(mailbox, said) if said else None
    return None if found is None else identifiers.of_item(mailbox, found.entry)


ABOUT: Mapping[str, Callable[[MailboxStore, Item], Any]] = {
    "calendar:FirstOccurrence": _of_series(lambda mailbox, item: next(iter(_all(mailbox, item)), None)),
    "calendar:LastOccurrence": _of_series(_last),
    "calendar:ModifiedOccurrences": _of_series(_modified),
    "calendar:DeletedOccurrences": _of_series(
        lambda mailbox, item: tuple(occurrences.deleted(mailbox.items.content(item.id)))
    ),
    "meeting:AssociatedCalendarItemId": _entry,
}
"""Properties of a meeting that its content alone does not say."""
