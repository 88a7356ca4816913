"""Permissions: what somebody else may do in each folder of a mailbox, as a delegate or by the folder's own list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from casd.mailbox import delegation
from casd.mailbox.delegation import FOLDERS, READS, Delegate
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.values import Folder
from protocols.ews.permissions import TIMES

NAME = "folder:PermissionSet"
"""The property of a folder that holds its list: levels by address in lower case, or by one of the next two."""

DEFAULT, ANONYMOUS = "default", "anonymous"
"""Whoever of the organisation is not named, and whoever has not signed in."""


def usual(distinguished: str) -> dict[str, str]:
    """Return the levels of those who are no users where nothing else is settled: when somebody is busy is no secret."""
    return {DEFAULT: TIMES if distinguished == "calendar" else "None", ANONYMOUS: "None"}


def of(mailbox: MailboxStore, folder: Folder) -> dict[str, str]:
    """Return all levels in a folder, of delegates and of its own list, by address."""
    listed = usual(folder.distinguished) | dict(folder.properties.get(NAME) or {})
    if folder.distinguished in FOLDERS:
        known = delegation.load(mailbox)
        listed |= {one.address.casefold(): one.levels.get(folder.distinguished, "None") for one in known}
    return listed


def listed(mailbox: MailboxStore, distinguished: str, levels: Mapping[str, str]) -> dict[str, Any]:
    """Replace all levels in a folder: those of delegates at once; return what properties it is to have besides."""
    own = {who: level for who, level in levels.items() if usual(distinguished).get(who) != level}
    if distinguished in FOLDERS:
        known = delegation.load(mailbox)
        changed = [_settled(one, distinguished, own.pop(one.address.casefold(), "None")) for one in known]
        if changed != known:
            delegation.save(mailbox, changed, delegation.delivery(mailbox))
    return {NAME: own or None}


def _settled(one: Delegate, folder: str, level: str) -> Delegate:
    return evolve(one, levels={**one.levels, folder: level})


def levels(owner: MailboxStore, user: str) -> dict[str, str]:
    """Return what another user may do, by the id of each folder that is open to him for anything."""
    found = {folder.id: _own(folder, user) for folder in owner.folders.holding(NAME)}
    delegate = delegation.find(delegation.load(owner), user)
    for name, level in delegate.levels.items() if delegate else ():
        found[owner.folders.distinguished(name).id] = level
    return {folder: level for folder, level in found.items() if level in READS}


def level(owner: MailboxStore, folder: Folder, user: str) -> str:
    """Return what a user may do in a folder: what is settled for him, or else for those who are not named."""
    levels = of(owner, folder)
    own = levels.get(user.casefold(), "None")
    return own if own != "None" or user.casefold() in (folder.properties.get(NAME) or {}) else levels[DEFAULT]


def _own(folder: Folder, user: str) -> str:
    listed: Mapping[str, str] = folder.properties[NAME]
    return listed.get(user.casefold(), listed.get(DEFAULT, ""))
