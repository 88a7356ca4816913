"""Delegates as elements: requests, and the answers that tell of each one by himself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from protocols.ews.codecs import choice, parse_boolean, show_boolean
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, children, m, t, text

LEVELS = ("None", "Reviewer", "Author", "Editor", "Custom")
"""The levels that a delegate can have; others are Custom to those who manage delegates."""

_LEVEL = choice(*LEVELS)
_DELIVERY = choice("DelegatesAndMe", "DelegatesOnly", "DelegatesAndSendInformationToMe", "NoForward")
_FOLDERS = ("Calendar", "Tasks", "Inbox", "Contacts", "Notes", "Journal")


@frozen
class DelegateUser:
    """One delegate. `levels` says what he may do by folder, in lower case; None where the client says nothing."""

    address: str
    name: str = ""
    levels: Mapping[str, str] = field(factory=dict)
    copies: bool | None = None
    private: bool | None = None


def owner(body: Element) -> str:
    """Return whose delegates a request is about. Raises `BadDocument`."""
    mailbox = child(body, "Mailbox")
    if mailbox is None:
        raise BadDocument("The required element 'Mailbox' is missing.")
    return text(mailbox, "EmailAddress")


def users(body: Element) -> list[DelegateUser]:
    """Return the DelegateUsers of a request. Raises `BadDocument`."""
    return [_user(node) for node in children(body, "DelegateUsers")]


def named(body: Element) -> list[str]:
    """Return the addresses in the UserIds of a request."""
    return [text(node, "PrimarySmtpAddress") for node in children(body, "UserIds")]


def delivery(body: Element) -> str:
    """Return the DeliverMeetingRequests of a request, empty if it says nothing. Raises `BadDocument`."""
    said = text(body, "DeliverMeetingRequests")
    return str(_DELIVERY.constant(said)) if said else ""


def _user(node: Element) -> DelegateUser:
    identity, permissions = child(node, "UserId"), child(node, "DelegatePermissions")
    if identity is None:
        raise BadDocument("The required element 'UserId' is missing.")
    said = {name: _level(permissions, name) for name in _FOLDERS}
    flags = [text(node, name) for name in ("ReceiveCopiesOfMeetingMessages", "ViewPrivateItems")]
    copies, private = (parse_boolean(flag) if flag else None for flag in flags)
    levels = {name.lower(): level for name, level in said.items() if level}
    return DelegateUser(text(identity, "PrimarySmtpAddress"), text(identity, "DisplayName"), levels, copies, private)


def _level(permissions: Element | None, name: str) -> str:
    said = "" if permissions is None else text(permissions, f"{name}FolderPermissionLevel")
    return str(_LEVEL.constant(said)) if said else ""


def answer(operation: str, outcomes: Sequence[DelegateUser | Refusal], delivery: str = "") -> Element:
    """Return the answer to an operation: what became of each delegate."""
    messages = [_outcome(one) for one in outcomes]
    return m(
        f"{operation}Response",
        m("ResponseCode", "NoError"),
        m("ResponseMessages", messages) if messages else None,
        m("DeliverMeetingRequests", delivery) if delivery else None,
        ResponseClass="Success",
    )


def _outcome(one: DelegateUser | Refusal) -> Element:
    name = "DelegateUserResponseMessageType"
    if isinstance(one, Refusal):
        parts = m("MessageText", one.words), m("ResponseCode", one.code), m("DescriptiveLinkKey", "0")
        return m(name, *parts, ResponseClass="Error")
    shown = _shown(one) if one.address else None
    return m(name, m("ResponseCode", "NoError"), shown, ResponseClass="Success")


def _shown(one: DelegateUser) -> Element:
    identity = t("UserId", t("PrimarySmtpAddress", one.address), t("DisplayName", one.name or one.address))
    levels = [t(f"{name}FolderPermissionLevel", one.levels.get(name.lower(), "None")) for name in _FOLDERS]
    flags = {"ReceiveCopiesOfMeetingMessages": one.copies, "ViewPrivateItems": one.private}
    told = [t(name, show_boolean(bool(value))) for name, value in flags.items()]
    return m("DelegateUser", identity, t("DelegatePermissions", levels) if one.levels else None, *told)
