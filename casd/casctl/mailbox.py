"""`casctl mailbox`: the mailboxes of the organisation, as the directory knows them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID, uuid4

import click
from argon2 import PasswordHasher
from attrs import evolve

from casd.casctl.answer import done, plain, show, table, warn
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.mailbox_import import import_mailboxes
from casd.casctl.named import given
from casd.casctl.progress import watched_lines
from casd.casctl.switches import switch_option
from casd.config import Ini
from casd.directory.addresses import normal_address
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn, put_mailbox, remove_mailbox, set_password
from casd.directory.sqlite_mailboxes import all_mailboxes, by_guid, by_login, password_of
from casd.directory.sqlite_topology import read_topology
from casd.model import DETAILS, Mailbox, Recipient

_COLUMNS = ["address", "display_name", "database", "hidden", "switches"]


def _details(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    details = {word: text for word, _, text in (value.partition("=") for value in values)}
    if unknown := set(details) - set(DETAILS):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: use one of {', '.join(DETAILS)}")
    return details


_DATABASE = click.option("--database", help="The database that holds it; `set` does not move its content.")
_NAME = click.option("--name", "display_name", help="Its name in lists.")
_UPN = click.option("--upn", help="The name its user signs in with, where that is not the address.")
_LEGACY_DN = click.option("--legacy-dn", help="Its legacyExchangeDN; one is made up otherwise.")
_HIDDEN = click.option("--hidden/--listed", default=None, help="Whether address lists leave it out.")
_SWITCHES = switch_option("--switch", "switches", "Switch a protocol on or off for it.")
_KIND = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Recipient]),
    callback=lambda _ctx, _parameter, value: value and Recipient(value),
    help="Whether it is a user's, shared, a room or equipment; a user's at first.",
)
_DETAILS = click.option(
    "--detail",
    "details",
    multiple=True,
    metavar="WORD=TEXT",
    callback=_details,
    help=f"What address books tell of it; WORD is one of {', '.join(DETAILS)}; an empty TEXT removes it.  [repeatable]",
)
_BOOK = click.option(
    "--address-book", help="NAME of the [oab:NAME] that its user gets; empty: the first whose conditions it meets."
)
_PASSWORD = click.option(
    "--password-file", "password", type=click.File(), help="File whose first line is the password; - asks for it."
)


@click.group("mailbox", cls=Noun)
def command() -> None:
    """Mailboxes."""


@command.command("add")
@click.argument("address")
@_DATABASE
@_NAME
@_UPN
@click.option("--proxy", "proxy_addresses", multiple=True, help="A further address of it.  [repeatable]")
@click.option("--guid", type=click.UUID, help="Its GUID, where it has one already.")
@_LEGACY_DN
@_HIDDEN
@_SWITCHES
@_KIND
@_DETAILS
@_BOOK
@_PASSWORD
@click.pass_obj
def add(
    invocation: Invocation,
    /,
    address: str,
    *,
    guid: UUID | None,
    switches: dict[str, bool | None],
    details: dict[str, str],
    password: TextIO | None,
    **options: Any,
) -> None:
    """Add the mailbox ADDRESS."""
    new = Mailbox(guid or uuid4(), address, address, "", details=details)
    mailbox = evolve(new, **given(options), switches=_switched({}, switches))
    if not mailbox.database:
        raise Mistake("a mailbox needs --database NAME: casctl database list shows them")
    encoded = _encoded(password)
    with invocation.edit() as connection:
        _refuse_known(connection, mailbox)
        organisation = read_topology(connection).organisation
        put_mailbox(
            connection, evolve(mailbox, legacy_dn=mailbox.legacy_dn or default_legacy_dn(organisation, mailbox))
        )
        if encoded:
            set_password(connection, mailbox.guid, encoded, datetime.now(UTC))
    _warn_of_no_book(invocation, options["address_book"])
    done(invocation, f"added {address}", address=address, guid=mailbox.guid)


@command.command("list")
@click.option("--database", help="Only those in this database.")
@click.pass_obj
def list_(invocation: Invocation, database: str | None) -> None:
    """List the mailboxes in the order of their addresses."""
    with invocation.read() as connection:
        table(invocation, _COLUMNS, all_mailboxes(connection, database))


@command.command("show")
@click.argument("address")
@click.pass_obj
def show_mailbox(invocation: Invocation, address: str) -> None:
    """Show the mailbox with the address or UPN ADDRESS."""
    with invocation.read() as connection:
        mailbox = _find(connection, address)
        password = password_of(connection, mailbox.guid)
    since = password.changed.isoformat() if password and password.changed else None
    show(invocation, {**plain(mailbox), "password_since": since})


@command.command("set")
@click.argument("address")
@click.option("--address", "new_address", help="Its new primary address; the old one stays as a proxy address.")
@_DATABASE
@_NAME
@_UPN
@click.option("--add-proxy", multiple=True, help="One more address of it.  [repeatable]")
@click.option("--remove-proxy", multiple=True, help="An address it has no longer.  [repeatable]")
@click.option("--open-for", multiple=True, help="A user whose Outlook opens it too: no right is given.  [repeatable]")
@click.option("--not-open-for", multiple=True, help="A user whose Outlook opens it no longer.  [repeatable]")
@_LEGACY_DN
@_HIDDEN
@_SWITCHES
@_KIND
@_DETAILS
@_BOOK
@_PASSWORD
@click.pass_obj
def set_(
    invocation: Invocation,
    /,
    address: str,
    *,
    new_address: str | None,
    add_proxy: tuple[str, ...],
    remove_proxy: tuple[str, ...],
    open_for: tuple[str, ...],
    not_open_for: tuple[str, ...],
    switches: dict[str, bool | None],
    details: dict[str, str],
    password: TextIO | None,
    **options: Any,
) -> None:
    """Change the mailbox ADDRESS; what is not given stays."""
    encoded = _encoded(password)
    with invocation.edit() as connection:
        mailbox = _find(connection, address)
        proxies = _proxies(mailbox, new_address, add_proxy, remove_proxy)
        mailbox = evolve(mailbox, **given(options), switches=_switched(dict(mailbox.switches), switches))
        mailbox = evolve(mailbox, details={**mailbox.details, **details})
        mailbox = evolve(mailbox, open_for=_readers(mailbox, open_for, not_open_for))
        put_mailbox(connection, evolve(mailbox, address=new_address or mailbox.address, proxy_addresses=proxies))
        if encoded:
            set_password(connection, mailbox.guid, encoded, datetime.now(UTC))
    _warn_of_no_book(invocation, options["address_book"])
    done(invocation, f"changed {mailbox.address}", address=new_address or mailbox.address, guid=mailbox.guid)


@command.command("remove")
@click.argument("address")
@click.pass_obj
def remove(invocation: Invocation, address: str) -> None:
    """Take the mailbox ADDRESS out of the directory; its content stays in its database."""
    with invocation.edit() as connection:
        mailbox = _find(connection, address)
        remove_mailbox(connection, mailbox.guid)
    done(invocation, f"removed {mailbox.address}", address=mailbox.address, guid=mailbox.guid)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_(invocation: Invocation, file: Path) -> None:
    """Add or change the mailboxes that FILE lists, a CSV file with a head line.

    Columns: address, database; and where wanted display_name, upn, proxy_addresses and switches (separated by
    blanks), guid, legacy_dn, hidden (yes or no), password_hash (argon2id), kind (user, shared, room or equipment),
    address_book, and the details that address books tell, such as given_name and title. Of a mailbox that is there
    already, the columns that the file does not have stay. Import the same file again after an interruption or after
    correcting bad rows: what is done already is left alone.
    """
    with watched_lines(file) as lines:
        counts = import_mailboxes(
            invocation.edit, lines, lambda line, why: click.echo(f"{file}:{line}: {why}", err=True)
        )
    done(invocation, ", ".join(f"{count} {what}" for what, count in counts.items()), **counts)
    if counts["bad"]:
        raise click.exceptions.Exit(1)


def _warn_of_no_book(invocation: Invocation, name: str | None) -> None:
    """Warn of an address book that this file does not have, though another front end's may."""
    books = [
        section.partition(":")[2] for section in Ini.read(invocation.config).sections if section.startswith("oab:")
    ]
    if name and name.lower() not in map(str.lower, books):
        warn(f"{invocation.config} has no [oab:{name}]: without it the mailbox gets the first book that suits it")


def _refuse_known(connection: sqlite3.Connection, mailbox: Mailbox) -> None:
    known = by_login(connection, mailbox.address) or by_guid(connection, mailbox.guid)
    if known:
        raise Mistake(f"{mailbox.address} belongs to a mailbox: casctl mailbox set {known.address} changes it")


def _find(connection: sqlite3.Connection, address: str) -> Mailbox:
    mailbox = by_login(connection, address)
    if mailbox is None:
        raise Mistake(f"there is no mailbox {address}: casctl mailbox list shows what there is")
    return mailbox


def _switched(before: dict[str, bool], words: dict[str, bool | None]) -> dict[str, bool]:
    return {protocol: enabled for protocol, enabled in {**before, **words}.items() if enabled is not None}


def _proxies(
    mailbox: Mailbox, new_address: str | None, add: tuple[str, ...], remove: tuple[str, ...]
) -> tuple[str, ...]:
    gone = {normal_address(address) for address in remove}
    held = (*mailbox.proxy_addresses, *([mailbox.address] if new_address else []), *add)
    missing = gone - set(map(normal_address, held))
    if missing:
        raise Mistake(f"{', '.join(missing)} is no proxy address of {mailbox.address}")
    return tuple(address for address in held if normal_address(address) not in gone)


def _readers(mailbox: Mailbox, add: tuple[str, ...], remove: tuple[str, ...]) -> tuple[str, ...]:
    held, gone = (*mailbox.open_for, *add), set(map(normal_address, remove))
    if missing := gone - set(map(normal_address, held)):
        raise Mistake(f"{mailbox.address} is not opened for {', '.join(missing)}")
    return tuple(address for address in held if normal_address(address) not in gone)


def _encoded(file: TextIO | None) -> str | None:
    if file is None:
        return None
    asked = file.isatty()
    password = click.prompt("Password", hide_input=True, confirmation_prompt=True) if asked else file.readline()
    password = password.rstrip("\r\n")
    if not password:
        raise Mistake("the password is empty: nothing was changed")
    return PasswordHasher().hash(password)
