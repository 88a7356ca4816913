"""Inbox rules in web mail: those conditions and actions that its form shows; all others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Any

from attrs import asdict, evolve

from casd.mailbox import rules
from casd.mailbox.ews.rules import violations
from casd.mailbox.owa.arguments import Arguments, BadArgument
from casd.mailbox.rules import Rule
from casd.mailbox.store.errors import NotFound
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import rules as wire
from protocols.ews.errors import Refusal

_LONGEST = 255
_MOST = 100
"""Words of one condition, people of one action."""

_CONDITIONS = {
    "from": "ContainsSenderStrings",
    "to": "ContainsRecipientStrings",
    "subject": "ContainsSubjectStrings",
    "body": "ContainsBodyStrings",
}
_LISTS = {"categories": "AssignCategories", "forward": "ForwardToRecipients"}
_FLAGS = {"read": "MarkAsRead", "delete": "Delete", "stop": "StopProcessingRules"}


def get_inbox_rules(mailbox: MailboxStore, _arguments: Arguments) -> Any:
    """Return the rules in the order in which they are tried."""
    return {"rules": [_shape(rule) for rule in rules.load(mailbox)]}


def save_inbox_rule(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Make a rule, which is tried last, or change one; what is not named stays as it is."""
    known = rules.load(mailbox)
    identity = arguments.optional_text("id")
    old = _found(known, identity) if identity else Rule("", "", max((rule.priority for rule in known), default=0) + 1)
    new = _changed(mailbox, old, arguments)
    operation = wire.Operation("Set" if identity else "Create", wire.Rule(**asdict(new)))
    for wrong in violations({rule.id: rule for rule in known}, operation):
        raise Refusal("ErrorInboxRulesValidationError", wrong.words)
    kept = evolve(new, id=identity or token_hex(8))
    rules.save(mailbox, [*(rule for rule in known if rule.id != identity), kept])
    return _shape(kept)


def delete_inbox_rule(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Delete a rule."""
    known = rules.load(mailbox)
    gone = _found(known, arguments.text("id"))
    rules.save(mailbox, [rule for rule in known if rule != gone])
    return {}


def sort_inbox_rules(mailbox: MailboxStore, arguments: Arguments) -> Any:
    """Have the rules tried in another order: first those that are named, then the others."""
    known, wanted = rules.load(mailbox), arguments.texts("ids")
    order = sorted(known, key=lambda rule: wanted.index(rule.id) if rule.id in wanted else len(wanted))
    rules.save(mailbox, [evolve(rule, priority=place) for place, rule in enumerate(order, 1)])
    return get_inbox_rules(mailbox, arguments)


def _found(known: list[Rule], identity: str) -> Rule:
    if (found := next((rule for rule in known if rule.id == identity), None)) is None:
        raise NotFound(f"no rule {identity}")
    return found


def _shape(rule: Rule) -> dict[str, Any]:
    actions = rule.actions
    shown = {*_LISTS.values(), *_FLAGS.values(), "MoveToFolder"} | ({"MarkImportance"} if _important(rule) else set())
    return {
        "id": rule.id,
        "name": rule.name,
        "enabled": rule.enabled,
        **{name: rule.conditions.get(condition, []) for name, condition in _CONDITIONS.items()},
        "folder": actions.get("MoveToFolder", ""),
        "important": _important(rule),
        **{name: actions.get(action, []) for name, action in _LISTS.items()},
        **{name: bool(actions.get(action)) for name, action in _FLAGS.items()},
        "more": bool(rule.exceptions or rule.conditions.keys() - _CONDITIONS.values() or actions.keys() - shown),
    }


def _important(rule: Rule) -> bool:
    return rule.actions.get("MarkImportance") == "High"


def _changed(mailbox: MailboxStore, old: Rule, arguments: Arguments) -> Rule:
    conditions, actions = dict(old.conditions), dict(old.actions)
    _put(conditions, _CONDITIONS, arguments, _texts)
    _put(actions, _LISTS, arguments, _texts)
    _put(actions, _FLAGS, arguments, lambda arguments, name: arguments.flag(name))
    _put(actions, {"folder": "MoveToFolder"}, arguments, lambda arguments, name: _folder(mailbox, arguments.text(name)))
    if arguments.has("important") and arguments.flag("important") != _important(old):
        _put(actions, {"important": "MarkImportance"}, arguments, _importance)
    name = " ".join(arguments.text("name", old.name).split())
    if not 0 < len(name) <= _LONGEST:
        raise BadArgument("A rule's name has 1 to 255 characters.")
    return evolve(
        old, name=name, enabled=arguments.flag("enabled", old.enabled), conditions=conditions, actions=actions
    )


def _put(
    values: dict[str, Any], names: Mapping[str, str], arguments: Arguments, read: Callable[[Arguments, str], Any]
) -> None:
    """Take over what is named; what is empty goes."""
    for name, key in names.items():
        if arguments.has(name):
            values.pop(key, None)
            if value := read(arguments, name):
                values[key] = value


def _texts(arguments: Arguments, name: str) -> list[str]:
    found = [text for one in arguments.texts(name, _MOST) if (text := " ".join(one.split()))]
    if any(len(text) > _LONGEST for text in found):
        raise BadArgument("A word of a rule has at most 255 characters.")
    return found


def _folder(mailbox: MailboxStore, folder: str) -> str:
    return mailbox.folders.get(folder).id if folder else ""


def _importance(arguments: Arguments, name: str) -> str:
    return "High" if arguments.flag(name) else ""
