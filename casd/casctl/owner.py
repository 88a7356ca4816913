"""For whom files are written: root writes as the user whose folder it is, because casd itself runs as that user."""

from __future__ import annotations

import os
from pathlib import Path

import click


def work_for_owner(folder: Path) -> None:
    """Go on as the owner of a folder, when root would put its own files there; a folder to be made is its parent's."""
    there = next(each for each in (folder, *folder.parents) if each.exists()).stat()
    if os.geteuid() == 0 and there.st_uid:
        os.setegid(there.st_gid)
        os.seteuid(there.st_uid)


def tell_owner(file: Path) -> None:
    """Say what is left to do, when nobody but root can read a file."""
    if file.stat().st_uid == 0:
        click.echo(f"only root can read {file}: if casd runs as another user, chown that user {file}", err=True)
