"""What the store of the Mailbox role does in a second and in a moment, with mailboxes of realistic size.

    python -m bench.store FOLDER                    # one mailbox of 100,000 messages
    python -m bench.store FOLDER --mailboxes 10     # and nine more beside it

The mailboxes are made in FOLDER and kept for the next time. Times of lists and searches are those of a request at the
server, from the reactor to a reading thread and back; each keystroke of a search finds and marks the first page anew.
Deliveries come in at a front end's /casd/submit, on connections that are kept, and are on the disk when answered.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count, islice
from pathlib import Path
from random import Random
from time import perf_counter, thread_time
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import click
from attrs import define, field
from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.internet.task import deferLater, react

from bench.figures import percentile
from bench.mailboxes import fill, sample
from bench.mails import Mails
from bench.posting import Poster
from bench.processes import CORES, process
from casd.directory.sqlite_mailboxes import by_login
from casd.mailbox.store.database import MailboxDatabase
from casd.mailbox.store.mailbox import MailboxStore
from casd.mailbox.store.query import And, Compare, Operator, Page, Search
from casd.mailbox.store.values import Kind
from casd.net.handover import read_keys
from casd.testing import layout

_USER = "alice@example.org"
_PAGE = 50
_MAIL = Compare("kind", Operator.EQUAL, Kind.MAIL)
_AT_ONCE = 32
"""Messages that are on their way in at a time."""


@define
class Times:
    """How long something took, again and again, and what it cost its own thread, in milliseconds.

    On a shared machine the first is also what others do; the second is not.
    """

    name: str
    goal: float = 0.0
    taken: list[float] = field(factory=list)
    used: list[float] = field(factory=list)

    async def time(self, run: Callable[[Callable[[], Any]], Awaitable[Any]], what: Callable[[], Any]) -> Any:
        """Have something done once, by what has functions done in a thread."""

        def watched() -> Any:
            begin = thread_time()
            result = what()
            self.used.append((thread_time() - begin) * 1000)
            return result

        begin = perf_counter()
        result = await run(watched)
        self.taken.append((perf_counter() - begin) * 1000)
        return result

    def tell(self) -> None:
        """Print it."""
        if not self.taken:
            return
        taken, used = ([percentile(each, share) for share in (0.5, 0.99)] for each in (self.taken, self.used or [0.0]))
        goal = f", at most {self.goal:g}" if self.goal else ""
        click.echo(f"{self.name} ({len(self.taken)} times{goal})")
        click.echo(
            f"    p50 {taken[0]:.1f} ms, p99 {taken[1]:.1f} ms; CPU time p50 {used[0]:.1f} ms, p99 {used[1]:.1f} ms"
        )


@define
class Reader:
    """What a person does in a mailbox: turn pages, search."""

    database: MailboxDatabase
    mailbox: MailboxStore
    random: Random = field(factory=lambda: Random(1))

    async def page(self, times: Times) -> None:
        """Show one page of a folder, mostly one of the first."""
        folder = self.mailbox.folders.distinguished(self.random.choice(("inbox", "inbox", "sentitems")))
        offset = int(folder.total * self.random.random() ** 4) // _PAGE * _PAGE
        find = partial(self.mailbox.items.find, [folder.id], And((_MAIL,)), page=Page(_PAGE, offset))
        await times.time(self.database.read, find)

    async def search(self, words: str, times: Times) -> None:
        """Type words, and look at the first page after each letter."""
        inbox = self.mailbox.folders.distinguished("inbox").id
        for length in range(1, len(words) + 1):
            await times.time(self.database.read, partial(self._found, inbox, words[:length]))

    def _found(self, folder: str, text: str) -> None:
        page = self.mailbox.items.find([folder], And((_MAIL, Search(text))), page=Page(_PAGE))
        self.mailbox.items.marked(text, [item.id for item in page.items])

    def queries(self, number: int) -> list[str]:
        """Return what a person might look for: one to three words that stand in one message, or who wrote it."""
        found = []
        for text in sample(self.mailbox, "inbox", number):
            words = [word.strip(".,:>") for word in text.split() if word.isalnum()] or ["meeting"]
            sender = f"from:{self.random.choice(words)} {self.random.choice(words)}"
            several = " ".join(self.random.sample(words, min(len(words), self.random.choice((1, 1, 2, 3)))))
            found.append(self.random.choice((several, several, several, sender)))
        return found


async def look(folder: Path, guid: str, rounds: int, reactor: Any) -> None:
    """Measure lists and searches, alone and beside deliveries."""
    database = MailboxDatabase.mount(folder, folder.name, "mbx1", reactor)
    mailbox = await database.open(guid, _USER, "Alice")
    reader = Reader(database, mailbox)
    for beside, name in ((0, ""), (300, ", beside 300 deliveries a second")):
        lists, searches = Times(f"a page of {_PAGE}{name}", 20), Times(f"a keystroke of a search{name}", 50)
        posting = _trickle(database, mailbox, beside, reactor)
        for _ in range(rounds):
            await reader.page(lists)
        for words in reader.queries(max(1, rounds // 10)):
            await reader.search(words, searches)
        await posting()
        lists.tell()
        searches.tell()
    await database.dismount(forget=False)


def _trickle(
    database: MailboxDatabase, mailbox: MailboxStore, rate: int, reactor: Any
) -> Callable[[], Awaitable[None]]:
    """Deliver so many messages a second, as far as they can be taken, until what is returned is called."""
    going = [rate > 0]
    times = Times("a delivery meanwhile")

    async def post() -> None:
        mails = Mails(3).to(_USER, 1_000_000)
        waiting = DeferredSemaphore(_AT_ONCE)
        begin = reactor.seconds()
        for number in count():
            if not going[0]:
                break
            await waiting.acquire()
            done = Deferred.fromCoroutine(times.time(database.run, partial(mailbox.deliver, next(mails).content)))
            done.addBoth(lambda _: waiting.release())
            await deferLater(reactor, max(0.0, begin + number / rate - reactor.seconds()))
        for _ in range(_AT_ONCE):
            await waiting.acquire()
        if times.taken:
            click.echo(f"{len(times.taken) / (reactor.seconds() - begin):.0f} deliveries a second meanwhile")
        times.tell()

    posted = Deferred.fromCoroutine(post())

    async def end() -> None:
        going[0] = False
        await posted

    return end


async def deliver(place: Path, front: str, messages: int, reactor: Any) -> None:
    """Measure deliveries through the front end."""
    authority = (place / "demo" / "ca.pem").read_text(encoding="ascii")
    poster = Poster(front, authority, read_keys(place / "demo" / "keys" / "mbx1.key"), reactor)
    mails = islice(Mails(2).to(_USER, messages), messages)
    times = Times(f"a delivery, {_AT_ONCE} at once")

    async def post() -> None:
        for mail in mails:
            await times.time(lambda _: poster("bob@example.org", [_USER], mail.content), lambda: None)  # noqa: B023

    begin = perf_counter()
    await gatherResults([Deferred.fromCoroutine(post()) for _ in range(_AT_ONCE)])
    click.echo(f"{messages / (perf_counter() - begin):.0f} deliveries a second, each on the disk  (at least 300)")
    times.tell()


def _organisation(place: Path) -> tuple[Path, str]:
    """Return the ini of an organisation, made if there is none, and the URL of its front end."""
    ini = place / "cas.ini"
    if not ini.exists():
        place.mkdir(parents=True, exist_ok=True)
        ports = layout.free_ports("front", "plain", "admin", "mbx1", "mbx2")
        layout.make_demo(place, ports)
        layout.write_ini(ini, layout.front("front", ports) | layout.mailbox_servers(ports))
    line = next(line for line in ini.read_text().splitlines() if line.startswith("front ="))
    return ini, line.partition("= ")[2]


@click.command()
@click.argument("place", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--messages", default=100_000, show_default=True, help="In each mailbox.")
@click.option("--mailboxes", default=1, show_default=True, help="Of that size in the database; one is measured.")
@click.option("--rounds", default=1000, show_default=True, help="Pages that are turned; a tenth as many searches.")
@click.option("--deliveries", default=3000, show_default=True)
def main(place: Path, messages: int, mailboxes: int, rounds: int, deliveries: int) -> None:
    """Measure the store of the Mailbox role."""
    ini, front = _organisation(place)
    with sqlite3.connect(place / "demo" / "directory.sqlite") as directory:
        alice = by_login(directory, _USER)
    assert alice is not None
    others = [f"user{number}@example.org" for number in range(1, mailboxes)]
    guids = {_USER: str(alice.guid), **{address: str(uuid5(NAMESPACE_DNS, address)) for address in others}}
    folder = place / "demo" / "databases" / "DB01"

    async def all_of_it(reactor: Any) -> None:
        await fill(folder, guids, messages, reactor)
        await look(folder, str(alice.guid), rounds, reactor)
        command = [str(Path(sys.executable).with_name("twistd")), "--nodaemon", "--pidfile", str(place / "pid")]
        port = int(front.rpartition(":")[2])
        with process([*command, "cas", "--config", str(ini)], port, CORES, place / "log"):
            await deliver(place, front, deliveries, reactor)

    react(lambda reactor: Deferred.fromCoroutine(all_of_it(reactor)))


if __name__ == "__main__":
    main()
