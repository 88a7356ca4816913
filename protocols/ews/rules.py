"""Inbox rules as elements: conditions, exceptions and actions by their names, in the order of the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from protocols.ews.codecs import choice, parse_boolean, parse_integer, parse_moment, show_boolean, show_moment
from protocols.ews.errors import BadDocument
from protocols.ews.markup import Element, child, children, local, m, t, text


@frozen
class Part:
    """How one condition or action stands in XML. Values are texts, lists of texts, pairs, elements."""

    read: Callable[[Element], Any]
    write: Callable[[str, Any], Element]


def _list(name: str, read: Callable[[Element], str], write: Callable[[str], Element]) -> Part:
    return Part(
        lambda node: [read(each) for each in node if local(each) == name],
        lambda element, values: t(element, (write(value) for value in values)),
    )


def _address(value: str) -> Element:
    return t("Address", t("Name", value), t("EmailAddress", value), t("RoutingType", "SMTP"))


def _words(*words: str) -> Part:
    codec = choice(*words)
    return Part(codec.read, codec.write)


def _pair(first: str, last: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> Part:
    def parse(node: Element) -> list[Any]:
        return [read(said) if (said := text(node, name)) else None for name in (first, last)]

    def show(element: str, pair: Any) -> Element:
        both = zip((first, last), pair, strict=True)
        return t(element, *(t(name, write(value)) for name, value in both if value is not None))

    return Part(parse, show)


_STRINGS = _list("String", lambda node: node.text or "", lambda value: t("String", value))
_ADDRESSES = _list("Address", lambda node: text(node, "EmailAddress"), _address)
_FLAG = Part(lambda node: parse_boolean(node.text or ""), lambda name, value: t(name, show_boolean(value)))
_WORD = Part(lambda node: (node.text or "").strip(), t)
_FOLDER = Part(lambda node: node, lambda name, value: t(name, t("FolderId", Id=value)))
_ITEM = Part(lambda node: node, lambda name, value: t(name, Id=value))
_IMPORTANCE = _words("Low", "Normal", "High")

CONDITIONS: Mapping[str, Part] = {
    "Categories": _STRINGS,
    "ContainsBodyStrings": _STRINGS,
    "ContainsHeaderStrings": _STRINGS,
    "ContainsRecipientStrings": _STRINGS,
    "ContainsSenderStrings": _STRINGS,
    "ContainsSubjectOrBodyStrings": _STRINGS,
    "ContainsSubjectStrings": _STRINGS,
    "FlaggedForAction": _WORD,
    "FromAddresses": _ADDRESSES,
    "FromConnectedAccounts": _STRINGS,
    "HasAttachments": _FLAG,
    "Importance": _IMPORTANCE,
    "IsApprovalRequest": _FLAG,
    "IsAutomaticForward": _FLAG,
    "IsAutomaticReply": _FLAG,
    "IsEncrypted": _FLAG,
    "IsMeetingRequest": _FLAG,
    "IsMeetingResponse": _FLAG,
    "IsNDR": _FLAG,
    "IsPermissionControlled": _FLAG,
    "IsReadReceipt": _FLAG,
    "IsSigned": _FLAG,
    "IsVoicemail": _FLAG,
    "ItemClasses": _STRINGS,
    "MessageClassifications": _STRINGS,
    "NotSentToMe": _FLAG,
    "SentCcMe": _FLAG,
    "SentOnlyToMe": _FLAG,
    "SentToAddresses": _ADDRESSES,
    "SentToMe": _FLAG,
    "SentToOrCcMe": _FLAG,
    "Sensitivity": _words("Normal", "Personal", "Private", "Confidential"),
    "WithinDateRange": _pair("StartDateTime", "EndDateTime", parse_moment, show_moment),
    "WithinSizeRange": _pair("MinimumSize", "MaximumSize", parse_integer, str),
}
ACTIONS: Mapping[str, Part] = {
    "AssignCategories": _STRINGS,
    "CopyToFolder": _FOLDER,
    "Delete": _FLAG,
    "ForwardAsAttachmentToRecipients": _ADDRESSES,
    "ForwardToRecipients": _ADDRESSES,
    "MarkImportance": _IMPORTANCE,
    "MarkAsRead": _FLAG,
    "MoveToFolder": _FOLDER,
    "PermanentDelete": _FLAG,
    "RedirectToRecipients": _ADDRESSES,
    "SendSMSAlertToRecipients": _ADDRESSES,
    "ServerReplyWithMessage": _ITEM,
    "StopProcessingRules": _FLAG,
}


@frozen
class Rule:
    """One rule as a client says it or is told. The folder of an action is read as its element, written by its id."""

    id: str
    name: str
    priority: int
    enabled: bool = True
    conditions: Mapping[str, Any] = field(factory=dict)
    exceptions: Mapping[str, Any] = field(factory=dict)
    actions: Mapping[str, Any] = field(factory=dict)


@frozen
class Operation:
    """What to do with the rules: Create, Set, or Delete one."""

    kind: str
    rule: Rule


@frozen
class Violation:
    """Why an operation is refused (RuleValidationErrorCodeType), by the path of what is at fault."""

    place: int
    field: str
    code: str
    words: str
    value: str = ""


def parse(body: Element) -> list[Operation]:
    """Return the operations of an UpdateInboxRules. Raises `BadDocument`."""
    return [_operation(node) for node in children(body, "Operations")]


def _operation(node: Element) -> Operation:
    kind = local(node).removesuffix("RuleOperation")
    if kind == "Delete":
        return Operation(kind, Rule(text(node, "RuleId"), "", 0))
    held = child(node, "Rule")
    if kind not in {"Create", "Set"} or held is None:
        raise BadDocument(f"The element '{local(node)}' is no operation on a rule.")
    return Operation(kind, _rule(held))


def _rule(node: Element) -> Rule:
    return Rule(
        id=text(node, "RuleId"),
        name=text(node, "DisplayName"),
        priority=parse_integer(text(node, "Priority", "1")),
        enabled=parse_boolean(text(node, "IsEnabled", "true")),
        conditions=_parts(node, "Conditions", CONDITIONS),
        exceptions=_parts(node, "Exceptions", CONDITIONS),
        actions=_parts(node, "Actions", ACTIONS),
    )


def _parts(node: Element, name: str, known: Mapping[str, Part]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in children(node, name):
        part = known.get(local(each))
        if part is None:
            raise BadDocument(f"The element '{name}' has an invalid child element '{local(each)}'.")
        found[local(each)] = part.read(each)
    return found


def write(rules: list[Rule]) -> Element:
    """Return the InboxRules of an answer."""
    return m("InboxRules", map(_write, rules))


def _write(rule: Rule) -> Element:
    return t(
        "Rule",
        t("RuleId", rule.id),
        t("DisplayName", rule.name),
        t("Priority", str(rule.priority)),
        t("IsEnabled", show_boolean(rule.enabled)),
        _written("Conditions", CONDITIONS, rule.conditions),
        _written("Exceptions", CONDITIONS, rule.exceptions),
        t("Actions", _parts_of(ACTIONS, rule.actions)),
    )


def _written(name: str, known: Mapping[str, Part], values: Mapping[str, Any]) -> Element | None:
    return t(name, _parts_of(known, values)) if values else None


def _parts_of(known: Mapping[str, Part], values: Mapping[str, Any]) -> list[Element]:
    return [part.write(key, values[key]) for key, part in known.items() if key in values]


def violated(violations: list[Violation]) -> Element:
    """Return the RuleOperationErrors of an answer."""
    places = dict.fromkeys(one.place for one in violations)
    return m(
        "RuleOperationErrors",
        (
            t(
                "RuleOperationError",
                t("OperationIndex", str(place)),
                t("ValidationErrors", (_error(one) for one in violations if one.place == place)),
            )
            for place in places
        ),
    )


def _error(one: Violation) -> Element:
    return t(
        "Error",
        t("FieldURI", one.field),
        t("ErrorCode", one.code),
        t("ErrorMessage", one.words),
        t("FieldValue", one.value),
    )
