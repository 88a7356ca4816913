"""`casctl why`: the decision about one request, step by step, made by the front end's own code."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import click
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock

from casd.access import ClientAccess
from casd.auth.password import Passwords
from casd.casctl.answer import show
from casd.casctl.invocation import Invocation, Verb
from casd.casctl.switches import PROTOCOLS
from casd.directory.cache import CachedDirectory
from casd.directory.sqlite_edit import Mistake
from casd.model import Anchor, Decision, Identity, Kind, Proxy, Redirect
from casd.net.handover import Handover
from casd.net.pool import Pool
from casd.plan import Plan, read_plan

_BINDING = frozenset({"owa", "ecp"})
"""Protocols whose address anchor stands in the path; elsewhere it is a header, and only a hint."""


def _address(_ctx: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("why", cls=Verb)
@click.argument("address")
@click.option("--protocol", type=click.Choice(PROTOCOLS), required=True, help="What the client speaks.")
@click.option("--anchor", metavar="ADDRESS|GUID@DOMAIN", help="The mailbox that the request names, if it names one.")
@click.option(
    "--from", "client", default="127.0.0.1", show_default=True, callback=_address, help="The client's IP address."
)
@click.pass_obj
def command(invocation: Invocation, address: str, protocol: str, anchor: str | None, client: str) -> None:
    """Say where a request of the user ADDRESS would go, and why."""
    access = access_of(read_plan(invocation.config))
    decision = asyncio.run(_locate(access, address, protocol, anchor, client))
    if invocation.as_json:
        show(invocation, _record(decision))
    else:
        click.echo("\n".join(decision.trace))


async def _locate(access: ClientAccess, login: str, protocol: str, anchor: str | None, client: str) -> Decision:
    mailbox = await access.directory.by_login(login)
    if mailbox is None:
        raise Mistake(f"there is no mailbox {login}: its user cannot sign in; casctl mailbox list shows what there is")
    identity = Identity(mailbox.address, "casctl", mailbox)
    return await access.locate(
        identity, _anchor(anchor or mailbox.address, protocol, named=bool(anchor)), protocol, client
    )


def _anchor(value: str, protocol: str, *, named: bool) -> Anchor:
    if not named:
        return Anchor(Kind.USER, value, "the authenticated user")
    try:
        UUID(value.partition("@")[0])
    except ValueError:
        return Anchor(Kind.ADDRESS, value, "--anchor", hint=protocol not in _BINDING)
    return Anchor(Kind.GUID, value, "--anchor")


def access_of(plan: Plan) -> ClientAccess:
    """Return the front end's own look-ups and decisions, without what listens or connects."""
    clock = Clock()
    module, settings = plan.directory
    directory = CachedDirectory(module.Directory(settings), plan.cache, clock)
    passwords = Passwords(plan.password, directory, _at_once, clock)
    handover = Handover(plan.pool.keys, time.time)
    pool, told = Pool(plan.pool, clock), plan.autodiscover
    return ClientAccess(plan.access, directory, (), passwords, None, pool, handover, clock, told, books=plan.books)


def _at_once(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    return execute(function, *args)


def _record(decision: Decision) -> dict[str, Any]:
    record: dict[str, Any] = {"decision": type(decision).__name__.lower(), "trace": decision.trace}
    if isinstance(decision, Proxy):
        return {**record, "server": decision.server.name, "database": decision.database.name}
    if isinstance(decision, Redirect):
        return {**record, "url": decision.url}
    return {**record, "word": decision.word, "later": decision.later}
