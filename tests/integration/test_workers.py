"""Several workers: what happens to clients when one of them dies, when all are replaced, and when all leave."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import requests

from casd.crew import STARTS
from casd.net.tether import PATIENCE as PATIENCE_OF_SIBLINGS
from casd.testing import layout
from tests.integration import soap
from tests.integration.estate import Clients, EstateTestCase, FrontEnd, listens
from tests.integration.process import PATIENCE, Process, is_alive, pause, wait_until

TWISTD = Path(sys.executable).parent / "twistd"
BACK = 2.0
"""Seconds within which a worker that has died is to be at work again."""

NOISE = 0.3
"""Seconds that a shared machine may add to anything."""

WHILE = 2.0
"""Seconds of load before and after what is looked at."""


class Workers(EstateTestCase):
    """One front end with two workers before two stand-ins."""

    workers = 2

    def setUp(self) -> None:
        super().setUp()
        self.estate.stand_ins()
        self.sections = self.estate.sections("fe1")
        self.front = self.estate.front("fe1", self.sections)

    def test_a_killed_worker_takes_only_its_own_connections_along_and_is_soon_back(self) -> None:
        clients = Clients(self.estate, self.front, polls=80, others=20)
        pause(WHILE)
        before, workers = clients.told(), self._workers()
        lost = workers[1]["connections"]
        killed = monotonic()
        os.kill(workers[1]["pid"], signal.SIGKILL)
        wait_until(lambda: self._pids().get(1) not in {None, workers[1]["pid"]}, "the worker to be back")
        back = monotonic() - killed
        pause(WHILE)
        again, after = self._workers(), clients.end()
        self.report(
            f"100 clients on {workers[1]['connections']}+{workers[2]['connections']} connections: the kill ended "
            f"{after['counts'].get('ended', 0)}, back after {back:.2f} s; p99 of those who stayed "
            f"{before['p99'] * 1000:.0f} ms before, {after['p99'] * 1000:.0f} ms with it; then "
            f"{again[1]['connections']}+{again[2]['connections']}"
        )
        assert 20 < lost < 80
        assert after["counts"]["ended"] <= lost
        assert after["counts"].keys() == {"200", "ended", "opened"}
        assert back < BACK
        assert after["p99"] < 2 * before["p99"] + NOISE
        assert again[2]["pid"] == workers[2]["pid"]

    def test_an_upgrade_under_load_refuses_no_connection(self) -> None:
        clients = Clients(self.estate, self.front, polls=80, others=20)
        pause(WHILE)
        main, before, so_far = self.front.process.pid, self._pids(), len(self.front.process.lines)
        assert f"process {main} begins anew" in self.estate.casctl("upgrade", ini=self.front.ini)
        self.front.process.wait_for("ready: ", so_far)
        wait_until(lambda: len(self.front.process.children) == 2, "the workers before to leave")
        pause(WHILE)
        told = clients.end()
        after = self._pids()
        self.report(f"workers {list(before.values())} were replaced by {list(after.values())}: {told['counts']}")
        assert not set(before.values()) & set(after.values())
        assert told["counts"].keys() == {"200", "opened"}
        self._reload(2)

    def test_what_does_not_start_replaces_nothing(self) -> None:
        before, so_far = self._pids(), len(self.front.process.lines)
        self.sections["cas"]["nonsense"] = "1"
        layout.write_ini(self.front.ini, self.sections)
        self.front.process.signal(signal.SIGUSR2)
        self.front.process.wait_for("nothing changed", so_far)
        assert self._pids() == before

    def test_figures_and_status_are_those_of_all_workers(self) -> None:
        for _ in range(40):
            connection = self.estate.connect(self.front)
            connection.request("GET", "/ews/", headers={"Authorization": self.estate.basic("alice")})
            assert connection.getresponse().read()
            connection.close()
        labels = {"door": "http", "status": "200", "vdir": "ews"}
        for _ in range(4):  # whichever answers
            assert self.front.metric("casd_requests_total", **labels) == 40
        assert {worker["state"] for worker in self.front.status()["workers"]} == {"up"}
        assert len({pool["worker"] for pool in self.front.status()["pools"]}) == 2
        assert "worker  pid" in self.estate.casctl("status", ini=self.front.ini)

    def test_a_worker_that_hangs_is_named_and_costs_little_time(self) -> None:
        hung = self._pids()[2]
        os.kill(hung, signal.SIGSTOP)
        self.addCleanup(os.kill, hung, signal.SIGCONT)
        told = requests.get(f"http://127.0.0.1:{self.front.ports['admin']}/status", timeout=PATIENCE)
        found = {worker["worker"]: worker["state"] for worker in told.json()["workers"]}
        self.report(f"after {told.elapsed.total_seconds():.1f} s: {found}")
        assert told.elapsed.total_seconds() < 2 * PATIENCE_OF_SIBLINGS
        assert found == {1: "up", 2: "silent"}

    def test_a_worker_that_hangs_for_long_is_replaced(self) -> None:
        self.sections["cas"]["hang time"] = "1 s"
        self._reload(2)
        before = self._pids()
        hung = monotonic()
        os.kill(before[2], signal.SIGSTOP)
        self.front.process.wait_for(rf"process {before[2]}\) has not answered for 1 s")
        wait_until(lambda: self._pids().get(2) not in {None, before[2]}, "another to take its place")
        self.report(f"a worker that was stopped was replaced after {monotonic() - hung:.1f} s")
        assert self._pids()[1] == before[1]

    def test_more_and_fewer_workers_come_with_a_reload(self) -> None:
        clients = Clients(self.estate, self.front, polls=40, others=10)
        for workers in (3, 1, 2):
            self._reload(workers)
            wait_until(lambda workers=workers: len(self._pids()) == workers, f"{workers} workers")
            wait_until(lambda workers=workers: len(self.front.process.children) == workers, "the others to leave")
        told = clients.end()
        assert "refused" not in told["counts"]
        assert told["counts"].keys() <= {"200", "opened", "ended"}

    def test_a_ticket_of_one_worker_is_good_at_the_others(self) -> None:
        session: ssl.SSLSession | None = None
        reused = []
        for _ in range(12):
            with (
                socket.create_connection(("127.0.0.1", self.front.ports["front"]), PATIENCE) as plain,
                self.estate.context.wrap_socket(plain, server_hostname="localhost", session=session) as encrypted,
            ):
                encrypted.sendall(b"GET /owa/healthcheck.htm HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert encrypted.recv(4096)
                reused.append(encrypted.session_reused)
                session = session or encrypted.session
        assert reused == [False] + [True] * 11

    def test_a_port_comes_and_goes_with_a_reload(self) -> None:
        (port,) = layout.free_ports("second").values()
        listen = self.sections["http"]["listen"]
        self.sections["http"]["listen"] = f"{listen} 127.0.0.1:{port}"
        self._reload(2)
        for _ in range(10):
            connection = self.estate.connect(FrontEnd(self.front.process, self.front.ini, {"front": port}))
            connection.request("GET", "/ews/", headers={"Authorization": self.estate.basic("alice")})
            assert connection.getresponse().status == 200
            connection.close()
        self.sections["http"]["listen"] = listen
        self._reload(2)
        wait_until(lambda: not listens(port), "the port to be closed")

    def test_a_drain_lets_clients_finish_and_lets_nobody_in(self) -> None:
        connection = self.estate.connect(self.front)
        connection.request("GET", "/ews/?wait=1.5", headers={"Authorization": self.estate.basic("alice")})
        pause(0.3)
        self.estate.casctl("drain", ini=self.front.ini)
        wait_until(lambda: not listens(self.front.ports["front"]), "the port to be closed")
        assert connection.getresponse().status == 200
        assert self.front.process.wait() == -signal.SIGTERM

    def test_a_second_signal_waits_for_nobody(self) -> None:
        connection = self.estate.connect(self.front)
        connection.request("GET", "/ews/?wait=30", headers={"Authorization": self.estate.basic("alice")})
        pause(0.3)
        self.front.process.signal(signal.SIGTERM)
        wait_until(lambda: not listens(self.front.ports["front"]), "the port to be closed")
        begun = monotonic()
        self.front.process.signal(signal.SIGTERM)
        assert self.front.process.wait() == -signal.SIGTERM
        assert monotonic() - begun < BACK

    def test_workers_end_with_their_supervisor(self) -> None:
        pids = self._pids()
        os.kill(self.front.process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, pids.values())), "the workers to end")

    def _workers(self) -> dict[int, dict[str, Any]]:
        return {worker["worker"]: worker for worker in self.front.status()["workers"]}

    def _pids(self) -> dict[int, int]:
        return {number: worker["pid"] for number, worker in self._workers().items()}

    def _reload(self, workers: int) -> None:
        self.sections["cas"]["workers"] = str(workers)
        layout.write_ini(self.front.ini, self.sections)
        so_far = len(self.front.process.lines)
        self.front.process.signal(signal.SIGHUP)
        self.front.process.wait_for("configuration reloaded", so_far)


class Start(EstateTestCase):
    """What cannot start says so, and does not look as if all had been well."""

    def test_a_port_that_is_taken_ends_the_start_with_1(self) -> None:
        for workers in ("1", "2"):
            with socket.create_server(("127.0.0.1", self.estate.ports["fe1.front"])):
                process = self._start(workers)
                process.wait_for("in use")
                assert process.wait() == 1

    def test_a_port_that_balancers_come_to_is_no_other_matter(self) -> None:
        sections = self.estate.sections("fe1")
        sections["http"]["proxy protocol"] = "127.0.0.1"
        with socket.create_server(("127.0.0.1", self.estate.ports["fe1.front"])):
            process = self._start("1", sections)
            process.wait_for("in use")
            assert process.wait() == 1

    def test_a_second_front_end_does_not_share_the_ports_of_the_first(self) -> None:
        self._start("2").wait_for("ready: ")
        assert self._start("2").wait() == 1

    def test_workers_that_cannot_start_end_the_whole_with_1(self) -> None:
        sections = self.estate.sections("fe1") | layout.mailbox_servers(
            {**self.estate.ports, "front": self.estate.ports["fe1.front"]}
        )
        with socket.create_server(("127.0.0.1", self.estate.ports["mbx1"])):
            process = self._start("2", sections)
            process.wait_for(f"could not start {STARTS} times in a row")
            assert process.wait() == 1

    def test_a_daemon_has_one_worker(self) -> None:
        ini = self._write("2", self.estate.sections("fe1"))
        done = subprocess.run(
            [TWISTD, "cas", "--config", ini], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 1
        assert "--nodaemon" in done.stdout

    def _start(self, workers: str, sections: layout.Sections | None = None) -> Process:
        ini = self._write(workers, sections or self.estate.sections("fe1"))
        return self.estate.begin(TWISTD, "--nodaemon", "--pidfile=", "cas", "--config", ini)

    def _write(self, workers: str, sections: layout.Sections) -> Path:
        sections["cas"]["workers"] = workers
        return layout.write_ini(self.estate.folder / "fe1.ini", sections)


class Consolidated(EstateTestCase):
    """Both roles in one ini: the mailbox servers have a process of their own."""

    workers = 2

    def test_mailbox_servers_run_once_and_outlive_a_worker_and_an_upgrade(self) -> None:
        sections = self.estate.sections("fe1") | layout.mailbox_servers(
            {**self.estate.ports, "front": self.estate.ports["fe1.front"]}
        )
        front = self.estate.front("fe1", sections)
        workers = {worker["pid"] for worker in front.status()["workers"]}
        (mailbox,) = set(front.process.children) - workers
        self._asks(front)
        os.kill(min(workers), signal.SIGKILL)
        self._asks(front)
        so_far = len(front.process.lines)
        front.process.signal(signal.SIGUSR2)
        front.process.wait_for("ready: ", so_far)
        self._asks(front)
        assert mailbox in front.process.children
        os.kill(mailbox, signal.SIGKILL)
        front.process.wait_for(f"process {mailbox}.* has ended")
        wait_until(lambda: listens(self.estate.ports["mbx1"]), "the mailbox servers to be back")
        self._asks(front)
        assert front.process.stop() == -signal.SIGTERM

    def _asks(self, front: FrontEnd) -> None:
        with self.estate.session() as session:
            headers = soap.HEADERS | {"Authorization": self.estate.basic("alice")}
            answer = session.post(f"{front.url}/ews/exchange.asmx", soap.get_inbox(), headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200, (answer.status_code, answer.headers)
        assert soap.succeeded(answer.content)
