"""`casctl check`: every problem of a configuration, without starting anything."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb
from casd.certificates import read_certificate
from casd.config import BadConfiguration
from casd.plan import certificates_of, read_plan


@click.command("check", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Check the configuration file; print every problem of it and end with 1 if there is any.

    A certificate that ends within 30 days is told too, and is no problem yet.
    """
    try:
        plan = read_plan(invocation.config)
    except BadConfiguration as error:
        said = f"{error}\n{len(error.problems)} to correct"
        done(invocation, said, good=False, problems=error.problems, warnings=[])
        raise click.exceptions.Exit(1) from None
    now = datetime.now(UTC)
    found = [(section, read_certificate(pair).ending(now)) for section, pair in certificates_of(plan)]
    warnings = [f"[{section}] certificate: {ending}" for section, ending in found if ending]
    said = "\n".join([*warnings, f"{invocation.config} is good"])
    done(invocation, said, good=True, problems=[], warnings=warnings)
