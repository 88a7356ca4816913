"""`casctl check`: every problem of a configuration, without starting anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import click

from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb
from casd.certificates import read_certificate
from casd.config import BadConfiguration
from casd.directory.sqlite_topology import read_topology
from casd.model import DirectoryDown, Topology
from casd.plan import Plan, certificates_of, read_plan


@click.command("check", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Check the configuration file; print every problem of it and end with 1 if there is any.

    Told too, and no problem yet, are a certificate that ends within 30 days, and what the directory does not know.
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
    try:
        with invocation.read() as connection:
            warnings += _unknown(plan, read_topology(connection))
    except DirectoryDown as error:
        warnings.append(f"the directory cannot be read: {error}")
    said = "\n".join([*warnings, f"{invocation.config} is good"])
    done(invocation, said, good=True, problems=[], warnings=warnings)


def _unknown(plan: Plan, topology: Topology) -> Iterator[str]:
    """Name what stands in the file and not in the directory, which may be changed after the file."""
    site = plan.access.site
    yield from _missing("[access] site", "site", (site,) if site else (), topology.sites)
    yield from _missing("[mailbox:NAME]", "server", plan.mailboxes, topology.servers)
    for name, (_, settings) in plan.mailboxes.items():
        yield from _missing(f"[mailbox:{name}] mount", "database", settings.mount, topology.databases)
    for book in plan.books:
        yield from _missing(f"[oab:{book.name}] domains", "domain", book.domains, topology.domains)
        yield from _missing(f"[oab:{book.name}] sites", "site", book.sites, map(str.lower, topology.sites))


def _missing(where: str, noun: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    for name in sorted({*names} - {*known}):
        yield f"{where}: the directory has no {noun} {name}; casctl {noun} list shows what there is"
