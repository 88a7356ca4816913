"""What every subcommand can be told, with the directory and the way of answering that follow from it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from attrs import define, frozen
from click.core import ParameterSource

from casd.config import BadConfiguration, Ini, key, path
from casd.directory import sqlite, sqlite_edit
from casd.directory.sqlite_edit import Mistake
from casd.model import DirectoryDown

S = TypeVar("S")

_PATIENCE = 5.0
"""Seconds to wait for a locked file while somebody looks at the terminal."""


class Down(click.ClickException):
    """Something that must answer does not, or a step could not be done: the same command may work later."""

    exit_code = 3


@frozen
class DirectoryFile:
    """Section `[sqlite]` as casctl reads it: the file need not be there yet."""

    file: Path = key(path, doc="the SQLite file that casctl writes")


@define
class Invocation:
    """The options that every subcommand takes."""

    config: Path = Path("etc/cas.ini")
    as_json: bool = False

    def section(self, name: str, settings: type[S]) -> S:
        """Return one section of the configuration; `BadConfiguration` when it is wrong."""
        ini = Ini.read(self.config)
        if name not in ini.sections:
            raise Mistake(f"{self.config} has no section [{name}]: add it, or name another file with --config")
        value = ini.take(name, settings)
        if value is None:
            raise BadConfiguration(ini.problems)
        return value

    @property
    def directory(self) -> Path:
        """The directory's file."""
        return self.section("sqlite", DirectoryFile).file

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open the directory for reading."""
        file = self._existing(os.R_OK)
        try:
            with closing(sqlite.connect(file, "ro", _PATIENCE)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise DirectoryDown(f"{file}: {error}") from error

    def edit(self) -> AbstractContextManager[sqlite3.Connection]:
        """Open the directory for one change."""
        return sqlite_edit.edit(self._existing(os.W_OK))

    def _existing(self, mode: int) -> Path:
        file = self.directory
        if not file.exists():
            raise Mistake(f"there is no {file}: casctl organisation init NAME makes it, or correct [sqlite] file")
        if not os.access(file, mode):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
        return file


def _set(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    invocation = ctx.ensure_object(Invocation)
    if value:  # what was said before the noun holds, unless it is said again
        setattr(invocation, str(parameter.name), value)


OPTIONS = (
    click.Option(
        ["--config"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        is_eager=True,
        callback=_set,
        help=f"The configuration file.  [default: {Invocation().config}]",
    ),
    click.Option(
        ["--json", "as_json"], is_flag=True, expose_value=False, is_eager=True, callback=_set, help="Answer in JSON."
    ),
)
"""They may stand anywhere on the command line."""


class Verb(click.Command):
    """A subcommand that says in words what went wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(OPTIONS)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; what it cannot do ends it with a message and a status."""
        self._refuse_nothing(ctx)
        try:
            return super().invoke(ctx)
        except (Mistake, BadConfiguration) as error:
            raise click.ClickException(str(error)) from error
        except DirectoryDown as error:
            raise Down(str(error)) from error
        except PermissionError as error:
            said = f"{error.filename}: {error.strerror}; run this as the user that casd runs as, or as root"
            raise click.ClickException(said) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever reads has read enough, as `head`: click ends in silence then
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error

    def _refuse_nothing(self, ctx: click.Context) -> None:
        """Refuse a `set` that says nothing: it would answer that something was changed."""
        choices = [option for option in self.params if isinstance(option, click.Option) and option.expose_value]
        if self.name == "set" and not any(
            ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE for option in choices
        ):
            raise click.UsageError(f"say what to change: {', '.join(option.opts[0] for option in choices)}", ctx)


class Noun(click.Group):
    """A group of subcommands about one thing."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(OPTIONS)
