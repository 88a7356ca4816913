"""`casctl server`: the mailbox servers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
from attrs import evolve

from casd.casctl.answer import done, show, table
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.named import authority, find, given, refuse_used
from casd.casctl.switches import PROTOCOLS
from casd.config import endpoint
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_topology import put_server, remove_server
from casd.directory.sqlite_topology import read_topology
from casd.model import Endpoint, ProxyProtocol, Server, ServerKind

_PROTOCOLS = ("http", *PROTOCOLS)
_COLUMNS = ["name", "kind", "site", "version", "endpoints", "tls_name"]


def _endpoints(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Endpoint] | None:
    found = {}
    for value in values:
        protocol, equals, address = value.rpartition("=")
        if equals and protocol not in _PROTOCOLS:
            raise click.BadParameter(f"{protocol!r} is no protocol: use one of {', '.join(_PROTOCOLS)}")
        try:
            found[protocol if equals else "http"] = endpoint(address, Path())
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
    return found or None


def _version(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    major, _, minor = value.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise click.BadParameter(f"{value!r} is not a version such as 15.2")
    return int(major), int(minor)


def _pin(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    digits = value and value.replace(":", "").lower()  # as openssl prints it, too
    if digits and not re.fullmatch("[0-9a-f]{64}", digits):
        raise click.BadParameter(f"{value!r} is not 64 digits in hex, as casctl cert show prints them (fingerprint)")
    return digits


_SITE = click.option("--site", help="The site it stands in.")
_ENDPOINTS = click.option(
    "--endpoint",
    "endpoints",
    multiple=True,
    metavar="[PROTOCOL=]HOST:PORT",
    callback=_endpoints,
    help="Where it listens; without PROTOCOL for everything over HTTP.  [repeatable]",
)
_VERSION = click.option("--version", metavar="MAJOR.MINOR", callback=_version, help="Its version, 15.2 at first.")
_TLS_NAME = click.option("--tls-name", help="The name in its certificate, where that is not its own name.")
_CA = click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=lambda _ctx, _parameter, file: file and authority(file),
    help="File (PEM) of the authority that signed it.",
)
_PIN = click.option("--pin", callback=_pin, help="SHA-256 of its certificate, in hex.")
_PROXY_PROTOCOL = click.option(
    "--proxy-protocol",
    type=click.Choice([version.value for version in ProxyProtocol]),
    callback=lambda _ctx, _parameter, value: value and ProxyProtocol(value),
    help="The PROXY header that it wants first on each connection.",
)


_KIND = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ServerKind]),
    callback=lambda _ctx, _parameter, value: value and ServerKind(value),
    help="What it is, casd at first; dav is any server of CalDAV, mail one of IMAP4, POP3 and SMTP alone.",
)


@click.group("server", cls=Noun)
def command() -> None:
    """Mailbox servers."""


@command.command("add")
@click.argument("name")
@_SITE
@_ENDPOINTS
@_VERSION
@_TLS_NAME
@_CA
@_PIN
@_PROXY_PROTOCOL
@_KIND
@click.pass_obj
def add(invocation: Invocation, /, name: str, **options: Any) -> None:
    """Add the server NAME."""
    server = evolve(Server(name, ""), **given(options))
    if not server.endpoints or not (server.ca or server.pin):
        raise Mistake("a server needs --endpoint HOST:PORT, and --ca FILE or --pin HEX: nothing is sent to a stranger")
    with invocation.edit() as connection:
        topology = read_topology(connection)
        refuse_used("server", topology.servers, name)
        put_server(connection, server)
    done(invocation, f"added {name}; next: casctl database add", name=name)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all servers."""
    with invocation.read() as connection:
        servers = read_topology(connection).servers.values()
    table(invocation, _COLUMNS, map(_record, servers))


@command.command("show")
@click.argument("name")
@click.pass_obj
def show_server(invocation: Invocation, name: str) -> None:
    """Show the server NAME."""
    with invocation.read() as connection:
        show(invocation, _record(find("server", read_topology(connection).servers, name)))


@command.command("set")
@click.argument("name")
@_SITE
@_ENDPOINTS
@_VERSION
@_TLS_NAME
@_CA
@_PIN
@_PROXY_PROTOCOL
@_KIND
@click.pass_obj
def set_(invocation: Invocation, /, name: str, **options: Any) -> None:
    """Change the server NAME; what is not given stays, and endpoints are replaced together."""
    with invocation.edit() as connection:
        server = find("server", read_topology(connection).servers, name)
        put_server(connection, evolve(server, **given(options)))
    done(invocation, f"changed {server.name}", name=server.name)


@command.command("remove")
@click.argument("name")
@click.pass_obj
def remove(invocation: Invocation, name: str) -> None:
    """Remove the server NAME."""
    with invocation.edit() as connection:
        remove_server(connection, name)
    done(invocation, f"removed {name}", name=name)


def _record(server: Server) -> dict[str, Any]:
    return {
        "name": server.name,
        "site": server.site,
        "version": ".".join(map(str, server.version)),
        "endpoints": {protocol: str(endpoint) for protocol, endpoint in server.endpoints.items()},
        "tls_name": server.tls_name,
        "ca": server.ca,
        "pin": server.pin,
        "proxy_protocol": server.proxy_protocol.value,
        "kind": server.kind.value,
    }
