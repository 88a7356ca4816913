"""`casctl domain`: the domains whose addresses mailboxes may have."""

from __future__ import annotations

import click

from casd.casctl.answer import done, table
from casd.casctl.invocation import Invocation, Noun
from casd.directory.sqlite_edit_topology import add_domain, remove_domain
from casd.directory.sqlite_topology import read_topology


@click.group("domain", cls=Noun)
def command() -> None:
    """Accepted domains."""


@command.command("add")
@click.argument("name")
@click.pass_obj
def add(invocation: Invocation, name: str) -> None:
    """Accept mail addresses in the domain NAME."""
    with invocation.edit() as connection:
        normal = add_domain(connection, name)
    done(invocation, f"accepted {normal}", name=normal)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the accepted domains."""
    with invocation.read() as connection:
        table(invocation, ["name"], [{"name": name} for name in sorted(read_topology(connection).domains)])


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(invocation: Invocation, name: str) -> None:
    """Accept the domain NAME no longer."""
    with invocation.edit() as connection:
        remove_domain(connection, name)
    done(invocation, f"removed {name}", name=name)
