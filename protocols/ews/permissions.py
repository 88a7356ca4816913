"""The PermissionSet of a folder as an element: who may do what in it."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from protocols.ews.codecs import Codec, parse_boolean, show_boolean
from protocols.ews.errors import BadDocument, Refusal
from protocols.ews.markup import Element, child, children, local, t, text

DISTINGUISHED = {"Default": "default", "Anonymous": "anonymous"}
"""Those who are no users, by the word for them, and as `Permission` names them."""

TIMES, SUBJECTS = "FreeBusyTimeOnly", "FreeBusyTimeAndSubjectAndLocation"
"""Levels of a calendar alone, which open nothing of it but answers to whoever asks when its owner is busy."""

_OPEN = {
    # Of each level: whether items can be put in, subfolders be made, the folder be owned; which items can be changed,
    # deleted; what can be read (PermissionLevel, its reference page).
    "None": (False, False, False, "None", "None", "None"),
    TIMES: (False, False, False, "None", "None", "TimeOnly"),
    SUBJECTS: (False, False, False, "None", "None", "TimeAndSubjectAndLocation"),
    "Reviewer": (False, False, False, "None", "None", "FullDetails"),
    "NoneditingAuthor": (True, False, False, "None", "Owned", "FullDetails"),
    "Author": (True, False, False, "Owned", "Owned", "FullDetails"),
    "PublishingAuthor": (True, True, False, "Owned", "Owned", "FullDetails"),
    "Editor": (True, False, False, "All", "All", "FullDetails"),
    "PublishingEditor": (True, True, False, "All", "All", "FullDetails"),
    "Owner": (True, True, True, "All", "All", "FullDetails"),
}
_RIGHTS = ("EditItems", "DeleteItems", "ReadItems")


@frozen
class Permission:
    """The level of somebody: an address, or one of the values of `DISTINGUISHED`."""

    who: str
    level: str
    name: str = ""


@frozen
class PermissionSet:
    """All permissions of a folder; those of a calendar are elements of their own."""

    permissions: tuple[Permission, ...]
    calendar: bool = False


def _read(node: Element) -> PermissionSet:
    held = [*children(node, "Permissions"), *children(node, "CalendarPermissions")]
    found = tuple(map(_permission, held))
    if len({one.who for one in found}) < len(found):
        raise Refusal("ErrorDuplicateUserIdsSpecified")
    return PermissionSet(found, child(node, "CalendarPermissions") is not None)


def _permission(node: Element) -> Permission:
    user = child(node, "UserId")
    if user is None:
        raise BadDocument("The required element 'UserId' is missing.")
    return Permission(_who(user), _level(node))


def _level(node: Element) -> str:
    """Return the level that a permission says, or that its single rights are: Custom, or no level at all."""
    word = text(node, f"{local(node)}Level", "Custom")
    if word == "Custom":
        rights = parse_boolean(text(node, "CanCreateItems", "false")), *(text(node, name, "None") for name in _RIGHTS)
        word = next((level for level, open_ in _OPEN.items() if (open_[0], *open_[3:]) == rights), "of these rights")
    if word not in _OPEN:
        raise Refusal("ErrorInvalidPermissionSettings", f"The level {word[:40]} is not kept here; choose another.")
    return word


def _who(user: Element) -> str:
    if word := text(user, "DistinguishedUser"):
        if word not in DISTINGUISHED:
            raise Refusal("ErrorInvalidUserInfo")
        return DISTINGUISHED[word]
    if "@" not in (address := text(user, "PrimarySmtpAddress").casefold()):
        raise Refusal("ErrorInvalidUserSid" if text(user, "SID") else "ErrorInvalidUserInfo")
    return address


def _write(name: str, value: PermissionSet) -> Element:
    kind = "CalendarPermission" if value.calendar else "Permission"
    return t(name, t(f"{kind}s", (t(kind, *_parts(one, kind)) for one in value.permissions)))


def _parts(one: Permission, kind: str) -> Iterator[Element]:
    creates, subfolders, owns, edits, deletes, reads = _OPEN[one.level]
    word = next((word for word, who in DISTINGUISHED.items() if who == one.who), "")
    address = None if word else t("PrimarySmtpAddress", one.who)
    yield t(
        "UserId",
        address,
        None if word else t("DisplayName", one.name or one.who),
        t("DistinguishedUser", word) if word else None,
    )
    flags = {"CanCreateItems": creates, "CanCreateSubFolders": subfolders, "IsFolderOwner": owns}
    flags |= {"IsFolderVisible": reads == "FullDetails", "IsFolderContact": False}
    yield from (t(name, show_boolean(flag)) for name, flag in flags.items())
    yield from (t("EditItems", edits), t("DeleteItems", deletes), t("ReadItems", reads), t(f"{kind}Level", one.level))


def _no_constant(_text: str) -> None:
    raise Refusal("ErrorUnsupportedPathForQuery")


PERMISSIONS = Codec(_read, _write, _no_constant)
