"""The front end that runs with a configuration, as casctl finds it: by its [admin] listener, and by process id."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path
from typing import Any

from casd.casctl.invocation import Down, Invocation
from casd.directory.sqlite_edit import Mistake
from casd.frontends import admin
from casd.model import Endpoint

_PATIENCE = 5
"""Seconds; the listener is on the same machine."""

_LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""


def status(invocation: Invocation) -> dict[str, Any]:
    """Return what the front end tells of itself."""
    return _ask(_listener(invocation))


def signal(invocation: Invocation, number: int) -> int:
    """Send a signal to the process that takes them, and return its process id."""
    listener = _listener(invocation)
    pid = int(_ask(listener)["pid"])
    try:
        if not _listens(pid, listener):
            raise Mistake(f"process {pid} is not the one that listens at {listener}: nothing was done")
        os.kill(pid, number)
    except PermissionError as error:
        raise Mistake(f"process {pid} is another user's: run this as that user, or as root") from error
    except OSError as error:
        raise Down(f"process {pid} is gone ({error})") from error
    return pid


def _listener(invocation: Invocation) -> Endpoint:
    listen: tuple[Endpoint, ...] = invocation.section("admin", admin.Settings).listen
    if not listen:
        raise Mistake("[admin] listen is empty: a front end tells of itself there, for example at 127.0.0.1:8444")
    return listen[0]


def _ask(listener: Endpoint) -> dict[str, Any]:
    connection = http.client.HTTPConnection(listener.host, listener.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/status")
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Down(f"no front end answers at {listener} ({error}): is it running? twistd cas --config FILE") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Down(f"{listener} answers {response.status}: is it the [admin] listener of this configuration?")
    answer: dict[str, Any] = json.loads(content)
    return answer


def _listens(pid: int, listener: Endpoint, proc: Path = Path("/proc")) -> bool:
    """Say whether a process listens at this port: whoever else does could name any process to us."""
    tables = [proc / str(pid) / "net" / name for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    wanted = {
        f"socket:[{row[9]}]"
        for row in rows
        if row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == listener.port
    }
    return any(_target(held) in wanted for held in (proc / str(pid) / "fd").iterdir())


def _target(held: Path) -> str:
    """Return what an open file is; it may have been closed meanwhile."""
    try:
        return str(held.readlink())
    except FileNotFoundError:
        return ""
