"""The operations AddDelegate, GetDelegate, RemoveDelegate, UpdateDelegate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

from attrs import asdict, evolve

from casd.mailbox import delegation
from casd.mailbox.call import Call
from casd.mailbox.delegation import Delegate
from casd.mailbox.ews import directory
from casd.mailbox.store.mailbox import MailboxStore
from protocols.ews import delegates as wire
from protocols.ews import responses
from protocols.ews.codecs import parse_boolean
from protocols.ews.delegates import DelegateUser
from protocols.ews.errors import Refusal
from protocols.ews.markup import Element

Outcome = DelegateUser | Refusal
_DONE = DelegateUser("")


async def get_delegate(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve GetDelegate."""
    if (refused := _refused(call.mailbox, body)) is not None:
        return responses.refused("GetDelegate", refused)
    full = parse_boolean(body.get("IncludePermissions", "false"))
    known = await call.database.read(delegation.load, call.mailbox)
    wanted = wire.named(body) or [one.address for one in known]
    outcomes = [await _told(call, known, address, full=full) for address in wanted]
    return wire.answer("GetDelegate", outcomes, await call.database.read(delegation.delivery, call.mailbox))


async def _told(call: Call, known: Sequence[Delegate], address: str, *, full: bool) -> Outcome:
    found = delegation.find(known, address)
    if found is not None:
        return _shown(found) if full else evolve(_shown(found), levels={})
    if not address:
        return Refusal("ErrorInvalidUserSid")
    return Refusal("ErrorDelegateNoUser" if await _name(call, address) is None else "ErrorNotDelegate")


def _shown(one: Delegate) -> DelegateUser:
    levels = dict.fromkeys(delegation.FOLDERS, "None")
    levels |= {name: level if level in wire.LEVELS else "Custom" for name, level in one.levels.items()}
    return DelegateUser(one.address, one.name, levels, one.copies, one.private)


async def add_delegate(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve AddDelegate."""
    known = {user.address: await _name(call, user.address) for user in wire.users(body)}
    return await call.database.run(_add, call.mailbox, body, known)


async def _name(call: Call, address: str) -> str | None:
    """Return the name of a colleague; None for an address that is nobody's."""
    found = await directory.people(call, address, 1)
    same = (one.name for one in found if one.address.casefold() == address.casefold() and one.kind != "group")
    return next(same, None)


def _add(mailbox: MailboxStore, body: Element, known: Mapping[str, str | None]) -> Element:
    def add(kept: list[Delegate], user: DelegateUser) -> Outcome:
        if user.address.casefold() == mailbox.address.casefold():
            return Refusal("ErrorDelegateCannotAddOwner")
        if delegation.find(kept, user.address) is not None:
            return Refusal("ErrorDelegateAlreadyExists")
        if (name := known[user.address]) is None:
            return Refusal("ErrorDelegateNoUser")
        kept.append(_changed(Delegate(user.address, name), user))
        return _shown(kept[-1])

    return _edit(mailbox, body, "AddDelegate", wire.users(body), add)


def _changed(old: Delegate, user: DelegateUser) -> Delegate:
    flags = {"copies": user.copies, "private": user.private}
    said = {name: value for name, value in flags.items() if value is not None}
    return Delegate(**{**asdict(old), **said, "levels": {**old.levels, **user.levels}})


async def update_delegate(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve UpdateDelegate."""
    return await call.database.run(_update, call.mailbox, body)


def _update(mailbox: MailboxStore, body: Element) -> Element:
    def update(kept: list[Delegate], user: DelegateUser) -> Outcome:
        old = delegation.find(kept, user.address)
        if old is None:
            return Refusal("ErrorNotDelegate")
        kept[kept.index(old)] = new = _changed(old, user)
        return _shown(new)

    return _edit(mailbox, body, "UpdateDelegate", wire.users(body), update)


async def remove_delegate(call: Call, body: Element, _zone: tzinfo) -> Element:
    """Serve RemoveDelegate."""
    return await call.database.run(_remove, call.mailbox, body)


def _remove(mailbox: MailboxStore, body: Element) -> Element:
    def remove(kept: list[Delegate], user: DelegateUser) -> Outcome:
        old = delegation.find(kept, user.address)
        if old is None:
            return Refusal("ErrorNotDelegate")
        kept.remove(old)
        return _DONE

    return _edit(mailbox, body, "RemoveDelegate", [DelegateUser(address) for address in wire.named(body)], remove)


def _edit(
    mailbox: MailboxStore,
    body: Element,
    operation: str,
    users: Sequence[DelegateUser],
    edit: Callable[[list[Delegate], DelegateUser], Outcome],
) -> Element:
    """Change the delegates of a mailbox, each for himself."""
    if (refused := _refused(mailbox, body)) is not None:
        return responses.refused(operation, refused)
    kept = delegation.load(mailbox)
    outcomes = [edit(kept, user) for user in users]
    delegation.save(mailbox, kept, wire.delivery(body) or delegation.delivery(mailbox))
    return wire.answer(operation, outcomes)


def _refused(mailbox: MailboxStore, body: Element) -> Refusal | None:
    return None if wire.owner(body).casefold() == mailbox.address.casefold() else Refusal("ErrorAccessDenied")
