"""The command `casctl`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

import casd.casctl
from casd.casctl.invocation import Noun


class Nouns(Noun):
    """Every module beside this one that has a `command` is a subcommand: a new noun is one new file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all nouns."""
        return sorted(
            module.name for module in iter_modules(casd.casctl.__path__) if self.get_command(ctx, module.name)
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a noun's command, loading nothing but its own module."""
        if cmd_name not in {module.name for module in iter_modules(casd.casctl.__path__)}:
            return None
        command: click.Command | None = getattr(import_module(f"casd.casctl.{cmd_name}"), "command", None)
        return command


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="casd", message="%(prog)s %(version)s")
def main() -> None:
    """Read and change what casd knows.

    Exit status: 0 done; 1 refused, the message says what to do; 2 mistyped; 3 something is down, try again later.
    """
