"""What `casctl autodiscover --dns` says of the records of all domains."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import click
from attrs import evolve

from casd.access import ClientAccess
from casd.autoconfig import has_dav, mail_servers
from casd.casctl.answer import table
from casd.casctl.dns_asking import Asker, name_servers
from casd.casctl.dns_records import Ask, Finding, Published, Record, State, check, records
from casd.casctl.invocation import Invocation
from casd.casctl.why import access_of
from casd.directory.sqlite_edit import Mistake
from casd.model import Topology
from casd.plan import Plan, read_plan

_COLUMNS = ["record", "state", "purpose", "remedy"]


def report(invocation: Invocation, servers: Sequence[str]) -> None:
    """Print every record to publish, and what is wrong with those that are; end with 1 if anything is."""
    plan = read_plan(invocation.config)
    findings = check(wanted(plan, access_of(plan)), asking(servers))
    table(invocation, _COLUMNS, map(_record, findings))
    if any(each.state is not State.RIGHT for each in findings):
        raise click.exceptions.Exit(1)


def asking(servers: Sequence[str]) -> Ask:
    """Return what asks these name servers, or the machine's own."""
    return Asker(servers or name_servers()).ask


def wanted(plan: Plan, access: ClientAccess) -> Iterator[Record]:
    """Return what each domain is to publish, and must not."""
    topology = asyncio.run(access.topology())
    published = _published(topology, access)
    for domain in sorted(topology.domains):
        yield from records(domain, published, plan.doors["http"][1].namespaces)


def _published(topology: Topology, access: ClientAccess) -> Published:
    outside = evolve(access.place("127.0.0.1"), internal=False)
    site = topology.sites.get(outside.site)
    if site is None or not site.namespace:
        raise Mistake("by which name do clients come in here? Say [access] site, or casctl site set --namespace")
    settings = access.advertised
    mail = mail_servers(topology, outside, settings)
    caldav, carddav = (has_dav(service, topology, settings) for service in ("caldav", "carddav"))
    return Published(site.namespace.lower(), mail, caldav, carddav)


def _record(finding: Finding) -> dict[str, Any]:
    record = finding.record
    return {
        "record": str(record),
        "name": record.name,
        "kind": record.kind.value,
        "value": record.value,
        "purpose": record.purpose,
        "state": finding.state.value,
        "remedy": finding.remedy,
    }
