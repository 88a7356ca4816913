"""`casctl upgrade`: a newer casd in the place of the one that runs."""

from __future__ import annotations

import signal

import click

from casd.casctl import running
from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb
from casd.directory.sqlite_edit import Mistake


@click.command("upgrade", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Have what is installed now take over, while clients come and go; the log says what came of it."""
    if not running.status(invocation)["supervised"]:
        raise Mistake("a single process cannot be upgraded in place: have [cas] workers = 2, or restart it")
    pid = running.signal(invocation, signal.SIGUSR2)
    done(invocation, f"process {pid} begins anew with what is installed now, if that starts: see the log", pid=pid)
