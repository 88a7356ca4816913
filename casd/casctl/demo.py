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
from casd.casctl.provision import DOMAIN, USERS, provision
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_mailboxes import all_mailboxes
from casd.directory.sqlite_topology import read_topology
from casd.plan import Plan, read_plan

_EWS = "/ews/exchange.asmx"


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
    plan = read_plan(invocation.config)
    if wait:
        wait_for(listeners(plan))
    with invocation.read() as connection:
        active = {name: database.active for name, database in read_topology(connection).databases.items()}
        users = {mailbox.address: mailbox.database for mailbox in islice(all_mailboxes(connection), len(USERS))}
    record = {
        "addresses": _addresses(plan),
        "users": {address: f"{database} on {active[database]}" for address, database in users.items()},
        "password": (folder / "password").read_text().strip(),
        "password_file": f"{_from_here(folder)}/password",
        "try": _example(_from_here(folder), plan),
    }
    if invocation.as_json:
        show(invocation, record)
    else:
        click.echo(_text(record) + ("\n\nready" if wait else ""))


def _addresses(plan: Plan) -> dict[str, str]:
    front = _front(plan)
    found = {"web mail": f"{front}/owa/", "Exchange Web Services": f"{front}{_EWS}"}
    return {**found, "what is going on": f"http://{plan.admin.listen[0]}/status"} if plan.admin else found


def _example(folder: Path, plan: Plan) -> str:
    user = f'-u "alice@{DOMAIN}:$(cat {folder}/password)"'
    question = f'-H "Content-Type: text/xml" -d @{folder}/inbox.xml'
    return f"curl --cacert {folder}/ca.pem {user} {question} {_front(plan)}{_EWS}"


def _front(plan: Plan) -> str:
    return f"https://localhost:{plan.doors['http'][1].listen[0].port}"


def _text(record: dict[str, Any]) -> str:
    rows = [*record["addresses"].items(), ("", ""), *record["users"].items(), ("", "")]
    rows.append(("password", f"{record['password']}  (in {record['password_file']})"))
    return "\n".join([*(f"  {name:24}{value}".rstrip() for name, value in rows), "", f"  {record['try']}"])


def _from_here(folder: Path) -> Path:
    here = Path(os.path.relpath(folder))
    return folder if here.parts[:2] == ("..", "..") else here
