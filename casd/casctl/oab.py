"""`casctl oab`: offline address books."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from casd.casctl.answer import counted, done, show, table
from casd.casctl.invocation import Down, Invocation, Noun
from casd.casctl.owner import work_for_owner
from casd.casctl.progress import bar
from casd.directory.sqlite_edit import Mistake
from casd.model import AddressBook, Generation
from casd.oab_book import book_of, is_listed, path_of
from casd.oab_build import Progress, bring_up_to_date, content
from casd.oab_files import MANIFEST, Name, every_name, files_of, is_there, told
from casd.plan import Plan, read_plan

_COLUMNS = ["book", "title", "guid", "generation", "since", "entries", "bytes"]


@click.group("oab", cls=Noun)
def command() -> None:
    """Offline address books."""


@command.command("build")
@click.pass_obj
def build(invocation: Invocation) -> None:
    """Make the books now if anything has changed; clients are told of them at once.

    This is done by the front ends when it is time; another one of an array follows within half a minute.
    """
    plan, directory = _opened(invocation)
    assert plan.oab is not None  # noqa: S101 (looked at by _opened)
    if not plan.oab.record:
        raise Mistake("[oab] record = no: do this where the directory comes from")
    work_for_owner(plan.oab.folder)
    with bar("files") as (total, step):
        outcome = bring_up_to_date(directory, plan.oab, plan.books, force=True, progress=Progress(total, step))
    if outcome.busy:
        raise Down("casd is making them at this moment: look with casctl oab list")
    new = "new" if outcome.recorded else "unchanged"
    said = f"generation {outcome.sequence} is {new}, made {counted(len(outcome.made), 'file')}"
    done(invocation, said, sequence=outcome.sequence, recorded=outcome.recorded, made=outcome.made)


@command.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the books, the generation that clients are told of, and the size of what it is to a new client."""
    plan, directory = _opened(invocation)
    generations = _generations(directory)
    last = told(generations, datetime.now(UTC).timestamp())
    table(invocation, _COLUMNS, (_row(plan, directory, last, book) for book in plan.books))


@command.command("show")
@click.argument("address")
@click.pass_obj
def show_(invocation: Invocation, address: str) -> None:
    """Show which book the mailbox ADDRESS gets, and where."""
    plan, directory = _opened(invocation)
    mailbox = asyncio.run(directory.by_login(address))
    if mailbox is None:
        raise Mistake(f"there is no mailbox {address}: casctl mailbox list shows what there is")
    topology = asyncio.run(directory.topology())
    book = book_of(plan.books, mailbox, topology)
    if book is None:
        raise Mistake(f"{address} meets no book's conditions: change an [oab:NAME], or add one without conditions")
    named = {topology.databases[mailbox.database].address_book: "its database's", mailbox.address_book: "its own"}
    why = {name.lower(): why for name, why in named.items()}.get(book.name.lower(), "it meets its conditions")
    about = {"address": mailbox.address, "book": book.name, "why": why}
    show(invocation, {**about, "title": book.title, "path": f"{path_of(book)}oab.xml"})


@command.command("verify")
@click.pass_obj
def verify(invocation: Invocation) -> None:
    """Make every file anew from what the directory has recorded, and compare; end with 1 if any differs.

    It takes as long as making them all. What differs is removed, and made again by the front end.
    """
    plan, directory = _opened(invocation)
    assert plan.oab is not None  # noqa: S101 (looked at by _opened)
    work_for_owner(plan.oab.folder)
    bad = []
    generations = _generations(directory)
    names = list(_there(plan, generations))
    with bar("files") as (total, step):
        total(len(names))
        for name in names:
            file = plan.oab.folder / str(name)
            if not _is_right(directory, file, generations, name):
                bad.append(str(name))
                file.unlink()
            step(1)
    said = (
        "\n".join(f"{name} was not as it should be" for name in bad)
        or f"verified {counted(len(names), 'file')}: all as it should be"
    )
    done(invocation, said, good=not bad, files=len(names), bad=bad)
    if bad:
        raise click.exceptions.Exit(1)


def _opened(invocation: Invocation) -> tuple[Plan, Any]:
    plan = read_plan(invocation.config)
    if plan.oab is None:
        raise Mistake(f"{invocation.config} has no section [oab]: address books are not made here")
    module, settings = plan.directory
    return plan, module.Directory(settings)


def _generations(directory: Any) -> Sequence[Generation]:
    found: Sequence[Generation] = asyncio.run(directory.generations())
    return found


def _there(plan: Plan, generations: Sequence[Generation]) -> Iterator[Name]:
    """Yield what is there, a manifest behind all that it names."""
    assert plan.oab is not None  # noqa: S101 (looked at by _opened)
    known = sorted(dict.fromkeys(every_name(generations)), key=lambda name: name.kind == MANIFEST)
    of = {each.sequence: each for each in generations}
    return (name for name in known if is_there(plan.oab.folder, name, of[name.sequence]))


def _is_right(directory: Any, file: Path, generations: Sequence[Generation], name: Name) -> bool:
    try:
        return file.read_bytes() == content(directory, file.parent, generations, name)
    except FileNotFoundError:  # a manifest of a file that was not right
        return False


def _row(plan: Plan, directory: Any, last: Generation | None, book: AddressBook) -> dict[str, Any]:
    row: dict[str, Any] = {"book": book.name, "title": book.title, "guid": book.guid, "generation": None, "since": None}
    if last is None or not last.book(book.guid):
        return {**row, "entries": None, "bytes": None}
    assert plan.oab is not None  # noqa: S101 (looked at by _opened)
    full = files_of([last], last, book.guid)[0]
    file = plan.oab.folder / str(full)
    return {
        **row,
        "generation": last.sequence,
        "since": f"{datetime.fromtimestamp(last.taken, UTC):%Y-%m-%d %H:%M} UTC",
        "entries": sum(is_listed(book, each.address, each.site) for each in directory.listed(*(last.sequence,) * 2)),
        "bytes": file.stat().st_size if file.exists() else None,
    }
