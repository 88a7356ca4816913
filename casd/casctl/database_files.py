"""The files of mailbox databases, as casctl finds and opens them on the machine of their server."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from casd.casctl.invocation import Invocation
from casd.config import Ini
from casd.directory.sqlite_edit import Mistake
from casd.registry import module_of

FILE = "mailboxes.sqlite"


def folder_of(invocation: Invocation, name: str) -> Path:
    """Return the folder of a database, named by itself or as the servers' sections of the configuration know it."""
    given = Path(name)
    if (given / FILE).exists():
        return given
    tops = []
    for section in Ini.read(invocation.config).sections:
        if section.startswith("mailbox:"):
            module = module_of(section)
            tops.append(invocation.section(section, module.Settings).databases)  # type: ignore[union-attr]
    for folder in (top / name for top in tops):
        if (folder / FILE).exists():
            return Path(folder)
    looked = ", ".join(map(str, dict.fromkeys(tops))) or f"no section [mailbox:NAME] of {invocation.config}"
    raise Mistake(
        f"there is no database {name} in {looked}: run this on the machine of its server, with --config naming that"
        f" server's file, or give its folder in place of {name}"
    )


def opened(file: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a database beside the server that has it mounted."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=60)
