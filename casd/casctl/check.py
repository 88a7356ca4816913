"""`casctl check`: every problem of a configuration, without starting anything."""

from __future__ import annotations

import click

from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb
from casd.config import BadConfiguration
from casd.plan import read_plan


@click.command("check", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Check the configuration file; print every problem of it and end with 1 if there is any."""
    try:
        read_plan(invocation.config)
    except BadConfiguration as error:
        done(invocation, f"{error}\n{len(error.problems)} to correct", good=False, problems=error.problems)
        raise click.exceptions.Exit(1) from None
    done(invocation, f"{invocation.config} is good", good=True, problems=[])
