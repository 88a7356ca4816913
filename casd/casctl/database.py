"""`casctl database`: the mailbox databases with their copies."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import click
from attrs import evolve

from casd.casctl.answer import done, show, table
from casd.casctl.control import Control
from casd.casctl.database_upkeep import backup, reindexed, repair, verify
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.move import Move
from casd.casctl.named import find, given, refuse_used
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_topology import put_database, remove_database
from casd.directory.sqlite_topology import read_topology
from casd.model import Copy, Database
from casd.net import pool

_COLUMNS = ["name", "active", "epoch", "copies", "guid"]


def _copies(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Copy, ...]:
    found = []
    for place, value in enumerate(values, 1):
        server, _, preference = value.partition(":")
        if preference and not preference.isdecimal():
            raise click.BadParameter(f"{value!r} is not SERVER or SERVER:PREFERENCE")
        found.append(Copy(server, int(preference or place)))
    return tuple(found)


_COPIES = click.option(
    "--copy",
    "copies",
    multiple=True,
    metavar="SERVER[:PREFERENCE]",
    callback=_copies,
    help="A server that can mount it; the first given is preferred.  [repeatable]",
)

_BOOK = click.option("--address-book", help="NAME of the [oab:NAME] for whoever has none of his own; empty: none.")


@click.group("database", cls=Noun)
def command() -> None:
    """Mailbox databases."""


for _each in (verify, backup, repair):
    command.add_command(_each)


@command.command("add")
@click.argument("name")
@_COPIES
@click.option("--active", help="The server that serves it, by default that of the preferred copy.")
@click.option("--guid", type=click.UUID, help="Its GUID, where it has one already.")
@_BOOK
@click.pass_obj
def add(
    invocation: Invocation,
    name: str,
    copies: tuple[Copy, ...],
    active: str | None,
    guid: UUID | None,
    address_book: str | None,
) -> None:
    """Add the database NAME."""
    if not copies:
        raise Mistake("a database needs --copy SERVER: casctl server list shows them")
    preferred = min(copies, key=lambda copy: copy.preference)
    database = Database(name, guid or uuid4(), active or preferred.server, 1, copies, address_book or "")
    with invocation.edit() as connection:
        refuse_used("database", read_topology(connection).databases, name)
        put_database(connection, database)
    done(invocation, f"added {name}, active on {database.active}", name=name, guid=database.guid)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all databases with their active copies."""
    with invocation.read() as connection:
        databases = read_topology(connection).databases.values()
    table(invocation, _COLUMNS, map(_record, databases))


@command.command("show")
@click.argument("name")
@click.pass_obj
def show_database(invocation: Invocation, name: str) -> None:
    """Show the database NAME."""
    with invocation.read() as connection:
        show(invocation, _record(find("database", read_topology(connection).databases, name)))


@command.command("growth")
@click.argument("name")
@click.pass_obj
def growth(invocation: Invocation, name: str) -> None:
    """Show how large the database NAME is, as the active copy's server counts it."""
    show(invocation, _asked_active(invocation, name, "/casd/growth", "GET")[2])


@command.command("set")
@click.argument("name")
@_COPIES
@_BOOK
@click.pass_obj
def set_(invocation: Invocation, /, name: str, **options: Any) -> None:
    """Change the database NAME; what is not given stays, and `casctl database move` chooses the active copy."""
    with invocation.edit() as connection:
        database = find("database", read_topology(connection).databases, name)
        put_database(connection, evolve(database, **given(options)))
    done(invocation, f"changed {database.name}", name=database.name)


@command.command("move")
@click.argument("name")
@click.option("--to", "server", required=True, help="The server that is to serve it.")
@click.option("--force", is_flag=True, help="Do not ask the server that serves it now: it is dead.")
@click.pass_obj
def move(invocation: Invocation, name: str, server: str, *, force: bool) -> None:
    """Have another server serve the database NAME; clients wait for a moment, and lose nothing."""
    with invocation.read() as connection:
        topology = read_topology(connection)
    database = find("database", topology.databases, name)
    new = find("server", topology.servers, server)

    def activate() -> int:
        with invocation.edit() as connection:
            current = read_topology(connection).databases[database.name]
            put_database(connection, evolve(current, active=new.name))
            return read_topology(connection).databases[database.name].epoch

    epoch = Move(database, topology.servers[database.active], new, _control(invocation), activate).run(force=force)
    moved = f"moved from {database.active} to {new.name}"
    stayed = f"is mounted at {new.name}, where it was active already"
    text = f"{database.name} {moved if new.name != database.active else stayed} (epoch {epoch})"
    done(invocation, text, name=database.name, active=new.name, epoch=epoch)


@command.command("mount")
@click.argument("name")
@click.option("--create", is_flag=True, help="Make it first: it is new, its folder is not merely missing.")
@click.pass_obj
def mount(invocation: Invocation, name: str, *, create: bool) -> None:
    """Have the active copy's server mount the database NAME."""
    database, server = _ask_active(invocation, name, "/casd/mount?create=yes" if create else "/casd/mount")
    done(invocation, f"{database} is mounted at {server}", name=database, server=server)


@command.command("dismount")
@click.argument("name")
@click.pass_obj
def dismount(invocation: Invocation, name: str) -> None:
    """Have the active copy's server finish and close the database NAME; until it is mounted, clients must wait."""
    database, server = _ask_active(invocation, name, "/casd/dismount")
    done(invocation, f"{database} is dismounted at {server}", name=database, server=server)


@command.command("reindex")
@click.argument("name")
@click.pass_obj
def reindex(invocation: Invocation, name: str) -> None:
    """Have the active copy's server make all indexes of the database NAME anew; clients search the old ones meanwhile.

    What was interrupted goes on where it was. Ended here, it goes on at the server.
    """
    reindexed(invocation, name, lambda method, target: _asked_active(invocation, name, target, method)[2])


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(invocation: Invocation, name: str) -> None:
    """Remove the database NAME from the directory; its folder stays."""
    with invocation.edit() as connection:
        remove_database(connection, name)
    done(invocation, f"removed {name}", name=name)


def _ask_active(invocation: Invocation, name: str, target: str) -> tuple[str, str]:
    return _asked_active(invocation, name, target)[:2]


def _asked_active(
    invocation: Invocation, name: str, target: str, method: str = "POST"
) -> tuple[str, str, dict[str, Any]]:
    """Return the database, its active server, and what that answers."""
    with invocation.read() as connection:
        topology = read_topology(connection)
    database = find("database", topology.databases, name)
    answer = _control(invocation).ask(topology.servers[database.active], method, target, database.name)
    return database.name, database.active, answer


def _control(invocation: Invocation) -> Control:
    settings = invocation.section("pool", pool.Settings)
    return Control(settings.certificate, settings.private_key, settings.keys)


def _record(database: Database) -> dict[str, Any]:
    return {
        "name": database.name,
        "active": database.active,
        "epoch": database.epoch,
        "copies": {copy.server: copy.preference for copy in database.copies},
        "address_book": database.address_book,
        "guid": database.guid,
    }
