"""`casctl site`: places with a namespace of their own."""

from __future__ import annotations

from typing import Any

import click
from attrs import evolve

from casd.casctl.answer import done, show, table
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.named import find, given, refuse_used
from casd.directory.sqlite_edit_topology import put_site, remove_site
from casd.directory.sqlite_topology import read_topology
from casd.model import Site

_COLUMNS = ["name", "namespace", "internal_url", "external_url", "redirect"]

_NAMESPACE = click.option("--namespace", help="The host name that clients are given, for example mail.example.org.")
_INTERNAL = click.option("--internal-url", help="URL of its front end inside the organisation's network.")
_EXTERNAL = click.option("--external-url", help="URL of its front end on the Internet.")
_REDIRECT = click.option("--redirect/--no-redirect", default=None, help="Send browsers there instead of proxying.")


@click.group("site", cls=Noun)
def command() -> None:
    """Sites: places with a namespace of their own."""


@command.command("add")
@click.argument("name")
@_NAMESPACE
@_INTERNAL
@_EXTERNAL
@_REDIRECT
@click.pass_obj
def add(invocation: Invocation, /, name: str, **options: Any) -> None:
    """Add the site NAME."""
    with invocation.edit() as connection:
        refuse_used("site", read_topology(connection).sites, name)
        put_site(connection, evolve(Site(name, ""), **given(options)))
    done(invocation, f"added {name}; next: casctl server add", name=name)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all sites."""
    with invocation.read() as connection:
        table(invocation, _COLUMNS, read_topology(connection).sites.values())


@command.command("show")
@click.argument("name")
@click.pass_obj
def show_site(invocation: Invocation, name: str) -> None:
    """Show the site NAME."""
    with invocation.read() as connection:
        show(invocation, find("site", read_topology(connection).sites, name))


@command.command("set")
@click.argument("name")
@_NAMESPACE
@_INTERNAL
@_EXTERNAL
@_REDIRECT
@click.pass_obj
def set_(invocation: Invocation, /, name: str, **options: Any) -> None:
    """Change the site NAME; what is not given stays."""
    with invocation.edit() as connection:
        site = find("site", read_topology(connection).sites, name)
        put_site(connection, evolve(site, **given(options)))
    done(invocation, f"changed {site.name}", name=site.name)


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(invocation: Invocation, name: str) -> None:
    """Remove the site NAME."""
    with invocation.edit() as connection:
        remove_site(connection, name)
    done(invocation, f"removed {name}", name=name)
