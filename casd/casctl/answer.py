"""How casctl prints what it was asked for: for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import click

from casd.casctl.invocation import Invocation

_MEASURED = 200
"""Rows that decide how wide the columns are; a list may be far too long to hold."""


def plain(value: Any) -> Any:
    """Return a value made of what JSON knows."""
    if attrs.has(type(value)):
        return {field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(plain, value))
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, UUID | Path) else value


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show(invocation: Invocation, value: Any) -> None:
    """Print one thing, a property a line."""
    record = plain(value)
    if invocation.as_json:
        click.echo(json.dumps(record, indent=2, ensure_ascii=False))
        return
    width = max(map(len, record))
    for name, each in record.items():
        click.echo(f"{name.replace('_', ' '):{width}}  {_cell(each)}".rstrip())


def warn(text: str) -> None:
    """Tell of what was done all the same, and is perhaps not what was meant."""
    click.echo(f"Warning: {text}", err=True)


def table(invocation: Invocation, columns: Sequence[str], records: Iterable[Any]) -> None:
    """Print many things of one kind, one a line; JSON has all their properties."""
    if invocation.as_json:
        _array(records)
        return
    rows = ([_cell(plain(record)[column]) for column in columns] for record in records)
    for line in _aligned(chain([[column.replace("_", " ") for column in columns]], rows)):
        click.echo(line)


def done(invocation: Invocation, text: str, **record: Any) -> None:
    """Say that a change was made."""
    if invocation.as_json:
        click.echo(json.dumps(plain(record), ensure_ascii=False))
    else:
        click.echo(text)


def _array(records: Iterable[Any]) -> None:
    before = "[\n"
    for record in records:
        click.echo(before + json.dumps(plain(record), ensure_ascii=False), nl=False)
        before = ",\n"
    click.echo("[]" if before == "[\n" else "\n]")


def _aligned(rows: Iterator[Sequence[str]]) -> Iterator[str]:
    measured = list(islice(rows, _MEASURED))
    widths = [max(map(len, column)) for column in zip(*measured, strict=True)]
    for row in chain(measured, rows):
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        words = {True: "on", False: "off"}
        return " ".join(
            f"{name}={words[each] if each is True or each is False else each}" for name, each in value.items()
        )
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return "" if value is None else str(value)
