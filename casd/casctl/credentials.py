"""The certificates and keys of an array of front ends with its mailbox servers, in one folder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from casd.casctl.authority import CLIENT, SERVER, Authority
from casd.files import settle, write_file


def make_credentials(
    folder: Path, organisation: str, front: Sequence[str], servers: Mapping[str, Sequence[str]], now: datetime
) -> list[str]:
    """Make what is missing or soon out of date; return its names.

    `front` are the names in the front door's certificate, `servers` maps each mailbox server to the names in its own.
    Made are the authority (`ca`), `front`, `client` (by which front ends prove themselves to servers) and one
    certificate for each server, each with its key; `keys/SERVER.key` for the hand-over; `array.secret` for cookies.
    """
    (folder / "keys").mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = Authority(folder, f"casd of {organisation}, {now:%Y-%m-%d %H:%M}", now)
    made = [
        stem
        for stem, names, use in (
            ("front", front, SERVER),
            ("client", [front[0]], CLIENT),
            *((server, names, SERVER) for server, names in servers.items()),
        )
        if authority.issue(stem, names, use)
    ]
    made += [name for name in ("array.secret", *(f"keys/{server}.key" for server in servers)) if _secret(folder / name)]
    settle(folder / "keys")
    settle(folder)
    return made


def _secret(file: Path) -> bool:
    # Only what is missing: the other end holds the same secret.
    if file.exists():
        return False
    write_file(file, f"1 {secrets.token_hex(32)}\n".encode())
    return True
