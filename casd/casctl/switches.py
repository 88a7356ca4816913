"""The words by which protocols are switched on and off for a mailbox."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

PROTOCOLS = (
    # as the virtual directories say
    *("owa", "ecp", "eas", "ews", "oab", "mapi", "rpc", "autodiscover", "api", "delivery", "availability"),
    *("imap4", "pop3", "smtp", "sieve", "sip"),
    "mapi-external",  # whether Outlook may come from outside by MAPI/HTTP
)
_STATES = {"on": True, "off": False, "default": None}


def parse_switch(text: str) -> tuple[str, bool | None]:
    """Read `PROTOCOL=on`, `=off` or `=default`; ValueError says what would be right."""
    protocol, _, state = text.partition("=")
    if protocol not in PROTOCOLS:
        near = get_close_matches(protocol, PROTOCOLS, 1) or PROTOCOLS
        raise ValueError(f"{protocol!r} is no protocol: use {', '.join(near)}")
    if state not in _STATES:
        raise ValueError(f"{text!r} is not {protocol}=on, {protocol}=off or {protocol}=default")
    return protocol, _STATES[state]


def switch_option(name: str, attribute: str, doc: str) -> Callable[[F], F]:
    """Declare an option that may be given several times and becomes a mapping of protocols to on, off or None."""
    return click.option(
        name, attribute, multiple=True, metavar="PROTOCOL=on|off|default", callback=_read, help=f"{doc}  [repeatable]"
    )


def _read(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, bool | None]:
    try:
        return dict(map(parse_switch, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
