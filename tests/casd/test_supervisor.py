"""The process that starts the workers, without starting any: forks, signals and time are a test's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from twisted.logger import Logger, formatEvent

from casd import supervisor
from casd.casctl.provision import provision
from casd.crew import GRACE, LONGEST_PAUSE, MAILBOX, QUESTIONS, STARTS
from casd.model import Endpoint
from casd.net import tether
from casd.net.tether import Tether
from casd.plan import read_plan
from casd.supervisor import UPGRADE, Signals, Supervisor, sockets_of
from tests.casd.casctl.conftest import CHEAP
from tests.casd.test_plan import GOOD

INI = GOOD.replace("name = fe1", "name = fe1\nworkers = 2")


class Executed(Exception):
    """Another program has taken this one's place."""


class Ended(BaseException):
    """This process was ended by a signal."""


class Process:
    """A worker that does as a test says: only its end of the line is real."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid, self.line = pid, line

    def says(self, word: str) -> None:
        assert tether.send(self.line, word)

    def hears(self) -> list[str]:
        words = []
        while True:
            try:
                received = tether.receive(self.line)
            except BlockingIOError:
                return words
            if received is None:
                return [*words, "gone"]
            words.append(received[0]["word"])
            for each in received[1]:
                each.close()


class System:
    """What a supervisor asks of the operating system."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.now = 0.0
        self.log: list[str] = []
        self.processes: dict[int, Process] = {}
        self.killed: list[tuple[int, int]] = []
        self.dead: list[tuple[int, int]] = []
        self.told: list[str] = []
        self.fork_in_child = False
        self.spawned: list[Any] = []
        self._pair: tuple[socket.socket, socket.socket]
        self.write(INI)
        patch = monkeypatch.setattr
        patch(supervisor.tether, "pair", self._pairs(supervisor.tether.pair))
        patch(supervisor.os, "fork", self._fork)
        patch(supervisor.os, "kill", self._kill)
        patch(supervisor.os, "waitpid", self._waitpid)
        patch(supervisor.os, "setpgid", lambda *_: None)
        patch(supervisor.os, "execve", self._execve)
        patch(supervisor.os, "posix_spawn", lambda *args, **_: self.spawned.append(args) or 999)
        patch(supervisor.signal, "pthread_sigmask", lambda *_: None)
        patch(supervisor.gc, "freeze", lambda: None)
        patch(supervisor, "notify", self.told.append)
        monkeypatch.setenv("NOTIFY_SOCKET", "somewhere")
        self.supervisor = self.make()

    def make(self, upgrade: str = "") -> Supervisor:
        log = Logger(observer=lambda event: self.log.append(formatEvent(event)))
        pidfile = self.folder / "cas.pid"
        return Supervisor(read_plan(self.folder / "cas.ini"), upgrade, pidfile, lambda: self.now, log)

    def write(self, content: str) -> None:
        (self.folder / "cas.ini").write_text(content)

    def worker(self, post: int) -> Process:
        """Return who holds a post: the last who was started for it."""
        return self.processes[max(pid for pid, each in self.supervisor.crew.members.items() if each.post == post)]

    def dies(self, process: Process, status: int = 9) -> None:
        """Let a process end by a signal."""
        process.line.close()
        self.dead.append((process.pid, status))

    def close(self) -> None:
        for process in self.processes.values():
            process.line.close()
        for line in self.supervisor.lines.values():
            line.close()
        self.supervisor._listening.close()

    def _pairs(self, pair: Callable[[], tuple[socket.socket, socket.socket]]) -> Any:
        def make() -> tuple[socket.socket, socket.socket]:
            self._pair = pair()
            ours, theirs = self._pair
            return ours, (theirs if self.fork_in_child else theirs.dup())

        return make

    def _fork(self) -> int:
        if self.fork_in_child:
            return 0
        pid = 100 + len(self.processes)
        self.processes[pid] = Process(pid, self._pair[1])
        self._pair[1].setblocking(False)
        return pid

    def _kill(self, pid: int, number: int) -> None:
        if pid == os.getpid():
            raise Ended(number)
        self.killed.append((pid, number))

    def _waitpid(self, pid: int, flags: int) -> tuple[int, int]:
        assert (pid, flags) == (-1, os.WNOHANG)
        return self.dead.pop(0) if self.dead else (0, 0)

    def _execve(self, program: str, arguments: list[str], environment: dict[str, str]) -> None:
        assert program == arguments[0]
        raise Executed(environment[UPGRADE])


class Run:
    """A supervisor at work, one step at a time: what it waits for has happened already."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.supervisor = system.supervisor
        self.supervisor._listening.open(sockets_of(self.supervisor.plan))
        self.signals: Any = Quiet()
        self.step()

    def step(self) -> None:
        """Do what is due and take what has been said."""
        made = self.supervisor
        for pid in made.crew.dismissed(self.system.now):
            made._dismiss(pid)
        made._ask()
        for post in made.crew.due(self.system.now):
            assert made._start(post, self.signals) is None
        for pid in list(made.lines):
            while pid in made.lines:
                try:
                    made._said(pid)
                except BlockingIOError:
                    break

    def signal(self, number: int) -> None:
        self.supervisor._signalled(number)
        self.step()

    def begin(self) -> None:
        """Let everybody be ready."""
        for process in self.system.processes.values():
            process.says("ready")
        self.step()

    def dies(self, process: Process) -> None:
        self.system.dies(process)
        self.signal(signal.SIGCHLD)


class Quiet:
    """Signals that nobody sends."""

    def forget(self) -> None:
        pass


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("supervisor") / "demo"
    provision(folder, hasher=CHEAP)
    return folder


@pytest.fixture
def system(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    shutil.copytree(demo, tmp_path / "demo")
    found = System(tmp_path / "demo", monkeypatch)
    before = {number: signal.getsignal(number) for number in supervisor.SIGNALS}
    yield found
    found.close()
    for number, action in before.items():
        signal.signal(number, action)


@pytest.fixture
def run(system: System) -> Run:
    return Run(system)


def test_it_is_ready_when_all_workers_are(system: System, run: Run) -> None:
    system.worker(1).says("ready")
    run.step()
    assert system.told == []
    run.begin()
    assert system.told == ["READY=1"]
    assert system.log == ["ready: 127.0.0.1:0, 2 workers"]


def test_a_worker_that_dies_is_replaced_and_named(system: System, run: Run) -> None:
    run.begin()
    before, other = system.worker(1), system.worker(2)
    run.dies(before)
    assert system.log[-1] == f"worker 1 (process {before.pid}) has ended with -9"
    assert len(system.processes) == 2
    system.now = 1.0
    run.step()
    assert system.worker(1).pid != before.pid
    assert other.hears() == []


def test_a_worker_that_hangs_is_ended_and_replaced(system: System, run: Run) -> None:
    run.begin()
    hung, well = system.worker(1), system.worker(2)
    for _ in range(QUESTIONS + 1):
        system.now += run.supervisor.plan.hang_time / QUESTIONS
        run.step()
        assert well.hears() == ["well"]
        well.says("well")
    assert system.killed == [(hung.pid, signal.SIGKILL)]
    said = f"worker 1 (process {hung.pid}) has not answered for 30 s: it is ended, another takes its place"
    assert said in system.log
    run.dies(hung)
    assert system.log[-1] == f"worker 1 (process {hung.pid}) has ended with -9"
    system.now += LONGEST_PAUSE
    run.step()
    assert system.worker(1) is not hung


def test_a_newer_file_changes_how_long_a_worker_may_hang(system: System, run: Run) -> None:
    run.begin()
    system.write(INI.replace("workers = 2", "workers = 2\nhang time = 0 s"))
    run.signal(signal.SIGHUP)
    system.now += 1000
    run.step()
    assert [system.worker(post).hears() for post in (1, 2)] == [["reload"], ["reload"]]


def test_a_machine_that_has_no_room_for_a_process_ends_nobody(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.begin()
    with monkeypatch.context() as full:
        full.setattr(supervisor.os, "fork", Mock(side_effect=BlockingIOError("no room")))
        run.dies(system.worker(1))
        system.now += 1
        run.step()
        system._pair[1].close()
    assert system.log[-1] == "worker 1 cannot be started yet: no room"
    assert run.supervisor.crew.pause(system.now) == LONGEST_PAUSE
    system.now += LONGEST_PAUSE
    run.step()
    assert system.worker(1)


def test_a_worker_that_never_gets_ready_ends_everything(system: System, run: Run) -> None:
    run.begin()
    run.dies(system.worker(1))
    for _ in range(STARTS):
        system.now += 5
        run.step()
        run.dies(system.worker(1))
    assert "could not start" in system.log[-1]
    assert system.worker(2).hears()[-1] == "drain"
    assert run.supervisor._listening.sockets == {}
    run.dies(system.worker(2))
    with pytest.raises(SystemExit) as ended:
        run.supervisor._end()
    assert ended.value.code == 1


def test_a_signal_lets_everybody_finish_and_the_second_does_not(system: System, run: Run) -> None:
    run.begin()
    run.signal(signal.SIGTERM)
    assert system.told[-1] == "STOPPING=1"
    assert [system.worker(post).hears() for post in (1, 2)] == [["drain"], ["drain"]]
    assert system.killed == []
    run.signal(signal.SIGTERM)
    assert system.killed == [(system.worker(post).pid, signal.SIGKILL) for post in (1, 2)]
    for number in (signal.SIGHUP, signal.SIGUSR2):
        run.signal(number)
    assert (system.worker(1).hears(), system.spawned) == ([], [])
    for post in (1, 2):
        run.dies(system.worker(post))
    assert run.supervisor.crew.over
    with pytest.raises(Ended):
        run.supervisor._end()


def test_a_worker_that_hears_nothing_is_told_by_a_signal(system: System, run: Run) -> None:
    run.begin()
    deaf = system.worker(1)
    deaf.line.close()
    run.signal(signal.SIGTERM)
    assert system.killed == [(deaf.pid, signal.SIGTERM)]


def test_a_good_file_is_taken_by_all_workers(system: System, run: Run) -> None:
    run.begin()
    system.write(INI.replace("fe1", "fe2"))
    run.signal(signal.SIGHUP)
    assert [system.worker(post).hears() for post in (1, 2)] == [["reload"], ["reload"]]
    system.worker(1).says("reloaded")
    run.step()
    assert "configuration reloaded" not in system.log
    system.worker(2).says("reloaded")
    run.step()
    assert system.log[-1] == "configuration reloaded"
    assert run.supervisor.plan.name == "fe2"


@pytest.mark.negative
def test_a_bad_file_reaches_no_worker(system: System, run: Run) -> None:
    run.begin()
    system.write(INI + "nonsense = 1\n")
    run.signal(signal.SIGHUP)
    assert "nonsense" in system.log[-1]
    assert "nothing changed" in system.log[-1]
    assert system.worker(1).hears() == []
    assert run.supervisor.plan.name == "fe1"


def test_an_address_that_is_taken_reaches_no_worker(system: System, run: Run) -> None:
    run.begin()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system.write(INI.replace("plain =", f"plain = 127.0.0.1:{taken.getsockname()[1]}"))
        run.signal(signal.SIGHUP)
    assert "in use" in system.log[-1]
    assert system.worker(1).hears() == []


def test_a_worker_that_cannot_take_the_file_is_replaced_in_order(system: System, run: Run) -> None:
    run.begin()
    run.signal(signal.SIGHUP)
    stale = system.worker(1)
    assert stale.hears() == ["reload"]
    stale.says("stale")
    system.worker(2).says("reloaded")
    run.step()
    run.step()
    assert stale.hears() == []
    system.worker(1).says("ready")
    run.step()
    run.step()
    assert stale.hears() == ["drain"]
    run.dies(stale)
    assert "has ended" not in system.log[-1]


def test_a_worker_that_cannot_be_told_of_the_file_is_replaced(system: System, run: Run) -> None:
    run.begin()
    deaf = system.worker(1)
    while tether.send(run.supervisor.lines[deaf.pid], "report"):
        pass
    run.signal(signal.SIGHUP)
    assert system.worker(1) != deaf
    assert system.worker(2).hears() == ["reload"]
    system.worker(2).says("reloaded")
    run.step()
    assert system.log[-1] == "configuration reloaded"


def test_more_workers_come_and_fewer_stay_with_a_reload(system: System, run: Run) -> None:
    run.begin()
    system.write(INI.replace("workers = 2", "workers = 3"))
    run.signal(signal.SIGHUP)
    assert len(system.processes) == 3
    run.begin()
    for each in system.processes.values():
        each.hears()
    system.write(INI.replace("workers = 2", "workers = 1"))
    run.signal(signal.SIGHUP)
    assert [each.hears() for each in system.processes.values()] == [["reload"], ["drain"], ["drain"]]


def test_who_asks_for_figures_is_connected_with_the_others(system: System, run: Run) -> None:
    run.begin()
    system.worker(1).says("gather")
    run.step()
    assert (system.worker(1).hears(), system.worker(2).hears()) == (["siblings"], ["report"])


def test_what_a_dead_worker_has_said_is_forgotten(run: Run, system: System) -> None:
    run.supervisor._said(4711)
    run.supervisor._ended(4711, 0)
    assert system.log == []


def test_mailbox_servers_have_a_process_of_their_own(system: System, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.supervisor.crew, "_mailbox", True)
    run.step()
    mailbox = system.worker(MAILBOX)
    run.begin()
    run.signal(signal.SIGHUP)
    assert mailbox.hears() == ["reload"]
    mailbox.says("stale")
    run.step()
    run.step()
    assert len(system.processes) == 3  # two of them cannot hold a database
    system.worker(1).says("gather")
    run.step()
    assert mailbox.hears() == []


def test_clients_have_a_socket_of_each_worker_and_the_operator_one_of_all(system: System) -> None:
    system.write(f"{INI}\n[admin]\nlisten = 127.0.0.1:8444\n")
    assert sockets_of(read_plan(system.folder / "cas.ini")) == {
        Endpoint("127.0.0.1", 0): 2,
        Endpoint("127.0.0.1", 8444): 1,
    }


# In a worker


def test_a_worker_goes_on_with_its_own_sockets_only(system: System, run: Run) -> None:
    system.fork_in_child = True
    lines = list(run.supervisor.lines.values())
    worker = run.supervisor._start(2, run.signals)
    assert isinstance(worker, Tether)
    assert (worker.post, worker.main) == (2, os.getpid())
    assert "NOTIFY_SOCKET" not in os.environ
    assert signal.getsignal(signal.SIGHUP) == signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN
    assert all(line.fileno() == -1 for line in lines)
    ((place, (own,)),) = worker.sockets.items()
    assert place == Endpoint("127.0.0.1", 0)
    closed = [each.fileno() == -1 for each in run.supervisor._listening.sockets[place]]
    assert (closed, own.fileno() == -1) == ([True, False], False)
    worker._line.close()


# Upgrade


def test_an_upgrade_is_rehearsed_first_and_not_made_when_that_fails(system: System, run: Run) -> None:
    run.begin()
    run.signal(signal.SIGUSR2)
    run.signal(signal.SIGUSR2)
    ((_, _, environment),) = system.spawned
    assert environment[UPGRADE] == "rehearse"
    system.dead.append((999, 256))
    run.signal(signal.SIGCHLD)
    assert "nothing changed" in system.log[-1]
    run.signal(signal.SIGUSR2)
    assert len(system.spawned) == 2


def test_an_upgrade_that_cannot_even_be_rehearsed_changes_nothing(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.begin()
    monkeypatch.setattr(supervisor.os, "posix_spawn", Mock(side_effect=FileNotFoundError("python3")))
    run.signal(signal.SIGUSR2)
    assert system.log[-1] == "what is installed now does not start, nothing changed: python3"
    assert [system.worker(post).hears() for post in (1, 2)] == [[], []]


def test_an_upgrade_that_fails_at_the_last_moment_changes_nothing(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.begin()
    mask = Mock()
    monkeypatch.setattr(supervisor.signal, "pthread_sigmask", mask)
    monkeypatch.setattr(supervisor.os, "execve", Mock(side_effect=OSError(12, "Cannot allocate memory")))
    run.signal(signal.SIGUSR2)
    system.dead.append((999, 0))
    run.signal(signal.SIGCHLD)
    assert system.log[-1].endswith("does not start, nothing changed: [Errno 12] Cannot allocate memory")
    assert [each.args[0] for each in mask.call_args_list] == [signal.SIG_BLOCK, signal.SIG_UNBLOCK]
    made = run.supervisor
    sockets = [each for sockets in made._listening.sockets.values() for each in sockets]
    assert not any(each.get_inheritable() for each in (*made.lines.values(), *sockets))
    run.dies(system.worker(1))
    system.now += 1
    run.step()
    assert len(system.processes) == 3


def test_an_upgrade_takes_sockets_and_workers_along(system: System, run: Run) -> None:
    run.begin()
    before = [system.worker(1), system.worker(2)]
    run.signal(signal.SIGUSR2)
    system.dead.append((999, 0))
    with pytest.raises(Executed) as executed:
        run.signal(signal.SIGCHLD)
    state = json.loads(str(executed.value))
    assert [(pid, post) for pid, post, _, _ in state["workers"]] == [(before[0].pid, 1), (before[1].pid, 2)]
    for each in state["sockets"]:
        each[2] = os.dup(each[2])  # what this process has would be closed twice
    for each in state["workers"]:
        each[2] = os.dup(each[2])
    old = run.supervisor
    system.supervisor = system.make(json.dumps(state))
    after = Run(system)
    assert len(system.processes) == 4
    assert [each.hears() for each in before] == [[], []]
    for post in (1, 2):
        system.worker(post).says("ready")
    after.step()
    after.step()
    assert [each.hears() for each in before] == [["drain"], ["drain"]]
    assert "ready: 127.0.0.1:0, 2 workers" in system.log
    for line in old.lines.values():
        line.close()
    old._listening.close()


# The loop itself


def test_it_runs_until_everybody_has_left(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    made = system.supervisor
    steps = iter(["ready", "term", "dead"])

    def wait(signals: Any) -> None:
        match next(steps):
            case "ready":
                for pid, process in system.processes.items():
                    process.says("ready")
                    made._said(pid)
                assert (system.folder / "cas.pid").read_text() == str(os.getpid())
            case "term":
                made._signalled(signal.SIGINT)
            case "dead":
                system.now += made.plan.drain_time + GRACE + 1
                for process in system.processes.values():
                    system.dies(process)
                made._signalled(signal.SIGCHLD)

    monkeypatch.setattr(made, "_wait", wait)
    with pytest.raises(Ended):
        made.run()
    assert not (system.folder / "cas.pid").exists()


def test_it_returns_in_a_worker(system: System) -> None:
    system.fork_in_child = True
    worker = system.supervisor.run()
    assert worker.post == 1
    worker._line.close()
    for sockets in worker.sockets.values():
        for each in sockets:
            each.close()


def test_an_address_that_is_taken_ends_the_start(system: System) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system.write(INI.replace("plain =", f"plain = 127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(SystemExit) as ended:
            system.make().run()
    assert ended.value.code == 1
    assert "cannot start: cannot listen at 127.0.0.1" in system.log[-1]


def test_an_address_that_is_taken_ends_nobody_after_an_upgrade(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    before = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    state = {"sockets": [], "workers": [(77, 1, before[0].detach(), False)]}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system.write(INI.replace("plain =", f"plain = 127.0.0.1:{taken.getsockname()[1]}"))
        system.supervisor = made = system.make(json.dumps(state))
        monkeypatch.setattr(made, "_wait", Mock(side_effect=Ended))
        with pytest.raises(Ended):
            made.run()
    assert "cannot start: cannot listen at 127.0.0.1" in system.log[-1]
    assert not made.crew.members[77].leaving
    before[1].close()


def test_it_waits_for_signals_and_for_what_is_said(system: System, run: Run) -> None:
    with Signals() as signals:
        signals.read()
        system.worker(1).says("ready")
        run.supervisor._wait(signals)
        assert run.supervisor.crew.members[system.worker(1).pid].ready_since is not None
        signal.raise_signal(signal.SIGTERM)
        run.supervisor._wait(signals)
        assert run.supervisor.crew.stopping
        assert signals.read() == b""


def test_signals_do_again_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in supervisor.SIGNALS]
    with Signals() as signals:
        assert signals.read() == bytes([signal.SIGCHLD])  # who ended before anybody listened
        signals.forget()
    assert [signal.getsignal(number) for number in supervisor.SIGNALS] == before


def test_supervise_returns_with_the_plan_of_the_day(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.fork_in_child = True
    monkeypatch.setattr(supervisor, "inherited_sockets", dict)
    worker, plan = supervisor.supervise(system.supervisor.plan)
    assert (worker.post, plan) == (1, system.supervisor.plan)
    worker._line.close()
    for sockets in worker.sockets.values():
        for each in sockets:
            each.close()
