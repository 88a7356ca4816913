"""`casctl group`: distribution groups, and the lists of rooms."""

from __future__ import annotations

import sqlite3
from typing import Any
from uuid import UUID, uuid4

import click
from attrs import evolve

from casd.casctl.answer import done, show, table, warn
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.named import given
from casd.directory.addresses import domain_of, normal_address
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_groups import put_group, remove_group
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn
from casd.directory.sqlite_groups import all_groups, by_address
from casd.directory.sqlite_mailboxes import by_address as has_mailbox
from casd.directory.sqlite_topology import read_topology
from casd.model import Group

_COLUMNS = ["address", "display_name", "hidden", "room_list", "members"]

_NAME = click.option("--name", "display_name", help="Its name in lists.")
_LEGACY_DN = click.option("--legacy-dn", help="Its legacyExchangeDN; one is made up otherwise.")
_HIDDEN = click.option("--hidden/--listed", default=None, help="Whether address lists leave it out.")
_ROOMS = click.option("--rooms/--no-rooms", "room_list", default=None, help="Whether it is a list of rooms.")


@click.group("group", cls=Noun)
def command() -> None:
    """Distribution groups."""


@command.command("add")
@click.argument("address")
@_NAME
@click.option("--member", "members", multiple=True, help="An address that belongs to it.  [repeatable]")
@click.option("--guid", type=click.UUID, help="Its GUID, where it has one already.")
@_LEGACY_DN
@_HIDDEN
@_ROOMS
@click.pass_obj
def add(
    invocation: Invocation, /, address: str, *, guid: UUID | None, members: tuple[str, ...], **options: Any
) -> None:
    """Add the group ADDRESS."""
    group = evolve(Group(guid or uuid4(), address, members=members), **given(options))
    with invocation.edit() as connection:
        organisation = read_topology(connection).organisation
        legacy_dn = group.legacy_dn or default_legacy_dn(organisation, group)
        put_group(connection, evolve(group, legacy_dn=legacy_dn))
        _warn_of_nobody(connection, members)
    done(invocation, f"added {address}", address=address, guid=group.guid)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the groups in the order of their addresses."""
    with invocation.read() as connection:
        table(invocation, _COLUMNS, all_groups(connection))


@command.command("show")
@click.argument("address")
@click.pass_obj
def show_group(invocation: Invocation, address: str) -> None:
    """Show the group ADDRESS."""
    with invocation.read() as connection:
        show(invocation, _find(connection, address))


@command.command("set")
@click.argument("address")
@click.option("--address", "new_address", help="Its new address.")
@_NAME
@click.option("--add-member", multiple=True, help="One more address that belongs to it.  [repeatable]")
@click.option("--remove-member", multiple=True, help="An address that belongs to it no longer.  [repeatable]")
@_LEGACY_DN
@_HIDDEN
@_ROOMS
@click.pass_obj
def set_(
    invocation: Invocation,
    /,
    address: str,
    *,
    new_address: str | None,
    add_member: tuple[str, ...],
    remove_member: tuple[str, ...],
    **options: Any,
) -> None:
    """Change the group ADDRESS; what is not given stays."""
    with invocation.edit() as connection:
        group = _find(connection, address)
        members = _members(group, add_member, remove_member)
        group = evolve(group, **given(options), address=new_address or group.address, members=members)
        put_group(connection, group)
        _warn_of_nobody(connection, add_member)
    done(invocation, f"changed {group.address}", address=group.address, guid=group.guid)


@command.command("remove")
@click.argument("address")
@click.pass_obj
def remove(invocation: Invocation, address: str) -> None:
    """Remove the group ADDRESS; its members stay."""
    with invocation.edit() as connection:
        group = _find(connection, address)
        remove_group(connection, group.guid)
    done(invocation, f"removed {group.address}", address=group.address, guid=group.guid)


def _find(connection: sqlite3.Connection, address: str) -> Group:
    group = by_address(connection, address)
    if group is None:
        raise Mistake(f"there is no group {address}: casctl group list shows what there is")
    return group


def _warn_of_nobody(connection: sqlite3.Connection, members: tuple[str, ...]) -> None:
    """Warn of addresses in domains of ours that nobody has: they may be added later, or be mistyped."""
    domains = read_topology(connection).domains
    for member in members:
        if domain_of(member) in domains and not (has_mailbox(connection, member) or by_address(connection, member)):
            warn(f"nobody has the address {member} yet: what is sent to the group does not reach it")


def _members(group: Group, add: tuple[str, ...], remove: tuple[str, ...]) -> tuple[str, ...]:
    gone = {normal_address(address) for address in remove}
    held = (*group.members, *add)
    if missing := gone - set(map(normal_address, held)):
        raise Mistake(f"{', '.join(missing)} is no member of {group.address}")
    return tuple(address for address in held if normal_address(address) not in gone)
