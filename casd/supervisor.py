"""The process that starts the workers: it keeps the sockets, reads signals, and never meets a reactor or a client."""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO, cast

from twisted.logger import Logger, textFileLogObserver

from casd.certificates import BadCertificate
from casd.config import BadConfiguration
from casd.crew import MAILBOX, Crew, name_of
from casd.listening import Listening
from casd.model import Endpoint
from casd.net import tether
from casd.net.shown import Shown
from casd.net.systemd import inherited_sockets, notify
from casd.net.tether import Tether
from casd.plan import Plan, read_plan

UPGRADE = "CASD_UPGRADE"
"""What a process is told that is started by an upgrade: `rehearse`, or whom and what it takes over."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)


def supervise(plan: Plan, upgrade: str = "", pidfile: Path | None = None) -> tuple[Tether, Plan]:
    """Start workers and care for them; returns in each of them, with the plan of the day, and nowhere else."""
    supervisor = Supervisor(plan, upgrade, pidfile)
    return supervisor.run(), supervisor.plan


def sockets_of(plan: Plan) -> dict[Endpoint, int]:
    """Return the addresses with the number of their sockets: one a worker; the operator's have one for all.

    Who asks what is wrong is to be answered by a worker that is well, not to wait for the one that hangs.
    """
    operators = plan.admin.listen if plan.admin else ()
    return dict.fromkeys(plan.addresses, plan.workers) | dict.fromkeys(operators, 1)


class Supervisor:
    """Carries out what `Crew` decides."""

    def __init__(
        self,
        plan: Plan,
        upgrade: str = "",
        pidfile: Path | None = None,
        now: Callable[[], float] = time.monotonic,
        log: Logger | None = None,
    ) -> None:
        self.plan = plan
        self.crew = Crew(plan.workers, mailbox=bool(plan.mailboxes), hang_time=plan.hang_time)
        self.lines: dict[int, socket.socket] = {}
        self._pidfile = pidfile
        self._now = now
        self._log = log or Logger(observer=textFileLogObserver(cast(TextIO, sys.__stdout__)))
        self._shown = Shown(plan.tls)  # before any worker: in it live the keys under which clients hold tickets
        self._listening = Listening({} if upgrade else inherited_sockets())
        self._given: dict[int, set[socket.socket]] = {}
        self._reloading: set[int] = set()
        self._rehearsal = 0
        self._announced = False
        self._ended_by = 0
        if upgrade:
            self._take_over(json.loads(upgrade))

    def run(self) -> Tether:
        """Start, watch, end; returns in a worker."""
        try:
            self._listening.open(sockets_of(self.plan))
        except OSError as error:
            self._log.critical("cannot start: {error}", error=error.strerror)
            if not self.crew.members:  # who was taken over by an upgrade goes on, until a good file is read
                sys.exit(1)
        if self._pidfile:
            self._pidfile.write_text(str(os.getpid()), encoding="ascii")
        gc.collect()
        gc.freeze()  # workers share the pages of what was loaded before they were started
        with Signals() as signals:
            while not self.crew.over:
                for pid in self.crew.dismissed(self._now()):
                    self._dismiss(pid)
                for pid in self.crew.overdue(self._now() - self.plan.drain_time):
                    os.kill(pid, signal.SIGKILL)
                self._ask()
                for post in self.crew.due(self._now()):
                    if worker := self._start(post, signals):
                        return worker
                self._wait(signals)
        return self._end()

    # What happens

    def _wait(self, signals: Signals) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(signals, selectors.EVENT_READ)
            for pid, line in self.lines.items():
                waiting.register(line, selectors.EVENT_READ, pid)
            for found, _ in waiting.select(self.crew.pause(self._now())):
                if found.data:
                    self._said(found.data)
                else:
                    for number in signals.read():
                        self._signalled(number)

    def _ask(self) -> None:
        """Ask who is due whether they are well, and end whoever hangs: their clients can wait for the next."""
        for pid in self.crew.asked(self._now()):
            if pid in self.lines:
                tether.send(self.lines[pid], "well")
        for pid in self.crew.hung():
            self._log.error(
                "{name} (process {pid}) has not answered for {seconds:g} s: it is ended, another takes its place",
                name=self._name(pid),
                pid=pid,
                seconds=self.plan.hang_time,
            )
            os.kill(pid, signal.SIGKILL)

    def _signalled(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT:
                self._stop(number)
            case signal.SIGHUP:
                self._reload()
            case signal.SIGUSR2:
                self._rehearse()
            case signal.SIGCHLD:
                self._reap()

    def _said(self, pid: int) -> None:
        """Take what a worker says."""
        if pid not in self.lines:
            return
        received = tether.receive(self.lines[pid])
        if received is None:
            self.lines.pop(pid).close()  # its end is told by SIGCHLD
            return
        match received[0]["word"]:
            case "ready":
                self.crew.ready(pid, self._now())
                self.crew.well(pid)
                self._announce()
            case "well":
                self.crew.well(pid)
            case "gather":
                self._gather(pid)
            case "reloaded":
                self._reloaded(pid)
            case "stale":
                self._log.warn(
                    "{name} could not take the new configuration: another takes its place", name=self._name(pid)
                )
                if self.crew.members[pid].post != MAILBOX:
                    self.crew.renew([pid])
                self._reloaded(pid)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._ended(pid, os.waitstatus_to_exitcode(status))

    def _ended(self, pid: int, status: int) -> None:
        if pid == self._rehearsal:
            self._rehearsed(status)
            return
        name, member = self._name(pid), self.crew.members.get(pid)
        expected = member is None or member.leaving
        if pid in self.lines:
            self.lines.pop(pid).close()
        self._given.pop(pid, None)
        self._reloaded(pid)
        hopeless = self.crew.ended(pid, self._now())
        if not expected:
            self._log.error("{name} (process {pid}) has ended with {status}", name=name, pid=pid, status=status)
        if hopeless:
            self._log.critical("{why}. Everything ends.", why=hopeless)
            self.crew.stop()
            self._listening.close()

    # Start and end of a worker

    def _start(self, post: int, signals: Signals) -> Tether | None:
        """Start a process for a post; return its tether in that process, None in this one."""
        self._shown.look(datetime.now(UTC))
        ours, theirs = tether.pair()
        given = {} if post == MAILBOX else self._listening.of(post, self.plan.workers)
        main = os.getpid()
        sys.stdout.flush()
        try:
            pid = os.fork()
        except OSError as error:  # too many processes, too little memory: others may go
            self._log.error("{name} cannot be started yet: {error}", name=name_of(post), error=str(error))
            self.crew.postponed(post, self._now())
            ours.close()
            theirs.close()
            return None
        if pid:
            theirs.close()
            self.lines[pid] = ours
            self._given[pid] = {each for sockets in given.values() for each in sockets}
            self.crew.began(post, pid)
            return None
        signals.forget()
        for number in (signal.SIGHUP, signal.SIGUSR2):
            signal.signal(number, signal.SIG_IGN)  # meant for the supervisor, whoever they are sent to
        os.setpgid(0, 0)  # Ctrl-C is for the supervisor, who tells the others
        os.environ.pop("NOTIFY_SOCKET", None)
        for line in (ours, *self.lines.values()):
            line.close()
        self._listening.forget(given)
        return Tether(post, main, theirs, given, self._shown)

    def _dismiss(self, pid: int) -> None:
        if pid not in self.lines or not tether.send(self.lines[pid], "drain"):
            os.kill(pid, signal.SIGTERM)

    def _announce(self) -> None:
        if self.crew.complete and not self._announced:
            self._announced = True
            places = ", ".join(map(str, self._listening.sockets))
            self._log.info("ready: {places}, {workers} workers", places=places, workers=self.plan.workers)
            notify("READY=1")

    def _stop(self, number: int) -> None:
        """Let everybody finish; at the second signal, end those who have clients at once."""
        if self.crew.stopping:
            for pid, member in self.crew.members.items():
                if member.post != MAILBOX:
                    os.kill(pid, signal.SIGKILL)
            return
        notify("STOPPING=1")
        self._ended_by = number
        self.crew.stop()
        self._listening.close()

    def _end(self) -> NoReturn:
        """End as twistd does: by the signal that it was sent; with 1 when it could not go on."""
        if self._pidfile:
            self._pidfile.unlink(missing_ok=True)
        if not self._ended_by:
            sys.exit(1)
        signal.signal(self._ended_by, signal.SIG_DFL)
        os.kill(os.getpid(), self._ended_by)
        raise AssertionError("a signal was ignored")

    # A newer configuration

    def _reload(self) -> None:
        """Read the file; when it is good, open what is new, and have every worker take it."""
        if self.crew.stopping:
            return
        try:
            plan = read_plan(self.plan.file)
            show = self._shown.prepare(plan.tls)
            self._listening.open(sockets_of(plan))
        except (BadConfiguration, BadCertificate, OSError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            self._log.error("the configuration was not reloaded, nothing changed:\n{error}", error=said)
            return
        show()
        self.plan, self.crew.workers, self.crew.hang_time = plan, plan.workers, plan.hang_time
        self._reloading = set()
        for pid, member in self.crew.members.items():
            if not member.leaving and not member.old and member.post <= plan.workers and pid in self.lines:
                if self._hand_over(pid, member.post):
                    self._reloading.add(pid)
                elif member.post != MAILBOX:
                    self.crew.renew([pid])

    def _hand_over(self, pid: int, post: int) -> bool:
        """Tell a worker to read the file, with the sockets that it has not had yet; return whether it can hear that."""
        given = {} if post == MAILBOX else self._listening.of(post, self.plan.workers)
        new = [(place, each) for place, sockets in given.items() for each in sockets if each not in self._given[pid]]
        self._given[pid] = {each for sockets in given.values() for each in sockets}
        places = [(place.host, place.port) for place, _ in new]
        return tether.send(self.lines[pid], "reload", [each for _, each in new], places=places)

    def _reloaded(self, pid: int) -> None:
        if pid in self._reloading:
            self._reloading.discard(pid)
            if not self._reloading:
                self._log.info("configuration reloaded")

    # Figures

    def _gather(self, asker: int) -> None:
        """Connect the one who asks with each of the others."""
        ends, posts = [], []
        for pid, member in self.crew.members.items():
            if pid != asker and member.post != MAILBOX and member.ready_since is not None and pid in self.lines:
                one, other = socket.socketpair()
                tether.send(self.lines[pid], "report", [other])
                other.close()
                ends.append(one)
                posts.append(member.post)
        tether.send(self.lines[asker], "siblings", ends, posts=posts)
        for end in ends:
            end.close()

    # Upgrade in place

    def _rehearse(self) -> None:
        """See first whether the code and the configuration that are installed now would start."""
        if not self._rehearsal and not self.crew.stopping:
            environment = {**os.environ, UPGRADE: "rehearse"}
            try:
                self._rehearsal = os.posix_spawn(sys.executable, _command(), environment, setsigmask=())
            except OSError as error:
                self._log.error("what is installed now does not start, nothing changed: {error}", error=str(error))

    def _rehearsed(self, status: int) -> None:
        self._rehearsal = 0
        if status:
            self._log.error("what is installed now does not start: nothing changed")
        elif not self.crew.stopping:
            self._log.info("upgrade: the supervisor begins anew, its workers will be replaced")
            self._begin_anew()

    def _begin_anew(self) -> None:
        """Become the code that is installed now, with the same process id, sockets and workers."""
        state = {
            "sockets": self._listening.state(),
            "workers": [
                (pid, self.crew.members[pid].post, line.fileno(), self.crew.members[pid].leaving)
                for pid, line in self.lines.items()
                if pid in self.crew.members
            ],
        }
        environment = {**os.environ, UPGRADE: json.dumps(state)}
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # they wait for the one who comes
        self._pass_on(True)
        try:
            os.execve(sys.executable, _command(), environment)  # noqa: S606 (this very command)
        except OSError as error:  # it was there for the rehearsal
            self._log.error("what is installed now does not start, nothing changed: {error}", error=str(error))
        self._pass_on(False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _pass_on(self, on: bool) -> None:
        self._listening.pass_on(on)
        for line in self.lines.values():
            line.set_inheritable(on)

    def _take_over(self, state: Mapping[str, Any]) -> None:
        """Take up what the supervisor before has left: its sockets, and its workers until they are replaced."""
        self._listening.take_over(state["sockets"])
        for pid, post, number, leaving in state["workers"]:
            line = socket.socket(fileno=number)
            line.set_inheritable(False)
            self.lines[pid] = line
            self.crew.began(post, pid)
            self.crew.ready(pid, self._now())
            self._given[pid] = set()
            if leaving:
                self.crew.dismiss(pid, self._now())
            elif post != MAILBOX:  # two cannot hold a database: this one goes on
                self.crew.renew([pid])

    def _name(self, pid: int) -> str:
        member = self.crew.members.get(pid)
        return name_of(member.post) if member else f"process {pid}"


class Signals:
    """The signals that arrive, read like a file; within it none of them does anything else."""

    def __enter__(self) -> Signals:
        self._out, self._in = socket.socketpair()
        self._in.setblocking(False)
        self._out.setblocking(False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        signal.set_wakeup_fd(self._in.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        signal.raise_signal(signal.SIGCHLD)  # who ended before this was listening
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()

    def fileno(self) -> int:
        """Return what is readable when a signal has arrived."""
        return self._out.fileno()

    def read(self) -> bytes:
        """Return the numbers of those that have arrived."""
        with suppress(BlockingIOError):
            return self._out.recv(4096)
        return b""

    def forget(self) -> None:
        """Have signals do again what they did before."""
        if self._before:
            signal.set_wakeup_fd(-1)
            for number, action in self._before.items():
                signal.signal(number, action)
            self._before = {}
            self._in.close()
            self._out.close()


def _command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]
