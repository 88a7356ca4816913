"""Processes that a measurement starts: how they begin, what they cost, and that they end with it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORES = sorted(os.sched_getaffinity(0))
PROXY = CORES[:1]
"""The core of whichever proxy is measured: all have exactly one, whatever threads they start."""

LOAD = CORES[1:] or CORES
"""The cores of the load and of the mailbox server's stand-in."""

_ENDING = 5.0


class Failed(Exception):
    """A process did not do what it was started for."""


def wrapped(command: Sequence[str], cores: Sequence[int]) -> list[str]:
    """Return a command that stays on some cores and is told to end when its starter dies, however that happens."""
    return ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", ",".join(map(str, cores)), *command]


@contextmanager
def process(
    command: Sequence[str], port: int, cores: Sequence[int], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a command until the end of the block, ready when its port takes connections; the value is its pid."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            wrapped(command, cores),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the one who measures, who then ends the others
            env={**os.environ, **(environment or {})},
        )
    try:
        _await(running, port, log)
        yield running.pid
    finally:
        end(running)


def _await(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if running.poll() is not None:
            break
        time.sleep(0.05)
    raise Failed(f"did not start\n{log.read_text(errors='replace')[-2000:]}")


def end(running: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    running.terminate()
    try:
        running.wait(_ENDING)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    for task in _tasks(pid):
        for child in _text(task / "children").split():
            yield from family(int(child))


def cpu(pids: Iterable[int]) -> float:
    """Return the processor time of all threads of these processes so far, user and system, in seconds."""
    return sum(int((_text(task / "schedstat") or "0").split()[0]) / 1e9 for pid in pids for task in _tasks(pid))


def memory(pids: Iterable[int]) -> int:
    """Return what these processes have resident, shared pages in proportion, in KiB."""
    rollups = (_text(Path(f"/proc/{pid}/smaps_rollup")) for pid in pids)
    return sum(int(line.split()[1]) for rollup in rollups for line in rollup.splitlines() if line.startswith("Pss:"))


def forget_peak(pids: Iterable[int]) -> None:
    """Let the most that these processes have resident count from now on."""
    for pid in pids:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pids: Iterable[int]) -> int:
    """Return the most that these processes had resident since, each at its own time, in KiB."""
    said = (re.search(r"VmHWM:\s+(\d+)", _text(Path(f"/proc/{pid}/status"))) for pid in pids)
    return sum(int(found[1]) for found in said if found)


def connections_to(port: int, pids: Iterable[int]) -> int:
    """Return how many established connections these processes have to a port of this machine."""
    sockets = {_link(file) for pid in pids for file in _folder(Path(f"/proc/{pid}/fd"))}
    rows = [line.split() for line in _text(Path("/proc/net/tcp")).splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" and f"socket:[{row[9]}]" in sockets for row in rows)


def busy_cores(before: list[int], after: list[int]) -> float:
    """Return how many cores were busy between two readings of `machine_time`."""
    spent = [later - earlier for earlier, later in zip(before, after, strict=True)]
    idle = spent[3] + spent[4]
    return len(CORES) * (1 - idle / max(1, sum(spent)))


def machine_time() -> list[int]:
    """Return the machine's processor time so far, in ticks: user, nice, system, idle, iowait, irq, softirq, steal."""
    return [int(word) for word in _text(Path("/proc/stat")).split("\n", 1)[0].split()[1:9]]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


def _tasks(pid: int) -> list[Path]:
    return _folder(Path(f"/proc/{pid}/task"))


def _folder(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError:
        return []  # it has ended


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""
