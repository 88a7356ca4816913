"""Bars on the terminal that show how far something is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # the type of click.progressbar() has no public name


@contextmanager
def watched_lines(file: Path) -> Iterator[Iterator[str]]:
    """Open a text file in UTF-8; what is not UTF-8 spoils its own line only, as lone surrogates."""
    size = file.stat().st_size
    hidden = not sys.stderr.isatty()
    with (
        file.open("rb") as lines,
        click.progressbar(
            length=size, label=file.name, file=sys.stderr, hidden=hidden, update_min_steps=size // 1000 + 1
        ) as bar,
    ):
        yield _watched(lines, bar)


@contextmanager
def bar(label: str) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """Show a bar; yield what is told how many steps there are, and how many more of them are done."""
    with click.progressbar(length=0, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:

        def total(steps: int) -> None:
            shown.length = steps

        yield total, shown.update


def _watched(lines: BinaryIO, bar: ProgressBar[int]) -> Iterator[str]:
    for line in lines:
        yield line.decode("utf-8", "surrogateescape")
        bar.update(len(line))
