"""`casctl partner`: other organisations, and what of ours is elsewhere."""

from __future__ import annotations

from typing import Any

import click
from attrs import evolve

from casd.casctl.answer import done, show, table
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.named import find, given, refuse_used
from casd.directory.sqlite_edit_topology import put_partner, remove_partner
from casd.directory.sqlite_topology import read_topology
from casd.model import Partner, Trust

_COLUMNS = ["domain", "autodiscover", "availability", "trust"]

_AUTODISCOVER = click.option("--autodiscover", help="The https URL, or the address, that its clients are sent to.")
_AVAILABILITY = click.option("--availability", help="The https URL of its EWS, to be asked for free/busy times.")
_TRUST = click.option(
    "--trust",
    type=click.Choice([trust.value for trust in Trust]),
    callback=lambda _ctx, _parameter, value: value and Trust(value),
    help="What it tells of free/busy times: none, its organisation's default, or what the asking user may see.",
)


@click.group("partner", cls=Noun)
def command() -> None:
    """Other organisations."""


@command.command("add")
@click.argument("domain")
@_AUTODISCOVER
@_AVAILABILITY
@_TRUST
@click.pass_obj
def add(invocation: Invocation, /, domain: str, **options: Any) -> None:
    """Add the organisation that has the mailboxes of DOMAIN."""
    with invocation.edit() as connection:
        refuse_used("partner", read_topology(connection).partners, domain)
        put_partner(connection, evolve(Partner(domain), **given(options)))
    done(invocation, f"added {domain}", domain=domain)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the other organisations."""
    with invocation.read() as connection:
        table(invocation, _COLUMNS, read_topology(connection).partners.values())


@command.command("show")
@click.argument("domain")
@click.pass_obj
def show_partner(invocation: Invocation, domain: str) -> None:
    """Show the organisation of DOMAIN."""
    with invocation.read() as connection:
        show(invocation, find("partner", read_topology(connection).partners, domain))


@command.command("set")
@click.argument("domain")
@_AUTODISCOVER
@_AVAILABILITY
@_TRUST
@click.pass_obj
def set_(invocation: Invocation, /, domain: str, **options: Any) -> None:
    """Change the organisation of DOMAIN; what is not given stays."""
    with invocation.edit() as connection:
        partner = find("partner", read_topology(connection).partners, domain)
        put_partner(connection, evolve(partner, **given(options)))
    done(invocation, f"changed {partner.domain}", domain=partner.domain)


@command.command("remove")
@click.argument("domain")
@click.pass_obj
def remove(invocation: Invocation, domain: str) -> None:
    """Know the organisation of DOMAIN no longer."""
    with invocation.edit() as connection:
        remove_partner(connection, domain)
    done(invocation, f"removed {domain}", domain=domain)
