"""What offline address books cost: to make them, and to send them, beside nginx that sends the same files.

    python -m bench.oab build [ENTRIES]
    python -m bench.oab download [ENTRIES]

The first makes the books of two days, one in a hundred entries having changed, in the process that casd uses for that,
and prints its time, processor time and memory. The second has nginx and casd send the whole book by TLS in turns, each
on one core, and prints bytes a second and bytes a second of processor time, with the ratios of each pair of turns.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import UUID

from bench.estate import Ground, Party, Peer, ground, party
from bench.peers import casd as casd_peer
from bench.processes import LOAD, ROOT, wrapped
from casd.casctl.provision import provision
from casd.directory import sqlite
from casd.directory.sqlite_edit import edit
from casd.directory.sqlite_edit_mailboxes import default_legacy_dn, put_mailbox
from casd.model import Mailbox
from casd.oab import Settings
from casd.oab_book import EVERYBODY
from casd.oab_build import Outcome
from casd.oab_process import Process, Task

ENTRIES = 100_000
ROUNDS = 8
SECONDS = 3
CONNECTIONS = 4

NGINX = """
{user}worker_processes 1; daemon off; pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/nginx.log combined buffer=64k flush=1s; sendfile on; tcp_nopush on;
  keepalive_requests 1000000000;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {demo}/front.pem; ssl_certificate_key {demo}/front.key; ssl_protocols TLSv1.2 TLSv1.3;
    location /OAB/{guid}/ {{ alias {books}/; }}
  }}
}}
"""

SECTION = """
[oab]
folder = {books}
interval = 30 d
"""


def main(what: str = "build", entries: int = ENTRIES) -> None:
    """Measure one of both."""
    with TemporaryDirectory(prefix="casd-bench-oab-") as folder:
        if what == "build":
            build(Path(folder), entries)
        else:
            download(Path(folder), entries)


def build(folder: Path, entries: int) -> None:
    """Make the books of two days."""
    demo, books = folder / "demo", folder / "oab"
    provision(demo)
    fill(demo / "directory.sqlite", range(entries))
    began = spent()
    report(f"first, {entries} entries", made(demo, books), began)
    fill(demo / "directory.sqlite", range(0, entries, 100), "Changed")
    began = spent()
    report("next, 1 % changed", made(demo, books), began)
    for file in sorted(books.glob("*.lzx")):
        print(f"  {file.name}: {file.stat().st_size} bytes")


def fill(directory: Path, numbers: range, company: str = "Example Ltd") -> None:
    """Put people into a directory."""
    with edit(directory) as connection:
        for number in numbers:
            put_mailbox(connection, person(number, company))


def person(number: int, company: str) -> Mailbox:
    """Return somebody with everything that an address book tells."""
    guid = UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))
    address = f"first{number % 977}.last{number}@example.org"
    details = {
        "given_name": f"First{number % 977}",
        "surname": f"Last{number}",
        "title": ("Engineer", "Clerk", "Head of Sales")[number % 3],
        "department": f"Department {number % 40}",
        "company": company,
        "office": f"B{number % 9}.{number % 500}",
        "business_phone": f"+49 30 {number * 7919 % 10_000_000}",
        "mobile_phone": f"+49 170 {number * 104_729 % 10_000_000}",
    }
    new = Mailbox(guid, address, address, "DB01", f"Last{number}, First{number % 977}", details=details)
    return Mailbox(
        *(guid, address, address, "DB01", new.display_name, (f"l{number}@example.org",)),
        legacy_dn=default_legacy_dn("Example", new),
        details=details,
    )


def made(demo: Path, books: Path) -> Outcome:
    """Have books made by the process that casd uses for it."""
    settings = Settings(books, True, 0.0, 7 * 86400.0)
    return Process().run(
        Task("casd.directory.sqlite", sqlite.Settings(demo / "directory.sqlite"), settings, (EVERYBODY,))
    )


def report(what: str, outcome: Outcome, began: tuple[float, float]) -> None:
    """Print what has been spent on it since it began."""
    elapsed, cpu = (now - then for now, then in zip(spent(), began, strict=True))
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{what}: {len(outcome.made)} files in {elapsed:.1f} s, {cpu:.1f} s of processor time, at most {most:.0f} MiB",
        flush=True,
    )


def spent() -> tuple[float, float]:
    """Return the time, and the processor time of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), used.ru_utime + used.ru_stime


def download(folder: Path, entries: int) -> None:
    """Have both send the same file in turns."""
    books = folder / "oab"
    with ground(folder, 0) as here, serving(here, books, entries) as (nginx, casd):
        file = next(books.glob("*-data-1.lzx"))
        print(
            f"{file.stat().st_size} bytes, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s each", flush=True
        )
        ratios = []
        for _ in range(ROUNDS):
            turns = [turn(one, here, file.name) for one in (nginx, casd)]
            ratios.append([mine / theirs for theirs, mine in zip(*turns, strict=True)])
            for one, (rate, cost) in zip((nginx, casd), turns, strict=True):
                print(f"{one.name:6} {rate / 2**20:8.1f} MiB/s {cost / 2**20:8.1f} MiB for a second of processor time")
        for index, text in enumerate(("bytes a second", "bytes for a second of processor time")):
            print(f"casd / nginx, {text}: {median(ratio[index] for ratio in ratios):.2f} (median of pairs)")


@contextmanager
def serving(here: Ground, books: Path, entries: int) -> Iterator[tuple[Party, Party]]:
    """Run both, when the books have been made."""
    fill(here.demo / "directory.sqlite", range(entries))
    made(here.demo, books)
    books.chmod(0o755)
    peers = Peer("nginx", "nginx", partial(_nginx, books=books)), Peer("casd", "casd", partial(_casd, books=books))
    with party(peers[0], here) as nginx, party(peers[1], here) as casd:
        yield nginx, casd


def turn(one: Party, here: Ground, name: str) -> tuple[float, float]:
    """Return the bytes a second, and those for a second of processor time, of one turn."""
    url = f"https://localhost:{one.port}/OAB/{EVERYBODY.guid}/{name}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", f"Authorization: {here.authorization}", url]
    before = one.cpu
    said = subprocess.run(
        wrapped(command, LOAD), capture_output=True, check=True, env={**os.environ, **here.environment}
    ).stdout.decode()
    if "Non-2xx" in said:
        raise SystemExit(f"{one.name} does not send the file:\n{said}")
    found = re.search(r"requests in ([\d.]+)s, ([\d.]+)([KMGT]?)B read", said)
    assert found is not None
    size = float(found[2]) * 1024.0 ** " KMGT".index(found[3] or " ")
    return size / float(found[1]), size / (one.cpu - before)


def _nginx(here: Ground, port: int, books: Path) -> list[tuple[list[str], int]]:
    user = "user root; " if os.geteuid() == 0 else ""
    values = {"folder": here.folder, "demo": here.demo, "port": port, "guid": EVERYBODY.guid, "books": books}
    config = here.write("nginx.conf", NGINX.format(user=user, **values))
    return [(["nginx", "-c", str(config), "-e", f"{here.folder}/nginx.log"], port)]


def _casd(here: Ground, port: int, books: Path) -> list[tuple[list[str], int]]:
    ((command, _),) = casd_peer.commands(here, port, "casd", source=ROOT)
    ini = Path(command[-1])
    ini.write_text(ini.read_text() + SECTION.format(books=books))
    return [(list(command), port)]


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "build", int(sys.argv[2]) if sys.argv[2:] else ENTRIES)
