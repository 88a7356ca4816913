"""The operations GetInboxRules and UpdateInboxRules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from secrets import token_hex
from typing import Any

from attrs import asdict, evolve

from casd.mailbox import rules
from casd.mailbox.ews import identifiers, places, zones
from casd.mailbox.ews.identifiers import Kind
from casd.mailbox.rule_conditions import TESTS
from casd.mailbox.rule_letters import FORWARDS, MOST_SENT
from casd.mailbox.rules import Rule
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import responses
from protocols.ews import rules as wire
from protocols.ews.codecs import read_id
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element, m, text
from protocols.ews.rules import Operation, Violation


def get_inbox_rules(mailbox: MailboxStore, body: Element, _zone: tzinfo) -> Element:
    """Serve GetInboxRules."""
    if (refused := _of_another(mailbox, body)) is not None:
        return responses.refused("GetInboxRules", refused)
    shown = [_told(mailbox, rule) for rule in rules.load(mailbox)]
    blob = m("OutlookRuleBlobExists", "false")
    return responses.alone("GetInboxRules", blob, wire.write(shown) if shown else None)


_TESTED = ("conditions", "exceptions")


def _told(mailbox: MailboxStore, rule: Rule) -> wire.Rule:
    tested = {name: _read(getattr(rule, name)) for name in _TESTED}
    return wire.Rule(**{**asdict(rule), **tested, "actions": _shown(mailbox, rule)})


def update_inbox_rules(mailbox: MailboxStore, body: Element, zone: tzinfo) -> Element:
    """Serve UpdateInboxRules: all operations, or none if one of them is not valid."""
    if (refused := _of_another(mailbox, body)) is not None:
        return responses.refused("UpdateInboxRules", refused)
    kept = {rule.id: rule for rule in rules.load(mailbox)}
    wrong: list[Violation] = []
    for place, operation in enumerate(wire.parse(body)):
        found = list(violations(kept, operation)) or list(_done(mailbox, kept, operation, zone))
        wrong += [evolve(one, place=place) for one in found]
    if wrong:
        refused = Refusal("ErrorInboxRulesValidationError")
        return responses.refused("UpdateInboxRules", refused, wire.violated(wrong))
    try:
        rules.save(mailbox, list(kept.values()))
    except Refusal as over:
        return responses.refused("UpdateInboxRules", over)
    return responses.alone("UpdateInboxRules")


def _done(mailbox: MailboxStore, kept: dict[str, Rule], operation: Operation, zone: tzinfo) -> Iterator[Violation]:
    """Do an operation that is valid; yield what it names and is not there, in which case it is not done."""
    said = operation.rule
    if operation.kind == "Delete":
        del kept[said.id]
        return
    values = {name: _stored(getattr(said, name), zone) for name in _TESTED}
    actions: dict[str, Any] = {}
    for name, value in said.actions.items():
        try:
            actions[name] = _resolved(mailbox, name, value)
        except (Refusal, NotFound):
            yield Violation(0, f"Action:{name}", "FolderDoesNotExist", "A folder or message is not there.")
            return
    rule = Rule(**{**asdict(said), **values, "actions": actions, "id": said.id or token_hex(8)})
    kept[rule.id] = rule


def violations(kept: Mapping[str, Rule], operation: Operation) -> Iterator[Violation]:
    """Yield what is wrong with an operation, whatever it concerns."""
    said, kind = operation.rule, operation.kind
    if kind == "Create" and said.id:
        yield Violation(0, "RuleId", "CreateWithRuleId", "A new rule has no id yet.", said.id)
    if kind != "Create" and said.id not in kept:
        yield Violation(0, "RuleId", "RuleNotFound", "There is no rule of this id.", said.id)
    if kind == "Create" and len(kept) >= rules.MOST:
        yield Violation(0, "RuleId", "UnexpectedError", f"There may be {rules.MOST} rules.")
    if kind == "Delete":
        return
    if not said.name:
        yield Violation(0, "DisplayName", "EmptyValueFound", "A rule needs a name.")
    if not said.actions:
        yield Violation(0, "Actions", "MissingAction", "A rule needs an action.")
    parts = ("Condition", said.conditions), ("Exception", said.exceptions), ("Action", said.actions)
    for part, values in parts:
        known = rules.ACTIONS if part == "Action" else TESTS
        for name, value in values.items():
            yield from _wrong(f"{part}:{name}", name, value, known)


def _wrong(field: str, name: str, value: Any, known: Any) -> Iterator[Violation]:
    if name not in known:
        yield Violation(0, field, "UnsupportedRule", "This server cannot do that.")
    elif value in ("", []):
        yield Violation(0, field, "EmptyValueFound", "There is no value.")
    elif name in FORWARDS and not all("@" in one and one.isprintable() for one in value):
        yield Violation(0, field, "InvalidAddress", "This is no address.", "; ".join(value))
    elif name in FORWARDS and len(value) > MOST_SENT:
        yield Violation(0, field, "InvalidValue", f"A rule sends a message to {MOST_SENT} people at most.")
    elif name.endswith("Range") and None not in value and value[0] > value[1]:
        yield Violation(0, field, f"Invalid{name.removeprefix('Within')}", "The range ends before it begins.")


def _stored(values: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return conditions as JSON holds them."""
    found = dict(values)
    if (span := found.get("WithinDateRange")) is not None:
        found["WithinDateRange"] = [end and zones.settle(end, zone).isoformat() for end in span]
    return found


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(values)
    if (span := found.get("WithinDateRange")) is not None:
        found["WithinDateRange"] = [end and datetime.fromisoformat(end) for end in span]
    return found


def _resolved(mailbox: MailboxStore, name: str, value: Any) -> Any:
    """Return an action's value as the store knows it. Raises `Refusal`, `NotFound`."""
    if name == "ServerReplyWithMessage":
        return places.item(mailbox, read_id(value)).id
    if name in _KINDS:
        if len(value) != 1:
            raise Refusal("ErrorInvalidRequest")
        return places.folder_of(mailbox, value[0]).id
    return value


def _shown(mailbox: MailboxStore, rule: Rule) -> dict[str, Any]:
    return {name: _KINDS[name](mailbox, value) if name in _KINDS else value for name, value in rule.actions.items()}


def _folder_id(mailbox: MailboxStore, name: str) -> str:
    return identifiers.encode(Kind.FOLDER, mailbox, name)


def _item_id(mailbox: MailboxStore, name: str) -> str:
    try:
        return identifiers.of_item(mailbox, mailbox.items.get(name)).text
    except NotFound:  # a rule stays when its message goes
        return identifiers.encode(Kind.ITEM, mailbox, name)


_KINDS = {"CopyToFolder": _folder_id, "MoveToFolder": _folder_id, "ServerReplyWithMessage": _item_id}
"""Actions that name a thing of the mailbox."""


def _of_another(mailbox: MailboxStore, body: Element) -> Refusal | None:
    asked = text(body, "MailboxSmtpAddress")
    return Refusal("ErrorAccessDenied") if asked and asked.casefold() != mailbox.address.casefold() else None
