"""`casctl autodiscover`: what a client would be told of an address, and why, by the front end's own code."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click
from attrs import evolve

from casd.access import ClientAccess
from casd.advertised import Advertised, Answer, Capabilities, Elsewhere
from casd.autodiscover import advertise
from casd.casctl.answer import show
from casd.casctl.dns_report import report
from casd.casctl.invocation import Invocation, Verb
from casd.casctl.why import access_of
from casd.directory.addresses import with_normal_domain
from casd.model import Refuse
from casd.plan import read_plan
from casd.vdirs import autodiscover_pox
from protocols.autodiscover import pox

_CLIENTS = {
    "outlook": Capabilities(mapi=1, exhttp=True, negotiate=True),
    "outlook2010": Capabilities(),
    "thunderbird": Capabilities(),
    "phone": Capabilities(),
}


@click.command("autodiscover", cls=Verb)
@click.argument("address", required=False)
@click.option("--client", type=click.Choice(tuple(_CLIENTS)), default="outlook", show_default=True, help="Who asks.")
@click.option("--external", is_flag=True, help="Ask from outside; without it, from the organisation's own networks.")
@click.option("--dns", is_flag=True, help="Print the DNS records by which clients find all this, and check them.")
@click.option("--name-server", "servers", multiple=True, metavar="ADDRESS", help="Ask this one.  [repeatable]")
@click.pass_obj
def command(
    invocation: Invocation, address: str | None, client: str, servers: tuple[str, ...], *, external: bool, dns: bool
) -> None:
    """Say what a client is told of ADDRESS, and why; or, with --dns, what is to be published of all domains."""
    if dns and not address:
        report(invocation, servers)
        return
    if dns or not address:
        raise click.UsageError("say an ADDRESS, or --dns")
    _tell(invocation, address, client, external=external)


def _tell(invocation: Invocation, address: str, client: str, *, external: bool) -> None:
    plan = read_plan(invocation.config)
    answer = asyncio.run(_ask(access_of(plan), address, _CLIENTS[client], external=external))
    elsewhere = sorted(_hosts(answer) - {name.lower() for name in plan.doors["http"][1].namespaces})
    told = list(_phone(answer) if client == "phone" else _sections(answer))
    if invocation.as_json:
        record = {"told": [{"section": name, **fields} for name, fields in told], "trace": answer.trace}
        show(invocation, {**record, "elsewhere": elsewhere})
        return
    for name, fields in told:
        click.echo(name)
        for field, value in fields.items():
            click.echo(f"    {field:<22} {value}")
    click.echo("\nbecause:")
    for fact in answer.trace:
        click.echo(f"    {fact}")
    if elsewhere:
        click.echo(f"\nthis front end answers for no such name ([http] namespaces): {' '.join(elsewhere)}")


async def _ask(access: ClientAccess, address: str, client: Capabilities, *, external: bool) -> Answer:
    topology = await access.topology()
    place = evolve(access.place("127.0.0.1"), internal=not external)
    mailbox = await access.directory.by_address(address)
    return advertise(with_normal_domain(address), mailbox, topology, place, access.advertised, client, access.books)


def _hosts(answer: Answer) -> set[str]:
    """Return the hosts of all URLs that are told."""
    web = answer.web.values() if isinstance(answer, Advertised) else ()
    return {urlsplit(url).hostname or "" for urls in web for url in (urls.internal, urls.external) if url}


def _sections(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the document for Outlook has, section by section."""
    if not isinstance(answer, Advertised):
        yield _no_settings(answer)
    elif not answer.sections:
        yield _error(pox.NO_SETTINGS)
    else:
        for protocol in autodiscover_pox.protocols(answer, "basic"):
            yield _section(protocol)


def _phone(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(answer, Advertised):
        yield _no_settings(answer)
    elif url := answer.url("eas"):
        yield "MobileSync", {"Url": url}
    else:
        yield _error(pox.NO_SETTINGS)


def _no_settings(answer: Elsewhere | Refuse) -> tuple[str, dict[str, Any]]:
    if isinstance(answer, Elsewhere):
        return ("redirectUrl", {"Url": answer.url}) if answer.url else ("redirectAddr", {"Address": answer.address})
    return _error(autodiscover_pox.CODES[answer.word])


def _error(code: int) -> tuple[str, dict[str, Any]]:
    return f"error {code}", {"Message": pox.Refusal(code).words}


def _section(protocol: pox.MapiHttp | pox.Protocol | pox.Web) -> tuple[str, dict[str, Any]]:
    match protocol:
        case pox.Protocol():
            return protocol.type, dict(protocol.fields)
        case pox.MapiHttp():
            return "mapiHttp", _sides({"MailStore": protocol.mail_store, "AddressBook": protocol.address_book})
        case pox.Web():
            return "WEB", _sides({"OWAUrl": protocol.owa, "ASUrl": protocol.ews})


def _sides(urls: dict[str, pox.Sides]) -> dict[str, Any]:
    both = (((f"{name} inside", each.internal), (f"{name} outside", each.external)) for name, each in urls.items())
    return {name: url for pair in both for name, url in pair if url}
