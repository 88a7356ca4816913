"""Inbox rules: what the owner of a mailbox has done with messages as they arrive."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import asdict, field, frozen

from casd.mailbox import rule_letters
from casd.mailbox.ews import mail
from casd.mailbox.outgoing import Outgoing
from casd.mailbox.rule_conditions import IMPORTANCE, TESTS, Arrival
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import DeleteMode, Fields, Item
from protocols.ews.errors import Refusal

MOST = 256
"""Rules of one mailbox: each is tried on each message."""

QUOTA = 256 << 10
"""Bytes of all rules of a mailbox: what Exchange gives."""

TEXTS = 1000
"""Texts in the conditions of all rules of a mailbox: each may be looked for in each message, while others wait."""

_NAME = "rules"


@frozen
class Rule:
    """One rule. Conditions, exceptions and actions are by the names that EWS has for them; values are JSON's.

    Texts and addresses stand in lists, folders and messages are ids of the store, ranges are pairs.
    """

    id: str
    name: str
    priority: int
    enabled: bool = True
    conditions: Mapping[str, Any] = field(factory=dict)
    exceptions: Mapping[str, Any] = field(factory=dict)
    actions: Mapping[str, Any] = field(factory=dict)


def load(mailbox: MailboxStore) -> list[Rule]:
    """Return the rules of a mailbox in the order in which they are tried."""
    return sorted((Rule(**said) for said in mailbox.settings.get(_NAME) or ()), key=lambda rule: rule.priority)


def save(mailbox: MailboxStore, rules: Sequence[Rule]) -> None:
    """Replace the rules of a mailbox. Raises `Refusal` when they have grown beyond their quota."""
    before = load(mailbox)
    if _size(rules) > max(QUOTA, _size(before)) or _texts(rules) > max(TEXTS, _texts(before)):
        raise Refusal("ErrorRulesOverQuota", f"The rules of a mailbox may have {QUOTA >> 10} KB and {TEXTS} texts.")
    mailbox.settings.put(_NAME, [asdict(rule) for rule in rules] or None)


def _size(rules: Sequence[Rule]) -> int:
    return sum(len(json.dumps(asdict(rule))) for rule in rules)


def _texts(rules: Sequence[Rule]) -> int:
    tested = (value for rule in rules for value in (*rule.conditions.values(), *rule.exceptions.values()))
    return sum(len(value) for value in tested if isinstance(value, list))


def apply(
    mailbox: MailboxStore, item: Item, mime: bytes, sender: str, passed: Sequence[str], now: datetime
) -> list[Outgoing]:
    """Apply the rules to a message that has come into the inbox; return what they send."""
    rules = [rule for rule in load(mailbox) if rule.enabled]
    if not rules:
        return []
    senders = tuple(one.casefold() for one in passed)
    arrival = Arrival(mailbox, item, mime, sender, now, mail.head(mime), senders)
    wanted: list[Mapping[str, Any]] = []
    for rule in rules:
        if _matches(rule, arrival):
            _act(rule, arrival)
            wanted.append(rule.actions)
            if rule.actions.get("StopProcessingRules") or rule.actions.keys() & {"Delete", "PermanentDelete"}:
                break
    return rule_letters.sent(wanted, arrival)


def _matches(rule: Rule, arrival: Arrival) -> bool:
    """Say whether all conditions hold, and no exception does."""
    wanted = all(TESTS[name](arrival, value) for name, value in rule.conditions.items())
    return wanted and not any(TESTS[name](arrival, value) for name, value in rule.exceptions.items())


def _act(rule: Rule, arrival: Arrival) -> None:
    """Do what a rule says, but sending. A folder or a message that is gone is passed over."""
    wanted, items, item = rule.actions, arrival.mailbox.items, arrival.item.id
    fields: Fields = {}
    if wanted.get("MarkAsRead"):
        fields["read"] = True
    if "MarkImportance" in wanted:
        fields["importance"] = IMPORTANCE.index(wanted["MarkImportance"])
    if "AssignCategories" in wanted:
        fields["categories"] = tuple(dict.fromkeys((*items.get(item).categories, *wanted["AssignCategories"])))
    if fields:
        items.update(item, **fields)
    for name, put in (("CopyToFolder", items.copy), ("MoveToFolder", items.move)):
        if name in wanted:
            try:
                put(item, wanted[name])
            except NotFound:
                continue
    if wanted.get("PermanentDelete"):
        items.delete(item, DeleteMode.HARD)
    elif wanted.get("Delete"):
        items.delete(item, DeleteMode.DELETED_ITEMS)


ACTIONS = frozenset(
    (
        *("AssignCategories", "CopyToFolder", "Delete", "MarkImportance", "MarkAsRead", "MoveToFolder"),
        *("PermanentDelete", "ServerReplyWithMessage", "StopProcessingRules", *rule_letters.FORWARDS),
    )
)
"""What a rule can do."""
