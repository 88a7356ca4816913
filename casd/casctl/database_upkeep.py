"""`casctl database verify`, `backup`, `repair`, `reindex`: what keeps mailbox databases sound."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from casd.casctl.answer import counted, done
from casd.casctl.database_files import FILE, folder_of, opened
from casd.casctl.invocation import Down, Invocation, Verb
from casd.casctl.owner import work_for_owner
from casd.casctl.progress import bar
from casd.directory.sqlite_edit import Mistake
from casd.files import settle
from casd.mailbox.store.checks import checks
from casd.mailbox.store.errors import AlreadyMounted
from casd.mailbox.store.lock import Lock, holder
from casd.mailbox.store.replacing import finish, replace
from casd.mailbox.store.salvage import salvage
from casd.mailbox.store.schema import STEPS

Ask = Callable[[str, str], dict[str, Any]]
"""(method, target) to what the active copy's server answers."""

_PAGES = 2048
"""Pages that are copied at a time."""

_PAUSE = 0.5
"""Seconds between two looks at how far a server is."""


@click.command("verify", cls=Verb)
@click.argument("name")
@click.option("--deep", is_flag=True, help="Also read each index of words whole; deliveries wait meanwhile.")
@click.pass_obj
def verify(invocation: Invocation, name: str, *, deep: bool) -> None:
    """Check the database NAME, on the machine of its server; it may be in use. NAME may be its folder."""
    file = folder_of(invocation, name) / FILE
    problems = _problems(file, deep=deep)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        words_only = all(problem.startswith("the index") for problem in problems)
        remedy = "reindex" if words_only else "dismount, then repair"
        raise Mistake(f"{file} is not sound: casctl database {remedy} {name}")
    done(invocation, f"{file} is sound", file=str(file), problems=0)


@click.command("backup", cls=Verb)
@click.argument("name")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--verify", "verified", is_flag=True, help="Check the copy afterwards.")
@click.pass_obj
def backup(invocation: Invocation, name: str, target: Path, *, verified: bool) -> None:
    """Copy the database NAME, as it is at one moment, to the new file TARGET; it may be in use.

    To restore, dismount it, put TARGET in its folder as mailboxes.sqlite, remove what is beside it with -wal and
    -shm at its end, and mount it.
    """
    file = folder_of(invocation, name) / FILE
    if target.exists():
        raise Mistake(f"{target} exists: name another file, or move it away")
    if not target.parent.is_dir():
        raise Mistake(f"there is no folder {target.parent}: make it, or name another")
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        _copy(file, part)
    except sqlite3.Error as error:
        raise Down(f"{file} could not be copied: {error}; casctl database verify {name} tells more") from error
    part.rename(target)
    settle(target.parent)
    if verified and (problems := _problems(target, deep=True)):
        raise Mistake(f"{target} is not sound: {problems[0]}")
    done(invocation, f"{name} is copied to {target}", file=str(target), size=target.stat().st_size)


@click.command("repair", cls=Verb)
@click.argument("name")
@click.pass_obj
def repair(invocation: Invocation, name: str) -> None:
    """Make the database NAME anew of all that can be read of it; it must be dismounted. The old file is kept."""
    folder = folder_of(invocation, name)
    work_for_owner(folder)
    try:
        lock = Lock.take(folder, holder(folder) or "")
    except AlreadyMounted as error:
        raise Mistake(f"{error}: first casctl database dismount {name}") from None
    file, new = folder / FILE, folder / f"{FILE}.new"
    try:
        finish(file)  # what an earlier repair was interrupted in
        with bar("repairing") as (total, step):
            found = salvage(file, new, total, step)
        old = replace(file, new)
    finally:
        lock.release(forget=False)
    items, lost = counted(found.items, "item"), counted(found.lost, "row")
    text = f"{name} holds {items} again; {lost} could not be read; the old file is {old}"
    done(invocation, text, items=found.items, lost=found.lost, old=str(old))


def reindexed(invocation: Invocation, name: str, ask: Ask) -> None:
    """Have a server make the indexes of a database anew, and show how far it is until it is done."""
    target = "/casd/reindex"
    state = ask("POST", target)
    with bar("reindexing") as (total, step):
        shown = 0
        while state["running"]:
            total(state["total"])
            step(state["done"] - shown)
            shown = state["done"]
            time.sleep(_PAUSE)
            state = ask("GET", target)
    if state["failure"]:
        raise Mistake(f"{name}: {state['failure']}; casctl database verify {name} tells more")
    done(invocation, f"{name}: indexed {counted(state['done'], 'item')}", name=name, items=state["done"])


def _problems(file: Path, *, deep: bool) -> list[str]:
    with closing(opened(file, "rw" if deep else "ro")) as connection:
        try:
            _check_version(connection, file)
            listed = checks(connection, deep=deep)
            with bar("verifying") as (total, step):
                total(len(listed))
                found: list[str] = []
                for check in listed:
                    found += check.run()
                    step(1)
        except sqlite3.DatabaseError as error:
            return [f"{file}: {error}"]
    return found


def _check_version(connection: sqlite3.Connection, file: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != len(STEPS):
        advice = "have its server restarted, or mount it" if version < len(STEPS) else "upgrade casd"
        raise Mistake(f"{file} has version {version}, this casd checks version {len(STEPS)}: {advice}")


def _copy(file: Path, target: Path) -> None:
    with closing(opened(file)) as source, closing(sqlite3.connect(target)) as copy, bar("copying") as (total, step):
        source.execute("BEGIN")  # one moment for all of it; else each write meanwhile would begin the copy anew
        source.execute("SELECT count(*) FROM mailbox").fetchone()
        left = [0]

        def tell(_status: int, remaining: int, pages: int) -> None:
            total(pages)
            step(pages - remaining - left[0])
            left[0] = pages - remaining

        source.backup(copy, pages=_PAGES, progress=tell)
        copy.execute("PRAGMA journal_mode = DELETE")  # so that it is one file
