"""`casctl drain`: the end of a front end that lets its clients finish."""

from __future__ import annotations

import signal

import click

from casd.casctl import running
from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb


@click.command("drain", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Have the front end take no new connection, finish what is under way, and end. A second time: end at once."""
    pid = running.signal(invocation, signal.SIGTERM)
    done(invocation, f"process {pid} lets its clients finish, and ends", pid=pid)
