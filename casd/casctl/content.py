"""`casctl content`: what is in mailboxes, brought in from files and taken out into files."""

from __future__ import annotations

import sqlite3
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from attrs import evolve, frozen

from casd.casctl.answer import counted, done
from casd.casctl.content_entries import HOMES, Entry, entries, size_of
from casd.casctl.content_export import FORMATS, Export
from casd.casctl.control import Control
from casd.casctl.invocation import Invocation, Noun
from casd.casctl.progress import bar
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_mailboxes import by_login
from casd.directory.sqlite_topology import read_topology
from casd.model import Mailbox, Server
from casd.net import pool

_BATCH = 100
_ENOUGH = 8 << 20
"""Entries, or bytes, of one request: an interruption costs at most so much."""


@frozen
class Peer:
    """A mailbox, and the server that has it."""

    mailbox: Mailbox
    server: Server
    control: Control

    @classmethod
    def find(cls, invocation: Invocation, address: str) -> Peer:
        """Look an address up in the directory."""
        with invocation.read() as connection:
            mailbox, topology = _mailbox(connection, address), read_topology(connection)
        settings = invocation.section("pool", pool.Settings)
        control = Control(settings.certificate, settings.private_key, settings.keys)
        return cls(mailbox, topology.servers[topology.databases[mailbox.database].active], control)

    def ask(self, method: str, target: str, **body: Any) -> Any:
        """Return what the server answers."""
        return self.control.ask(self.server, method, target, self.mailbox.database, mailbox=self.mailbox, **body)


@click.group("content", cls=Noun)
def command() -> None:
    """What is in mailboxes."""


@command.command("import")
@click.argument("address")
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--folder", default="", help="Where it goes, for example Inbox/Old; folders of the source below it.")
@click.pass_obj
def import_(invocation: Invocation, address: str, sources: tuple[Path, ...], folder: str) -> None:
    """Bring SOURCES into the mailbox ADDRESS: mbox, Maildir, EML, iCalendar, vCard, PST, or folders of them.

    What was imported in the last 90 days is left out, so an import that was interrupted is repeated. Bad entries are
    named and left out.
    """
    peer, counts = Peer.find(invocation, address), Counter(imported=0, known=0, bad=0)
    with bar("importing") as (total, step):
        total(size_of(sources))
        for source in sources:
            for batch in _batches(_placed(entry, folder) for entry in entries(source)):
                for entry, outcome in _bring(peer, batch):
                    counts[outcome if outcome in counts else "bad"] += 1
                    if outcome not in counts:
                        click.echo(f"{source}: {entry.title}: {outcome}", err=True)
                step(sum(entry.size for entry in batch))
    done(invocation, ", ".join(f"{count} {what}" for what, count in counts.items()), **counts)
    if counts["bad"]:
        raise click.exceptions.Exit(1)


@command.command("export")
@click.argument("address")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="eml", show_default=True)
@click.pass_obj
def export(invocation: Invocation, address: str, target: Path, form: str) -> None:
    """Write all that is in the mailbox ADDRESS into the folder TARGET, a folder for each of its folders.

    Appointments and tasks are written as iCalendar, contacts as vCard. An export that was interrupted goes on where
    it was; one that is repeated adds what is new.
    """
    peer = Peer.find(invocation, address)
    folders = [folder for folder in peer.ask("GET", "/casd/folders") if folder["total"]]
    export = Export(target, FORMATS[form])
    with bar("exporting") as (total, step):
        total(sum(folder["total"] for folder in folders))
        for folder in folders:
            while items := peer.ask("GET", f"/casd/export?folder={folder['id']}&after={export.after(folder)}")["items"]:
                export.write(folder, items)
                step(len(items))
    done(invocation, f"wrote {counted(export.written, 'item')} to {target}", items=export.written, folder=str(target))


def _mailbox(connection: sqlite3.Connection, address: str) -> Mailbox:
    mailbox = by_login(connection, address)
    if mailbox is None:
        raise Mistake(f"there is no mailbox {address}: casctl mailbox list shows what there is")
    return mailbox


def _placed(entry: Entry, folder: str) -> Entry:
    """Say where an entry goes."""
    path = f"{folder}/{entry.folder}".strip("/")
    return evolve(entry, folder=path or HOMES[entry.kind])


def _batches(found: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in found:
        batch.append(entry)
        if len(batch) == _BATCH or sum(len(each.content) for each in batch) > _ENOUGH:
            yield batch
            batch = []
    if batch:
        yield batch


def _bring(peer: Peer, batch: list[Entry]) -> Iterator[tuple[Entry, str]]:
    """Send what the server does not know yet; yield each entry with what became of it."""
    known = set(peer.ask("POST", "/casd/import", digests=[entry.digest for entry in batch])["known"])
    new = [entry for entry in batch if entry.digest not in known]
    yield from ((entry, "known") for entry in batch if entry.digest in known)
    if new:
        outcomes = peer.ask("POST", "/casd/import", items=list(map(_record, new)))["outcomes"]
        yield from zip(new, outcomes, strict=True)


def _record(entry: Entry) -> dict[str, Any]:
    return {
        "digest": entry.digest,
        "folder": entry.folder,
        "kind": entry.kind,
        "content": b64encode(entry.content).decode("ascii"),
        "received": entry.received,
        "read": entry.read,
        "flagged": entry.flagged,
    }
