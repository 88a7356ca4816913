"""How fast the directory finds one mailbox among a million, and how much memory the reader takes.

    python bench/directory.py [MAILBOXES] [FOLDER]

makes the directory in FOLDER (kept, and used again by the next run) by importing a CSV file, then looks up mailboxes
at random in a fresh process. Prints p50 and p99 in microseconds, and the reader's peak resident memory.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from casd.casctl.mailbox_import import import_mailboxes
from casd.directory.sqlite import Directory, Settings
from casd.directory.sqlite_edit import create, edit
from casd.directory.sqlite_edit_topology import add_domain, put_database, put_server, put_site
from casd.model import Copy, Database, Endpoint, Server, Site

DATABASES = 50
LOOKUPS = 20_000
NAMES = UUID("5c0f9d1e-7d6a-4c55-9d0e-8a6b4b1f2c3d")


def main(mailboxes: int = 1_000_000, folder: Path = Path("/tmp/casd-bench-directory")) -> None:
    """Build once, then measure in a process that has built nothing."""
    file = folder / f"{mailboxes}.sqlite"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        build(file, mailboxes)
    print(f"{mailboxes} mailboxes, {file.stat().st_size / 2**20:.0f} MiB on disk", flush=True)
    subprocess.run([sys.executable, __file__, "--measure", str(mailboxes), str(file)], check=True)


def build(file: Path, mailboxes: int) -> None:
    """Import that many mailboxes with two proxy addresses each."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    create(new, "Bench")
    with edit(new) as connection:
        add_domain(connection, "example.org")
        put_site(connection, Site("Main", "mail.example.org"))
        put_server(connection, Server("mbx1", "Main", endpoints={"http": Endpoint("127.0.0.1", 1)}, pin="00"))
        for number in range(DATABASES):
            put_database(
                connection, Database(f"DB{number:02}", uuid5(NAMES, f"DB{number}"), "mbx1", 1, (Copy("mbx1"),))
            )
    begun = time.monotonic()
    counts = import_mailboxes(lambda: edit(new), rows(mailboxes), print)
    seconds = time.monotonic() - begun
    print(f"imported {counts['added']} in {seconds:.0f} s, {mailboxes / seconds:.0f} a second", flush=True)
    new.rename(file)


def rows(mailboxes: int) -> Iterator[str]:
    """Yield the lines of the CSV file, in an order that is no order."""
    yield "address,database,display_name,upn,proxy_addresses,guid\n"
    for number in random.Random(1).sample(range(mailboxes), mailboxes):
        database = f"DB{number % DATABASES:02}"
        proxies = f"u{number}.family@example.org alias-{number}@example.org"
        upn = f"u{number}@corp.local"
        yield f"user{number}@example.org,{database},User {number},{upn},{proxies},{uuid5(NAMES, str(number))}\n"


def measure(mailboxes: int, file: Path) -> None:
    """Look mailboxes up at random; print what it took."""
    file.chmod(0o600)
    directory = Directory(Settings(file))
    asks: dict[str, Callable[[int], Awaitable[Any]]] = {
        "by_login (UPN)": lambda n: directory.by_login(f"u{n}@corp.local"),
        "by_login (address)": lambda n: directory.by_login(f"User{n}@Example.org"),
        "by_address (proxy)": lambda n: directory.by_address(f"alias-{n}@example.org"),
        "by_guid": lambda n: directory.by_guid(uuid5(NAMES, str(n)), "example.org"),
        "by_address (nobody)": lambda n: directory.by_address(f"nobody{n}@example.org"),
        "changed": lambda _: directory.changed(),
    }
    for name, ask in asks.items():
        elapsed, busy = asyncio.run(timed(ask, mailboxes, nobody="nobody" in name))
        print(f"{name:20}  {quantiles(elapsed)}   of the processor: {quantiles(busy)}")
    print(f"peak memory of the reader: {peak_memory():.0f} MiB")


async def timed(
    ask: Callable[[int], Awaitable[Any]], mailboxes: int, *, nobody: bool
) -> tuple[list[float], list[float]]:
    """Return the seconds of each of many look-ups: by the clock, and of the processor alone."""
    elapsed, busy = [], []
    for number in random.choices(range(mailboxes), k=LOOKUPS):
        begun, used = time.perf_counter(), time.thread_time()
        found = await ask(number)
        busy.append(time.thread_time() - used)
        elapsed.append(time.perf_counter() - begun)
        if (found is None) != nobody:
            raise AssertionError(f"{number}: {found}")
    return elapsed, busy


def peak_memory() -> float:
    """Return the most memory this process had resident, in MiB (ru_maxrss would count its starter's too)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def quantiles(seconds: list[float]) -> str:
    """Return p50 and p99 in microseconds."""
    ordered = sorted(seconds)
    return "p50 {:4.0f}  p99 {:4.0f} us".format(*(ordered[int(len(ordered) * part)] * 1e6 for part in (0.5, 0.99)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(*(kind(word) for kind, word in zip((int, Path), sys.argv[1:], strict=False)))
