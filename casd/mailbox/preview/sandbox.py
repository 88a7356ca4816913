"""The walls around a process that reads a stranger's document: no network, no files but its own folder.

bubblewrap builds them best. Where it is missing, or the kernel forbids it what it needs, `unshare` takes the network
and the other processes out of reach. Where that is forbidden too, only the limits of `job` and the clock remain, and
the log says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

import casd
from casd.mailbox.preview.job import SCRATCH

CODE = Path(casd.__file__).parent
_SYSTEM = ("/usr", "/opt")
_LINKED = ("/bin", "/lib", "/lib64", "/sbin")
_SETTINGS = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "libreoffice", "localtime")
_SCRATCH_SIZE = 256 * 1024 * 1024
_NOBODY = "65534"

Wrap = Callable[[Sequence[str], Path], list[str]]


@frozen
class Sandbox:
    """One way to run a command with a folder of its own; `keeps` says what it is kept from, for the log."""

    name: str
    keeps: str
    wrap: Wrap


def _bubblewrap(command: Sequence[str], folder: Path) -> list[str]:
    own = [str(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, CODE)]
    links = [(name, Path(name)) for name in _LINKED]
    return [
        *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
        *("--uid", _NOBODY, "--gid", _NOBODY, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 (its)
        *(word for path in _SYSTEM for word in ("--ro-bind-try", path, path)),
        *(word for name, path in links if path.is_symlink() for word in ("--symlink", str(path.readlink()), name)),
        *(word for name, path in links if not path.is_symlink() for word in ("--ro-bind-try", name, name)),
        *(word for name in _SETTINGS for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")),
        *(word for path in dict.fromkeys(own) for word in ("--ro-bind-try", path, path)),
        *("--bind", str(folder), str(folder), "--chdir", str(folder)),
        *("--size", str(_SCRATCH_SIZE), "--tmpfs", str(folder / SCRATCH)),
        *("--", *command),
    ]


def _namespaces(command: Sequence[str], _folder: Path) -> list[str]:
    apart = ("--user", "--map-current-user", "--net", "--ipc", "--pid", "--fork", "--kill-child")
    return ["unshare", *apart, "--", *command]


def _bare(command: Sequence[str], _folder: Path) -> list[str]:
    return list(command)


SANDBOXES = (
    Sandbox("bubblewrap", "no network, no other process, no file but its own and the system's programs", _bubblewrap),
    Sandbox("unshare", "no network and no other process; it could read what this server may read", _namespaces),
    Sandbox("none", "limits of time and memory only: install bubblewrap, or allow user namespaces", _bare),
)
"""The best first; the last one always works."""


def choose(folder: Path, works: Callable[[list[str]], bool]) -> Sandbox:
    """Return the best way that works on this machine, which `works` finds out about a command with a folder."""
    probe = [shutil.which("true") or "/bin/true"]
    return next(each for each in SANDBOXES if each is SANDBOXES[-1] or works(each.wrap(probe, folder)))


def works_here(command: list[str]) -> bool:
    """Say whether a command can be run and ends well; blocks."""
    try:
        return subprocess.run(command, capture_output=True, timeout=10, check=False).returncode == 0  # noqa: S603 (ours)
    except (OSError, subprocess.TimeoutExpired):
        return False
