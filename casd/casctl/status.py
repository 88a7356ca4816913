"""`casctl status`: what a running front end is doing."""

from __future__ import annotations

import click

from casd.casctl import running
from casd.casctl.answer import show, table
from casd.casctl.invocation import Invocation, Verb

_COLUMNS = {
    "workers": ["worker", "pid", "state", "connections", "requests"],
    "servers": ["name", "site", "version"],
    "databases": ["name", "active", "epoch", "copies"],
    "pools": ["server", "endpoint", "open", "idle", "waiting", "opened", "breaker", "worker"],
    "requests": ["id", "door", "user", "method", "path", "server", "seconds", "worker"],
}


@click.command("status", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Show workers, servers, databases and where each is active, pools, breakers and open requests."""
    status = running.status(invocation)
    if invocation.as_json:
        show(invocation, status)
        return
    show(invocation, {name: value for name, value in status.items() if name not in _COLUMNS})
    for name, columns in _COLUMNS.items():
        click.echo(f"\n{name}:")
        table(invocation, columns, status[name])
