"""`casctl status`: what a running front end is doing."""

from __future__ import annotations

import http.client
import json
from typing import Any

import click

from casd.casctl.answer import show, table
from casd.casctl.invocation import Down, Invocation, Verb
from casd.directory.sqlite_edit import Mistake
from casd.frontends import admin

_PATIENCE = 5
"""Seconds; the listener is on the same machine."""

_COLUMNS = {
    "servers": ["name", "site", "version"],
    "databases": ["name", "active", "epoch", "copies"],
    "pools": ["server", "endpoint", "open", "idle", "waiting", "opened", "breaker"],
    "requests": ["id", "door", "user", "method", "path", "server", "seconds"],
}


@click.command("status", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Show servers, databases and where each is active, pools, breakers and open requests."""
    status = _ask(invocation)
    if invocation.as_json:
        show(invocation, status)
        return
    show(invocation, {name: value for name, value in status.items() if name not in _COLUMNS})
    for name, columns in _COLUMNS.items():
        click.echo(f"\n{name}:")
        table(invocation, columns, status[name])


def _ask(invocation: Invocation) -> dict[str, Any]:
    listen = invocation.section("admin", admin.Settings).listen
    if not listen:
        raise Mistake("[admin] listen is empty: a front end tells of itself there, for example at 127.0.0.1:8444")
    connection = http.client.HTTPConnection(listen[0].host, listen[0].port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/status")
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Down(f"no front end answers at {listen[0]} ({error}): is it running? twistd cas --config FILE") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Down(f"{listen[0]} answers {response.status}: is it the [admin] listener of this configuration?")
    answer: dict[str, Any] = json.loads(content)
    return answer
