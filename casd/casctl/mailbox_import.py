"""The import of mailboxes from CSV: in batches, each row by itself, again and again without harm."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from attrs import evolve

from casd.casctl.switches import parse_switch
from casd.config import boolean
from casd.directory.addresses import normal_address
from casd.directory.sqlite_edit import Mistake
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn, put_mailbox, set_password
from casd.directory.sqlite_mailboxes import by_address, by_guid, password_of
from casd.directory.sqlite_topology import read_topology
from casd.model import DETAILS, Mailbox, Recipient

_BATCH = 5000
"""Rows in one transaction: an interruption costs at most so many."""


_UNREADABLE = re.compile("[\ud800-\udfff]")
"""What stands for bytes that are not UTF-8."""

_NOT_UTF_8 = "it is not in UTF-8: save the file as CSV in UTF-8"


def _words(cell: str) -> list[str]:
    return [word for word in re.split(r"[\s;,]+", cell) if word]


COLUMNS: Mapping[str, Callable[[str], Any]] = {
    "address": str,
    "database": str,
    "display_name": str,
    "upn": str,
    "proxy_addresses": lambda cell: tuple(sorted(set(_words(cell)))),  # in the order in which they are read back
    "switches": lambda cell: {name: on for name, on in map(parse_switch, _words(cell)) if on is not None},
    "guid": lambda cell: UUID(cell) if cell else None,
    "legacy_dn": str,
    "hidden": lambda cell: boolean(cell or "no", Path()),
    "password_hash": str,
    "kind": lambda cell: Recipient(cell or "user"),
    "address_book": str,
    **dict.fromkeys(DETAILS, str),
}
"""Column -> what turns a cell into a value; ValueError when it cannot. The first two must be there."""


def import_mailboxes(
    edit: Callable[[], AbstractContextManager[sqlite3.Connection]],
    lines: Iterable[str],
    complain: Callable[[int, str], None],
) -> Counter[str]:
    """Add or change the mailboxes of a CSV file; return how many rows were added, changed, unchanged, bad.

    `edit` opens one transaction; `complain(line number, text)` is told of each row that is left out.
    """
    counts = Counter(added=0, changed=0, unchanged=0, bad=0)
    reader = csv.reader(lines)
    rows = _numbered(reader)
    columns = _columns(next(rows, (1, []))[1])
    while batch := list(islice(rows, _BATCH)):
        with edit() as connection:
            organisation = read_topology(connection).organisation
            for line, cells in batch:
                try:
                    with _savepoint(connection):
                        counts[_put(connection, _values(columns, cells), organisation)] += 1
                except (Mistake, ValueError) as error:
                    counts["bad"] += 1
                    complain(line, str(error))
    return counts


def _columns(names: list[str]) -> list[str]:
    columns = [name.strip("\ufeff ").lower() for name in names]  # spreadsheets put a mark in front
    for column in columns:
        if _UNREADABLE.search(column):
            raise Mistake(f"line 1: {_NOT_UTF_8}")
        if ";" in column or "\t" in column:
            raise Mistake("line 1: commas must separate the columns, no semicolons or tabs: save it as such a CSV")
        if column not in COLUMNS:
            near = get_close_matches(column, COLUMNS, 1) or COLUMNS
            raise Mistake(f"line 1: unknown column {column!r}: use {', '.join(near)}")
    if not {"address", "database"} <= set(columns):
        raise Mistake("line 1: it must name the columns, address and database among them")
    return columns


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        said = f"line {reader.line_num}: {error}; is this CSV, and is a quotation mark left open above?"
        raise Mistake(said) from None


def _values(columns: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(columns):
        raise Mistake(f"it does not have the {len(columns)} cells that line 1 names")
    if _UNREADABLE.search("".join(cells)):
        raise Mistake(_NOT_UTF_8)
    return {column: COLUMNS[column](cell.strip()) for column, cell in zip(columns, cells, strict=True)}


def _put(connection: sqlite3.Connection, values: dict[str, Any], organisation: str) -> str:
    """Add or change one mailbox; return which."""
    guid, encoded = values.pop("guid", None), values.pop("password_hash", "")
    details = {word: values.pop(word) for word in DETAILS if word in values}
    before = by_guid(connection, guid) if guid else _by_primary(connection, values["address"])
    mailbox = evolve(before or Mailbox(guid or uuid4(), "", "", ""), **values)
    mailbox = evolve(
        mailbox,
        details={word: text for word, text in {**mailbox.details, **details}.items() if text},
        upn=mailbox.upn or mailbox.address,
        legacy_dn=mailbox.legacy_dn or default_legacy_dn(organisation, mailbox),
    )
    outcome = "added" if before is None else "unchanged" if before == mailbox else "changed"
    if outcome != "unchanged":
        put_mailbox(connection, mailbox)
    if encoded and _put_hash(connection, mailbox, encoded) and outcome == "unchanged":
        return "changed"
    return outcome


def _by_primary(connection: sqlite3.Connection, address: str) -> Mailbox | None:
    # The holder of this as a proxy address is another mailbox, which `put_mailbox` will name.
    found = by_address(connection, address)
    return found if found and normal_address(found.address) == normal_address(address) else None


def _put_hash(connection: sqlite3.Connection, mailbox: Mailbox, encoded: str) -> bool:
    held = password_of(connection, mailbox.guid)
    if held and held.hash == encoded:
        return False
    set_password(connection, mailbox.guid, encoded, datetime.now(UTC))
    return True


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("SAVEPOINT entry")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK TO entry")
        raise
    finally:
        connection.execute("RELEASE entry")
