"""`casctl component`: which parts of a front end take requests."""

from __future__ import annotations

import socket
from difflib import get_close_matches

import click

from casd import plan
from casd.casctl.answer import done, table
from casd.casctl.invocation import Invocation, Verb
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_topology import put_component
from casd.directory.sqlite_topology import read_topology

COMPONENTS = (
    *("ActiveSyncProxy", "AutoDiscoverProxy", "DefaultProxy", "EcpProxy", "EwsProxy", "ImapProxy", "MapiProxy"),
    *("OabProxy", "OwaProxy", "PopProxy", "PushNotificationsProxy", "RestProxy", "RpcProxy", "RpsProxy", "RwsProxy"),
    *("XropProxy", "FrontendTransport", "HubTransport", "UMCallRouter", "ServerWideOffline"),
)
"""The names that health pages show; the last stands for the whole front end."""


@click.command("component", cls=Verb)
@click.argument("name", required=False)
@click.option("--state", type=click.Choice(["active", "inactive"]), help="Whether it is to take requests.")
@click.option("--front", help="The front end, by its [cas] name; this configuration's by default.")
@click.pass_obj
def command(invocation: Invocation, name: str | None, state: str | None, front: str | None) -> None:
    """Set the state of the component NAME, or list those that were ever set."""
    if name is None or state is None:
        _list(invocation)
        return
    component, front = _component(name), front or _own_name(invocation)
    with invocation.edit() as connection:
        put_component(connection, front, component, state == "active")
    done(invocation, f"{component} of {front} is {state}", front=front, name=component, active=state == "active")


def _list(invocation: Invocation) -> None:
    with invocation.read() as connection:
        components = read_topology(connection).components
    records = [{"front": front, "name": name, "active": active} for (front, name), active in sorted(components.items())]
    table(invocation, ["front", "name", "active"], records)


def _component(name: str) -> str:
    by_name = {component.lower(): component for component in COMPONENTS}
    if name.lower() not in by_name:
        near = get_close_matches(name.lower(), by_name, 3) or by_name
        raise Mistake(f"there is no component {name}; known are: {', '.join(by_name[word] for word in near)}")
    return by_name[name.lower()]


def _own_name(invocation: Invocation) -> str:
    return invocation.section("cas", plan.Settings).name or socket.gethostname().partition(".")[0]
