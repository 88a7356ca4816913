"""`casctl cert`: a private authority, with all certificates and keys that an array needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from casd.casctl.answer import done
from casd.casctl.credentials import make_credentials
from casd.casctl.invocation import Invocation, Noun
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_topology import read_topology
from casd.model import Topology


@click.group("cert", cls=Noun)
def command() -> None:
    """Certificates and keys."""


@command.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--front", multiple=True, help="A name of the front door.  [repeatable; default: the directory's sites]")
@click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME[=HOST]",
    help="A mailbox server with the name in its certificate.  [repeatable; default: the directory's]",
)
@click.pass_obj
def init(invocation: Invocation, folder: Path, front: tuple[str, ...], servers: tuple[str, ...]) -> None:
    """Make certificates and keys in FOLDER; what is there and still good stays, what is not is made again.

    Copy to each mailbox server its own certificate and key, ca.pem and keys/SERVER.key, and to each front end
    front, client, ca.pem, keys and array.secret. ca.key is needed on neither: keep it apart.
    """
    topology = Topology() if front and servers else _topology(invocation)
    fronts = front or _namespaces(topology)
    names = _named(servers) or {name: (server.tls_name or name,) for name, server in topology.servers.items()}
    if not fronts:
        raise Mistake("what is the front door called? Say --front mail.example.org, or add a site first")
    made = make_credentials(folder, topology.organisation or fronts[0], fronts, names, datetime.now(UTC))
    text = f"made {', '.join(made)}" if made else "all is there, and good"
    done(invocation, f"{folder}: {text}", folder=str(folder), made=made)


def _topology(invocation: Invocation) -> Topology:
    with invocation.read() as connection:
        return read_topology(connection)


def _namespaces(topology: Topology) -> list[str]:
    sites = [site.namespace for site in topology.sites.values()]
    return sites + [f"autodiscover.{domain}" for domain in sorted(topology.domains)] if sites else []


def _named(servers: tuple[str, ...]) -> Mapping[str, Sequence[str]]:
    pairs = [server.partition("=") for server in servers]
    return {name: (host or name,) for name, _, host in pairs}
