"""`casctl organisation`: what holds for all mailboxes."""

from __future__ import annotations

import click

from casd.casctl.answer import done, show
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.switches import switch_option
from casd.directory.sqlite_edit import create
from casd.directory.sqlite_edit_topology import set_default, set_organisation
from casd.directory.sqlite_topology import read_topology


@click.group("organisation", cls=Noun)
def command() -> None:
    """Make the directory; name the organisation and its defaults."""


@command.command("init")
@click.argument("name")
@click.pass_obj
def init(invocation: Invocation, name: str) -> None:
    """Make an empty directory for the organisation NAME."""
    file = invocation.directory
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create(file, name)
    done(invocation, f"made {file}; next: casctl domain add, site add", file=file)


@command.command("show")
@click.pass_obj
def show_organisation(invocation: Invocation) -> None:
    """Show the organisation's name, domains and defaults."""
    with invocation.read() as connection:
        topology = read_topology(connection)
    domains = topology.domains
    show(invocation, {"name": topology.organisation, "domains": domains, "switches": topology.switches})


@command.command("set")
@click.option("--name", help="The organisation's name.")
@switch_option("--default", "defaults", "What holds where a mailbox does not say.")
@click.pass_obj
def set_(invocation: Invocation, name: str | None, defaults: dict[str, bool | None]) -> None:
    """Change the organisation's name or defaults."""
    with invocation.edit() as connection:
        if name is not None:
            set_organisation(connection, name)
        for protocol, enabled in defaults.items():
            set_default(connection, protocol, enabled)
    done(invocation, "changed", changed=True)
