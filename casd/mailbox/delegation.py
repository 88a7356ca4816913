"""Delegates: who may do what in the folders of somebody else's mailbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, field, frozen

from casd.mailbox.store.mailbox import MailboxStore

_NAME = "delegates"

FOLDERS = ("calendar", "tasks", "inbox", "contacts", "notes", "journal")
"""Default folders that a delegate may be let into."""

CHANGES = frozenset({"Editor", "PublishingEditor", "Owner"})
EDITS_OWN = CHANGES | {"Author", "PublishingAuthor"}
CREATES = EDITS_OWN | {"NoneditingAuthor"}
READS = CREATES | {"Reviewer"}
"""The permission levels that allow to change and delete everything, to change what one has put in, to put something in
and take it out again, to read."""


@frozen
class Delegate:
    """Somebody with permission levels (None, Reviewer, Author, Editor, ...) by default folder."""

    address: str
    name: str = ""
    levels: Mapping[str, str] = field(factory=dict)
    copies: bool = False
    private: bool = False


def load(mailbox: MailboxStore) -> list[Delegate]:
    """Return the delegates of a mailbox."""
    said: dict[str, Any] = mailbox.settings.get(_NAME) or {}
    return [Delegate(**one) for one in said.get("delegates", ())]


def delivery(mailbox: MailboxStore) -> str:
    """Return who gets meeting messages (DeliverMeetingRequests of EWS)."""
    said: dict[str, Any] = mailbox.settings.get(_NAME) or {}
    return str(said.get("delivery", "NoForward"))


def save(mailbox: MailboxStore, delegates: Sequence[Delegate], delivery: str) -> None:
    """Replace the delegates of a mailbox, and who gets meeting messages."""
    value = {"delegates": [asdict(one) for one in delegates], "delivery": delivery}
    mailbox.settings.put(_NAME, value if delegates else None)


def find(delegates: Sequence[Delegate], address: str) -> Delegate | None:
    """Return the delegate with an address, None if there is none."""
    return next((one for one in delegates if one.address.casefold() == address.casefold()), None)
