"""`casctl demo`: the organisation that `make run` serves."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any

import click

from casd.casctl.answer import done, show
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.listeners import listeners, wait_for
from casd.casctl.provision import DOMAIN, PORTS, USERS, provision
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_mailboxes import all_mailboxes
from casd.directory.sqlite_topology import read_topology
from casd.plan import read_plan

_FRONT = f"https://localhost:{PORTS['front']}"
EWS = f"{_FRONT}/ews/exchange.asmx"
ADDRESSES = {
    "web mail": f"{_FRONT}/owa/",
    "Exchange Web Services": EWS,
    "what is going on": "http://127.0.0.1:8444/status",
}


@click.group("demo", cls=Noun)
def command() -> None:
    """The demo organisation, example.org."""


@command.command("init")
@click.pass_obj
def init(invocation: Invocation) -> None:
    """Make the demo organisation in the folder of [sqlite] file, unless it is there."""
    folder = invocation.directory.parent
    made = provision(folder)
    done(invocation, f"{'made' if made else 'kept'} the demo in {_from_here(folder)}", folder=str(folder), made=made)


@command.command("show")
@click.option("--wait", is_flag=True, help="First wait until all of it listens; say ready.")
@click.pass_obj
def show_demo(invocation: Invocation, *, wait: bool) -> None:
    """Show the demo's addresses and users, and how to try it."""
    folder = invocation.directory.parent
    if not (folder / "password").exists():
        raise Mistake("there is no demo: casctl demo init makes it")
    place = _from_here(folder)
    with invocation.read() as connection:
        active = {name: database.active for name, database in read_topology(connection).databases.items()}
        users = {mailbox.address: mailbox.database for mailbox in islice(all_mailboxes(connection), len(USERS))}
    record = {
        "addresses": ADDRESSES,
        "users": {address: f"{database} on {active[database]}" for address, database in users.items()},
        "password": (folder / "password").read_text().strip(),
        "password_file": f"{place}/password",
        "try": f'curl --cacert {place}/ca.pem -u "alice@{DOMAIN}:$(cat {place}/password)" {EWS}',
    }
    if wait:
        wait_for(listeners(read_plan(invocation.config)))
    if invocation.as_json:
        show(invocation, record)
    else:
        click.echo(_text(record) + ("\n\nready" if wait else ""))


def _text(record: dict[str, Any]) -> str:
    rows = [*record["addresses"].items(), ("", ""), *record["users"].items(), ("", "")]
    rows.append(("password", f"{record['password']}  (in {record['password_file']})"))
    return "\n".join([*(f"  {name:24}{value}".rstrip() for name, value in rows), "", f"  {record['try']}"])


def _from_here(folder: Path) -> Path:
    here = Path(os.path.relpath(folder))
    return folder if here.parts[:2] == ("..", "..") else here
