"""A mail organisation in this process: one front end, two mailbox servers, four users, on free ports.

    with running() as casd:
        casd.seed("alice", mails=20)
        assert casd.account("alice").inbox.total_count == 20

alice and bob are in DB01 (active on mbx1), carol and dave in DB02 (active on mbx2).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from twisted.internet.defer import maybeDeferred

from casd.casctl.main import main
from casd.casctl.provision import DOMAIN, SERVERS, USERS
from casd.directory.sqlite import Directory
from casd.mailbox.server import MailboxServer
from casd.mailbox.services import SERVICES
from casd.mailbox.store.mailbox import MailboxStore
from casd.plan import Plan, read_plan
from casd.tap import FrontService
from casd.testing import accounts, layout, seeding
from casd.testing.clock import Clock
from casd.testing.faults import Fault, Script
from casd.testing.operations import Operations, Rule
from casd.testing.thread import ReactorThread, reactor_thread

T = TypeVar("T")


@contextmanager
def running(folder: Path | None = None, settings: layout.Settings = layout.USUAL) -> Iterator[Organisation]:
    """Make an organisation in an empty folder, by default a temporary one, and serve it.

    `settings` stand in its configuration file beside the usual ones: section to key to value, where `mailbox` is the
    section of each mailbox server.
    """
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(TemporaryDirectory(prefix="casd-")))
        ports = layout.free_ports("front", "plain", "admin", *SERVERS)
        layout.make_demo(place, ports)
        sections = _impatient(layout.front("front", ports) | layout.mailbox_servers(ports))
        ini = layout.write_ini(place / "cas.ini", layout.with_settings(sections, settings))
        organisation = Organisation(read_plan(ini), stack.enter_context(reactor_thread()))
        stack.callback(organisation.close)
        organisation.open()
        yield organisation


def _impatient(sections: layout.Sections) -> layout.Sections:
    """Have nothing wait for long that a test has broken."""
    sections["cas"]["drain time"] = "0 s"
    sections["http"]["hold time"] = "2 s"
    for server in SERVERS:
        sections[f"mailbox:{server}"]["dismount time"] = "2 s"
    return sections


class Organisation:
    """What a test asks of the organisation, and does to it. All of it blocks; servers are named mbx1 and mbx2.

    `url` is where clients come in, `ews` one service of it; `ca` signed its certificate (PEM). Everyone in `users`
    has the same `password`; a user of the domain is named by the address, or by what stands before its @.
    `requests` are those that the mailbox servers have got, `clock` is what mailboxes go by.
    """

    def __init__(self, plan: Plan, thread: ReactorThread) -> None:
        demo = plan.file.parent / "demo"
        front = plan.doors["http"][1].listen[0]
        self.url = f"https://localhost:{front.port}"
        self.ews = f"{self.url}/ews/exchange.asmx"
        self.admin_url = f"http://{plan.admin.listen[0]}"
        self.ca = demo / "ca.pem"
        self.password = (demo / "password").read_text().strip()
        self.users = [f"{user}@{DOMAIN}" for user in USERS]
        self.clock = Clock()
        self._operations = Operations()
        self.requests = self._operations.requests
        self._plan = plan
        self._directory = Directory(plan.directory[1])
        self._thread = thread
        self._front: FrontService | None = None
        self._servers: dict[str, MailboxServer] = {}
        self._scripts = {name: Script(settings.keys) for name, (_, settings) in plan.mailboxes.items()}

    def open(self) -> None:
        """Serve, until `close`."""
        for server in SERVERS:
            self.start(server)
        self._thread.wait_for(self._open)

    def close(self) -> None:
        """Stop serving."""
        accounts.forget(self.ews)
        self._thread.wait_for(self._close)

    # The directory

    def casctl(self, *arguments: str) -> None:
        """Do what `casctl` does with these arguments; what it prints is printed, what it refuses is raised."""
        main([*arguments, "--config", str(self._plan.file)], standalone_mode=False)

    def add_user(self, address: str, database: str = "DB01") -> None:
        """Add a user with a mailbox in DB01 or DB02, and the common password."""
        layout.add_user(self._plan.directory[1].file, address, database, self.password)
        self.users.append(address)

    def move(self, database: str, server: str) -> None:
        """Move a database to the other server, as an operator does: its clients may go on."""
        self.casctl("database", "move", database, "--to", server)

    # The mailboxes

    def account(self, user: str) -> Any:
        """Return an `exchangelib.Account` that is signed in as a user."""
        return accounts.account(_address(user), self.password, self.ews, self.ca)

    def mail(self, user: str, subject: str = "Hello", *, folder: str = "inbox", **more: Any) -> None:
        """Have a message in a mailbox, delivered if it is for the inbox; `more` is what `seeding.Mail` takes."""
        mail = seeding.Mail(subject=subject, **more)
        self.within(user, lambda mailbox: seeding.put_mail(mailbox, mail, folder, self.clock.now))

    def seed(self, user: str, *, mails: int = 0, appointments: int = 0, contacts: int = 0, tasks: int = 0) -> None:
        """Have so many items in a mailbox: the same every time."""
        counts = {"mails": mails, "appointments": appointments, "contacts": contacts, "tasks": tasks}
        self.within(user, lambda mailbox: seeding.fill(mailbox, counts, self.clock.now))

    def within(self, user: str, work: Callable[[MailboxStore], T]) -> T:
        """Return what a function does with a user's mailbox as the server sees it, in one transaction."""
        found: T = self._thread.wait_for(self._within, _address(user), work)
        return found

    # The operations of EWS

    def script(self, operation: str, *, user: str = "", **what: Any) -> Rule:
        """Have something befall an operation (`*`: any), from now on; `what` is as `operations.Rule` takes it."""
        rule = Rule(operation=operation, user=_address(user) if user else "", **what)
        self._operations.rules.append(rule)
        return rule

    def unscript(self) -> None:
        """Have no operation meet anything any more."""
        self._operations.rules.clear()

    # The mailbox servers

    def stop(self, server: str) -> None:
        """Stop a mailbox server: what it has mounted cannot be reached."""
        self._thread.wait_for(self._stop, server)

    def start(self, server: str) -> None:
        """Start a mailbox server again: it mounts what it had."""
        self._thread.wait_for(self._start, server)

    def fail(self, server: str, fault: Fault | str, times: float = inf) -> None:
        """Have the next requests to a mailbox server meet a fault; `times` does not apply to `refuse`."""
        if fault == Fault.REFUSE:
            self._thread.wait_for(self._servers[server].shut)
        else:
            self._scripts[server].begin(Fault(fault), times)

    def heal(self, server: str) -> None:
        """Have a mailbox server work again, at once."""
        self._scripts[server].end()
        self._thread.wait_for(self._heal, server)

    # What happened

    @property
    def log(self) -> list[dict[str, Any]]:
        """The front end's line for each request that has ended, as a dict: user, path, status, server, why ..."""
        self._thread.wait_for(self._flush)
        return [json.loads(line) for line in self._plan.accesslog.file.read_text(encoding="utf-8").splitlines()]

    # In the reactor's thread

    async def _open(self) -> None:
        self._front = FrontService(self._plan, self._thread.reactor)
        self._front.startService()
        await self._front.ready

    async def _close(self) -> None:
        if self._front:
            await maybeDeferred(self._front.stopService)
        for server in list(self._servers):
            await self._stop(server)
        self._directory.close()

    async def _start(self, name: str) -> None:
        services = self._scripts[name].around(self._operations.around(SERVICES))
        settings = self._plan.mailboxes[name][1]
        server = MailboxServer(name, settings, self._thread.reactor, services, dates=self.clock)
        server.startService()
        await server.ready
        self._servers[name] = server
        self._trust(name)

    async def _stop(self, name: str) -> None:
        await self._servers.pop(name).stopService()

    async def _heal(self, name: str) -> None:
        server = self._servers[name]
        if not server.ports:
            await server.open()
        self._trust(name)

    async def _within(self, address: str, work: Callable[[MailboxStore], T]) -> T:
        mailbox = await self._directory.by_address(address)
        if mailbox is None:
            raise LookupError(f"there is no mailbox {address}: add_user makes one")
        for server in self._servers.values():
            if server.roster.serves(mailbox.database):
                with server.roster.use(mailbox.database) as database:
                    about = (str(mailbox.guid), mailbox.address, mailbox.display_name)
                    store = await database.run(database.mailbox, *about)
                    return await database.run(work, store)
        raise LookupError(f"{mailbox.database} is mounted nowhere: start its server first")

    async def _flush(self) -> None:
        assert self._front is not None  # noqa: S101 (while it is open)
        self._front.front.log.flush()

    def _trust(self, name: str) -> None:
        """Have the front end try a server again that it may have put aside."""
        for lane in self._front.front.pool.lanes if self._front else ():
            if lane.server.name == name:
                lane.breaker.good()


def _address(user: str) -> str:
    return user if "@" in user else f"{user}@{DOMAIN}"
