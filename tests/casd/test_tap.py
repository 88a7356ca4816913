"""The service tree: ports opened, a newer file taken, the end in order."""

from __future__ import annotations

import os
import shutil
import signal
import socket
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
from casd.model import Endpoint
from casd.net.transports import Port
from casd.plan import read_plan
from casd.tap import FrontService, Options, Whole
from tests.casd.casctl.conftest import CHEAP
from tests.casd.estate import Client, get, outcome_of, result
from tests.casd.test_front import Memory
from tests.casd.test_plan import GOOD

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
    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr(tap, "settle_collector", lambda: None)
    yield
    signal.signal(signal.SIGHUP, before)


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
        monkeypatch.setattr(tap, "inherited_sockets", lambda: {Endpoint("127.0.0.1", 8443): one})
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

    monkeypatch.setattr(tap.socket, "socket", Inherited)
    monkeypatch.setattr(tap.os, "dup", lambda number: number)
    environment = tmp_path / "environ"
    for other in ("", "LISTEN_PID=1\0LISTEN_FDS=2\0"):
        environment.write_text(other)
        assert tap.inherited_sockets(environment) == {}
    environment.write_text(f"A=b\0LISTEN_PID={os.getpid()}\0LISTEN_FDS=2\0")
    assert len(tap.inherited_sockets(environment)) == 2
    assert made == [3, 4]


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tap.notify("READY=1")
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        tap.notify("READY=1")
        assert ear.recv(100) == b"READY=1"


# twistd


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
