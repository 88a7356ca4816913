"""The service tree: ports opened, a newer file taken, the end in order."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
from twisted.application.service import Service
from twisted.internet import asyncioreactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.python.usage import UsageError

from casd import tap
from casd.casctl.provision import provision
from casd.crew import MAILBOX
from casd.model import Endpoint
from casd.net import reactor, systemd
from casd.net.tether import Tether, pair, receive
from casd.net.transports import Port
from casd.plan import read_plan
from casd.supervisor import SIGNALS, UPGRADE
from casd.tap import FrontService, Options, Whole
from tests.casd.casctl.conftest import CHEAP
from tests.casd.estate import Client, get, outcome_of, result
from tests.casd.test_front import Memory
from tests.casd.test_plan import GOOD

ROOT = Path(__file__).parents[2]

PORTS = GOOD.replace("127.0.0.1:0", "127.0.0.1:8443").replace("plain =", "plain = 127.0.0.1:8080")


class Machine(Memory):
    """A reactor that notes its end, and whose ports may be taken."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped = 0
        self.taken: set[int] = set()
        self.adopted: list[int] = []

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        if port in self.taken:
            raise CannotListenError(interface, port, OSError("taken"))
        found = super().listenTCP(port, factory, backlog, interface)
        found.socket = Mock()
        return found

    def adoptStreamPort(self, number: int, family: Any, factory: Any) -> Any:
        self.adopted.append(number)
        return super().listenTCP(8443, factory, 50, "127.0.0.1")

    def callWhenRunning(self, function: Any, *args: Any) -> None:
        function(*args)

    def stop(self) -> None:
        self.stopped += 1


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tap") / "demo"
    provision(folder, hasher=CHEAP)
    return folder


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the process as it is: its signals, its garbage collector, its reactor."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    monkeypatch.setattr(tap, "settle_collector", lambda: None)
    yield
    for number, action in before.items():
        signal.signal(number, action)


class Desk:
    """A front end that has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reactor = Machine()
        self.write(PORTS)
        self.service = FrontService(read_plan(folder / "cas.ini"), self.reactor)

    def write(self, content: str) -> None:
        (self.folder / "cas.ini").write_text(content)

    def start(self) -> None:
        self.service.startService()
        result(self.service.ready)

    @property
    def open(self) -> set[int]:
        return {place.port for place, _ in self.service.ports}

    def factory(self, port: int) -> Any:
        """Return what listens on a port, without its encryption."""
        found = next(server[1] for server in self.reactor.tcpServers if server[0] == port)
        while hasattr(found, "wrappedFactory"):
            found = found.wrappedFactory
        return found

    def reload(self) -> bool:
        return result(self.service.reload())


@pytest.fixture
def desk(demo: Path, tmp_path: Path) -> Desk:
    shutil.copytree(demo, tmp_path / "demo")
    return Desk(tmp_path / "demo")


def test_when_it_is_ready_every_port_is_open(desk: Desk) -> None:
    desk.start()
    assert desk.open == {8443, 8080}
    assert desk.service.encrypted_port() == 8443
    client = Client(desk.factory(8080), desk.reactor)
    assert client.ask(get("/owa/", host="localhost")).fields["location"] == "https://localhost:8443/owa/"


def test_when_a_port_is_taken_the_process_ends_and_no_port_stays_open(desk: Desk) -> None:
    desk.reactor.taken.add(8080)
    desk.service.startService()
    assert desk.reactor.stopped == 1
    assert desk.open == set()


def test_a_newer_file_rules_from_the_next_request_on(desk: Desk) -> None:
    desk.start()
    client = Client(desk.factory(8443), desk.reactor)
    assert client.ask(get("/x", host="localhost")).fields["x-feserver"] == "fe1"
    desk.write(PORTS.replace("fe1", "fe2").replace("8080", "8081"))
    assert desk.reload()
    assert client.ask(get("/x", host="localhost")).fields["x-feserver"] == "fe2"
    assert Client(desk.factory(8443), desk.reactor).ask(get("/x", host="localhost")).fields["x-feserver"] == "fe2"
    assert desk.open == {8443, 8081}


@pytest.mark.negative
@pytest.mark.parametrize("change", [("fe1", "fe2\nnonsense = 1"), ("8080", "9999"), ("array.secret", "none.secret")])
def test_a_bad_file_changes_nothing(desk: Desk, change: tuple[str, str]) -> None:
    desk.start()
    desk.reactor.taken.add(9999)
    front, plan = desk.service.front, desk.service.plan
    client = Client(desk.factory(8443), desk.reactor)
    desk.write(PORTS.replace("name = fe1", "name = fe1").replace(*change))
    assert not desk.reload()
    assert (desk.service.front, desk.service.plan) == (front, plan)
    assert desk.open == {8443, 8080}
    assert client.ask(get("/x", host="localhost")).fields["x-feserver"] == "fe1"


def test_a_hangup_reloads(desk: Desk) -> None:
    desk.start()
    desk.write(PORTS.replace("fe1", "fe2"))
    signal.raise_signal(signal.SIGHUP)
    assert desk.service.plan.name == "fe2"


def test_a_reload_says_that_several_workers_need_a_restart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Mock()
    monkeypatch.setattr(FrontService, "_log", log)
    desk.start()
    desk.write(PORTS.replace("name = fe1", "name = fe1\nworkers = 2"))
    assert desk.reload()
    said, values = log.warn.call_args
    assert said[0].format(**values) == "[cas] workers = 2 needs a restart: one process goes on"


def test_what_only_several_workers_can_do_ends_nothing(desk: Desk) -> None:
    desk.start()
    signal.raise_signal(signal.SIGUSR2)
    assert desk.reactor.stopped == 0
    assert desk.open == {8443, 8080}


def test_at_the_end_what_is_under_way_may_end(desk: Desk) -> None:
    desk.start()
    factory = desk.factory(8443)
    client = Client(factory, desk.reactor)
    client.send(b"POST /owa/auth.owa HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
    stopped = outcome_of(desk.service.stopService())
    for _ in range(20):
        desk.reactor.advance(0.05)
    assert stopped == []
    client.send(b"x")
    for _ in range(5):
        desk.reactor.advance(0.05)
    assert client.read()[0].status == 302
    assert stopped == [None]


def test_nobody_keeps_it_from_ending_for_ever(desk: Desk) -> None:
    desk.start()
    client = Client(desk.factory(8443), desk.reactor)
    client.send(b"POST /owa/auth.owa HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
    stopped = outcome_of(desk.service.stopService())
    for _ in range(700):
        desk.reactor.advance(0.05)
    assert stopped == [None]


def test_the_mailbox_servers_end_after_the_front_end() -> None:
    ended: list[str] = []

    class Slow(Service):
        def __init__(self, name: str) -> None:
            self.name = name
            self.done: Deferred[None] = Deferred()

        def stopService(self) -> Deferred[None]:
            ended.append(self.name)
            return self.done

    front, mailbox = Slow("front"), Slow("mbx1")
    front.name = mailbox.name = None  # type: ignore[assignment]
    front.stopService = lambda: (ended.append("front"), front.done)[1]  # type: ignore[method-assign, return-value]
    mailbox.stopService = lambda: (ended.append("mbx1"), mailbox.done)[1]  # type: ignore[method-assign, return-value]
    whole = Whole(front, [mailbox])  # type: ignore[arg-type]
    stopped = outcome_of(whole.stopService())
    assert ended == ["front"]
    front.done.callback(None)
    assert ended == ["front", "mbx1"]
    mailbox.done.callback(None)
    assert stopped == [None]


def test_the_whole_is_built_of_a_plan(desk: Desk) -> None:
    whole = tap.build(desk.service.plan, desk.reactor)
    assert (whole.mailboxes, type(whole.front)) == ([], FrontService)


def test_a_second_signal_waits_for_nobody(desk: Desk) -> None:
    desk.start()
    client = Client(desk.factory(8443), desk.reactor)
    client.send(b"POST /owa/auth.owa HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
    stopped = outcome_of(desk.service.stopService())
    desk.reactor.advance(0.05)
    assert stopped == []
    signal.raise_signal(signal.SIGTERM)
    desk.reactor.advance(0.05)
    assert stopped == [None]


# A worker


class Supervised:
    """A worker whose supervisor is the test."""

    def __init__(self, desk: Desk, post: int = 1) -> None:
        self.line, theirs = pair()
        self.desk = desk
        self.tether = Tether(post, 77, theirs, {})
        self.given: list[socket.socket] = []
        self.reload: Any = None
        self.report: Any = None
        self.tether.begin = self._begin  # type: ignore[method-assign]

    def give(self, port: int, host: str = "127.0.0.1") -> None:
        self.given.append(socket.socket())
        self.tether.sockets.setdefault(Endpoint(host, port), []).append(self.given[-1])

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                received = receive(self.line)
            except BlockingIOError:
                return found
            assert received
            found.append(received[0]["word"])

    def _begin(self, _reactor: Any, reload: Any, report: Any) -> None:
        self.reload, self.report = reload, report

    def close(self) -> None:
        for each in (*self.given, self.line, self.tether._line):
            each.close()


@pytest.fixture
def supervised(desk: Desk) -> Iterator[Supervised]:
    found = Supervised(desk)
    yield found
    found.close()


def build(supervised: Supervised) -> Whole:
    whole = tap.build(supervised.desk.service.plan, supervised.desk.reactor, supervised.tether)
    whole.obey(supervised.tether, supervised.desk.reactor)
    whole.startService()
    return whole


def test_a_worker_accepts_from_what_it_was_given_and_says_when_it_is_ready(supervised: Supervised) -> None:
    supervised.give(8443)
    supervised.give(8080)
    numbers = [each.fileno() for each in supervised.given]
    whole = build(supervised)
    assert supervised.desk.reactor.adopted == numbers
    assert supervised.heard() == ["ready"]
    assert not whole.failed
    report = json.loads(supervised.report())
    assert (report["worker"], report["status"]["name"]) == (1, "fe1")


def test_a_worker_opens_nothing_by_itself(supervised: Supervised) -> None:
    supervised.give(8443)
    whole = build(supervised)
    assert whole.failed
    assert supervised.desk.reactor.stopped == 1
    assert supervised.heard() == []


def test_a_worker_takes_more_sockets_with_a_reload(supervised: Supervised) -> None:
    supervised.give(8443)
    supervised.give(8080)
    whole = build(supervised)
    supervised.desk.write(PORTS.replace("8080", "8081"))
    assert result(supervised.reload()) is False
    supervised.give(8081)
    supervised.give(8443)  # of a worker that is no longer there
    assert result(supervised.reload()) is True
    assert whole.front
    assert {place.port: len(ports) for (place, _), ports in whole.front.ports.items()} == {8443: 2, 8081: 1}


def test_a_worker_that_is_just_starting_takes_a_newer_file_afterwards(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervised.give(8443)
    supervised.give(8080)
    opened: Deferred[None] = Deferred()
    ours = tap.listen

    async def slow(*args: Any) -> Port:
        await opened
        return await ours(*args)

    monkeypatch.setattr(tap, "listen", slow)
    whole = build(supervised)
    supervised.desk.write(PORTS.replace("fe1", "fe2"))
    reloaded = supervised.reload()
    assert supervised.heard() == []
    opened.callback(None)
    assert result(reloaded) is True
    assert supervised.heard() == ["ready"]
    assert whole.front
    assert whole.front.plan.name == "fe2"


def test_a_newer_file_rules_at_each_socket_of_an_address(supervised: Supervised) -> None:
    for port in (8443, 8443, 8080):
        supervised.give(port)
    whole = build(supervised)
    assert result(supervised.reload()) is True
    assert whole.front
    found = [server[1] for server in supervised.desk.reactor.tcpServers]
    while any(hasattr(each, "wrappedFactory") for each in found):
        found = [getattr(each, "wrappedFactory", each) for each in found]
    doors = whole.front.front.doors
    assert [each.factory for each in found[:2]] == [doors["http"]] * 2


def test_a_worker_that_leaves_tells_clients_with_their_next_answer(supervised: Supervised) -> None:
    supervised.give(8443)
    supervised.give(8080)
    whole = build(supervised)
    client = Client(supervised.desk.factory(8443), supervised.desk.reactor)
    assert "connection" not in client.ask(get("/x", host="localhost")).fields
    stopped = outcome_of(whole.stopService())
    assert client.ask(get("/x", host="localhost")).fields["connection"] == "close"
    for _ in range(30):
        supervised.desk.reactor.advance(0.05)
    assert stopped == [None]


def test_the_mailbox_servers_of_a_worker_are_its_only_part(desk: Desk) -> None:
    supervised = Supervised(desk, MAILBOX)

    class Server(Service):
        failed = False

        def __init__(self) -> None:
            self.ready: Deferred[None] = succeed(None)

    whole = Whole(None, [Server()])
    whole.obey(supervised.tether, desk.reactor)
    assert supervised.heard() == ["ready"]
    assert result(supervised.reload()) is True
    assert (supervised.report(), whole.failed) == (b"", False)
    assert tap.build(desk.service.plan, desk.reactor, supervised.tether).front is None
    supervised.close()


# Load balancers


def test_a_balancer_is_put_before_ports_that_stay_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, Any]] = []

    async def listen(_reactor: Any, endpoint: Endpoint, _factory: Any, _shown: Any, found: Any, proxies: Any) -> Port:
        told.append(("opened", endpoint.port, found))

        def stop() -> Deferred[None]:
            told.append(("closed", endpoint.port, None))
            return succeed(None)

        return Port(endpoint, stop, lambda: cast(Any, f"twin of {endpoint.port}"), proxies)

    monkeypatch.setattr(tap, "listen", listen)
    desk.start()
    told.clear()
    desk.write(PORTS.replace("[http]", "[http]\nproxy protocol = 192.0.2.1"))
    assert desk.reload()
    assert told[:2] == [("opened", 8443, "twin of 8443"), ("opened", 8080, "twin of 8080")]
    assert sorted(told[2:]) == [("closed", 8080, None), ("closed", 8443, None)]
    told.clear()
    assert desk.reload()
    assert told == []


# systemd


def test_a_socket_of_systemd_is_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one:
        monkeypatch.setattr(tap, "inherited_sockets", lambda: {Endpoint("127.0.0.1", 8443): [one]})
        number = one.fileno()
        desk.start()
        assert desk.reactor.adopted == [number]


def test_only_sockets_meant_for_this_process_are_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    class Inherited:
        def __init__(self, fileno: int) -> None:
            made.append(fileno)
            self.port = 8440 + fileno

        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", self.port

    monkeypatch.setattr(systemd.socket, "socket", Inherited)
    monkeypatch.setattr(systemd.os, "dup", lambda number: number)
    environment = tmp_path / "environ"
    for other in ("", "LISTEN_PID=1\0LISTEN_FDS=2\0"):
        environment.write_text(other)
        assert systemd.inherited_sockets(environment) == {}
    environment.write_text(f"A=b\0LISTEN_PID={os.getpid()}\0LISTEN_FDS=2\0")
    assert len(systemd.inherited_sockets(environment)) == 2
    assert made == [3, 4]


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify("READY=1")
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        systemd.notify("READY=1")
        assert ear.recv(100) == b"READY=1"


# twistd


class Parent(dict[str, Any]):
    """What twistd was told before `cas`."""

    def __init__(self, **changes: Any) -> None:
        super().__init__({"nodaemon": 1, "syslog": 0, "logfile": None, "pidfile": "", **changes})


@pytest.fixture
def _no_reactor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no reactor yet, and none installed."""
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor", raising=False)
    monkeypatch.setattr(tap, "choose_reactor", lambda: None)


@pytest.mark.usefixtures("_no_reactor")
def test_several_workers_have_a_supervisor(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write(PORTS.replace("fe1", "fe1\nworkers = 2"))
    asked: list[Any] = []
    monkeypatch.setattr(tap, "supervise", lambda *what: asked.append(what) or ("tether", what[0]))
    options = Options()
    options.parent = Parent(pidfile=str(desk.folder / "cas.pid"))  # type: ignore[assignment]
    options.parseOptions(["--config", str(desk.folder / "cas.ini")])
    ((plan, upgrade, pidfile),) = asked
    assert (plan.workers, upgrade, pidfile) == (2, "", desk.folder / "cas.pid")
    assert options["tether"] == "tether"
    assert options.parent["pidfile"] == ""


@pytest.mark.usefixtures("_no_reactor")
def test_an_upgrade_has_a_supervisor_whatever_the_file_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "supervise", lambda *what: (what[1], what[0]))
    monkeypatch.setenv(UPGRADE, "{}")
    options = Options()
    options.parent = Parent()  # type: ignore[assignment]
    options.parseOptions(["--config", str(desk.folder / "cas.ini")])
    assert options["tether"] == "{}"
    assert UPGRADE not in os.environ


@pytest.mark.usefixtures("_no_reactor")
def test_a_rehearsal_starts_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(UPGRADE, "rehearse")
    with pytest.raises(SystemExit) as ended:
        Options().parseOptions(["--config", str(desk.folder / "cas.ini")])
    assert ended.value.code == 0


@pytest.mark.usefixtures("_no_reactor")
@pytest.mark.parametrize("changes", [{"nodaemon": 0}, {"syslog": 1}, {"logfile": "cas.log"}])
def test_several_workers_refuse_what_they_cannot_share(desk: Desk, changes: dict[str, Any]) -> None:
    desk.write(PORTS.replace("fe1", "fe1\nworkers = 2"))
    options = Options()
    options.parent = Parent(**changes)  # type: ignore[assignment]
    with pytest.raises(UsageError, match="several workers"):
        options.parseOptions(["--config", str(desk.folder / "cas.ini")])


def test_reading_a_file_installs_no_reactor(desk: Desk) -> None:
    code = (
        "import sys, pathlib, casd.tap; casd.tap.read_plan(pathlib.Path(sys.argv[1])); casd.registry.known_sections();"
        "sys.exit('twisted.internet.reactor' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(desk.folder / "cas.ini")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_a_process_whose_services_failed_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[Any] = []
    left: list[int] = []
    monkeypatch.setattr(reactor.atexit, "register", lambda *what: registered.append(what))
    monkeypatch.setattr(reactor.os, "_exit", left.append)
    for failed in (False, True):
        reactor.fail_if(lambda failed=failed: failed)  # type: ignore[misc]
        end, *arguments = registered[-1]
        end(*arguments)
    assert left == [1]


def test_a_good_file_is_taken_from_the_command_line(desk: Desk) -> None:
    options = Options()
    options.parseOptions(["--config", str(desk.folder / "cas.ini")])
    assert options["plan"].name == "fe1"


@pytest.mark.negative
def test_a_bad_file_refuses_the_start(desk: Desk) -> None:
    desk.write(PORTS + "nonsense = 1\n")
    with pytest.raises(UsageError, match=r"(?s)the configuration is not usable.*nonsense.*Nothing was started"):
        Options().parseOptions(["--config", str(desk.folder / "cas.ini")])


@pytest.mark.parametrize(("wanted", "installed"), [("", 1), ("default", 0)])
def test_uvloop_is_the_reactor_unless_another_is_wanted(
    monkeypatch: pytest.MonkeyPatch, wanted: str, installed: int
) -> None:
    loops: list[Any] = []
    monkeypatch.delitem(sys.modules, "twisted.internet.reactor", raising=False)
    monkeypatch.setattr(asyncioreactor, "install", loops.append)
    monkeypatch.setenv("CASD_REACTOR", wanted)
    tap.choose_reactor()
    assert len(loops) == installed
    for loop in loops:
        loop.close()
