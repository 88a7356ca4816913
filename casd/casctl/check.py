"""`casctl check`: every problem of a configuration, without starting anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from casd.casctl.answer import done
from casd.casctl.invocation import Invocation, Verb
from casd.certificates import Pair, read_certificate
from casd.config import BadConfiguration, Ini
from casd.directory.sqlite_topology import read_topology
from casd.mailbox.tap import read_servers
from casd.model import DirectoryDown, Topology
from casd.plan import Plan, certificates_of, read_plan


@click.command("check", cls=Verb)
@click.pass_obj
def command(invocation: Invocation) -> None:
    """Check the configuration file, of a front end or of mailbox servers; end with 1 if there is any problem.

    Told too, and no problem yet, are a certificate that ends within 30 days, and what the directory does not know.
    """
    try:
        plan, pairs = _read(invocation.config)
    except BadConfiguration as error:
        said = f"{error}\n{len(error.problems)} to correct"
        done(invocation, said, good=False, problems=error.problems, warnings=[])
        raise click.exceptions.Exit(1) from None
    now = datetime.now(UTC)
    found = [(section, read_certificate(pair).ending(now)) for section, pair in pairs]
    warnings = [f"[{section}] certificate: {ending}" for section, ending in found if ending]
    if plan:
        try:
            with invocation.read() as connection:
                warnings += _unknown(plan, read_topology(connection))
        except DirectoryDown as error:
            warnings.append(f"the directory cannot be read: {error}")
    said = "\n".join([*warnings, f"{invocation.config} is good"])
    done(invocation, said, good=True, problems=[], warnings=warnings)


def _read(file: Path) -> tuple[Plan | None, list[tuple[str, Pair]]]:
    """Return the plan of a front end, or none of mailbox servers by themselves; and every pair of files, by section."""
    sections = Ini.read(file).sections
    if sections and all(section.startswith("mailbox:") for section in sections):
        servers = read_servers(file).items()
        return None, [(f"mailbox:{name}", Pair(each.certificate, each.private_key)) for name, each in servers]
    plan = read_plan(file)
    return plan, list(certificates_of(plan))


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
