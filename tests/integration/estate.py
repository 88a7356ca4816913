"""The processes of a mail organisation on this machine: front ends, mailbox servers or their stand-ins."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import requests
from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from casd.casctl.provision import SERVERS
from casd.testing import layout
from tests.integration.process import PATIENCE, ROOT, Process, memory_of, wait_until

_BIN = Path(sys.executable).parent


@frozen
class FrontEnd:
    """One front end: its process, its configuration, its ports (front, plain, admin)."""

    process: Process
    ini: Path
    ports: dict[str, int]

    @property
    def url(self) -> str:
        return f"https://localhost:{self.ports['front']}"

    def metric(self, name: str, **labels: str) -> float:
        """Return one figure of /metrics, 0 when it has not been counted yet."""
        content = _get(self.ports["admin"], "/metrics").decode()
        wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
        start = f"{name}{{{wanted}}} " if wanted else f"{name} "
        return next((float(line[len(start) :]) for line in content.splitlines() if line.startswith(start)), 0.0)

    def status(self) -> dict[str, Any]:
        """Return what `casctl status` shows."""
        answer: dict[str, Any] = json.loads(_get(self.ports["admin"], "/status"))
        return answer

    def memory(self) -> int:
        """Return the resident memory of all its processes, in bytes."""
        return sum(memory_of(pid) for pid in (self.process.pid, *self.process.children))


class Clients:
    """Clients that always wait for an answer (tests.integration.waiting)."""

    def __init__(self, estate: Estate, front: FrontEnd, *, polls: int, others: int) -> None:
        port, ca = str(front.ports["front"]), str(estate.demo / "ca.pem")
        module = (sys.executable, "-m", "tests.integration.waiting")
        self._process = estate.begin(*module, port, ca, estate.password, str(polls), str(others))
        self._process.wait_for("all are connected")
        self.told()  # what it costs to come in is another question

    def told(self, number: int = signal.SIGUSR1) -> dict[str, Any]:
        """Return what happened to them since this was asked last."""
        so_far = len(self._process.lines)
        self._process.signal(number)
        answer: dict[str, Any] = json.loads(self._process.wait_for("^{", so_far))
        return answer

    def end(self) -> dict[str, Any]:
        """End them; return what happened since they were asked last."""
        return self.told(signal.SIGTERM)


class Estate:
    """The demo organisation in a folder, and the processes that were started for it."""

    def __init__(self, folder: Path, workers: int = 1) -> None:
        self.workers = workers
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True)
        names = (f"{front}.{port}" for front in ("fe1", "fe2") for port in ("front", "plain", "admin"))
        self.ports = layout.free_ports(*SERVERS, *names)
        self.demo = layout.make_demo(self.folder, {**self.ports, "front": self.ports["fe1.front"]})
        self.password = (self.demo / "password").read_text().strip()
        self.context = ssl.create_default_context(cafile=self.demo / "ca.pem")
        self.processes: list[Process] = []

    def sections(self, name: str) -> layout.Sections:
        """Return the configuration of a front end: fe1 or fe2."""
        sections = layout.front(name, self._ports_of(name))
        sections["cas"]["workers"] = str(self.workers)
        return sections

    def front(self, name: str, sections: layout.Sections | None = None) -> FrontEnd:
        """Start a front end, and return when it is ready."""
        ini = layout.write_ini(self.folder / f"{name}.ini", sections or self.sections(name))
        process = self.begin(_BIN / "twistd", "--nodaemon", "--pidfile=", "cas", "--config", ini)
        process.wait_for("ready: ")
        return FrontEnd(process, ini, self._ports_of(name))

    def mailbox_servers(self) -> dict[str, Process]:
        """Start both mailbox servers, and return when they listen."""
        sections = layout.mailbox_servers({**self.ports, "front": self.ports["fe1.front"]})
        processes = {}
        for server in SERVERS:
            section = f"mailbox:{server}"
            ini = layout.write_ini(self.folder / f"{server}.ini", {section: sections[section]})
            processes[server] = self.begin(_BIN / "twistd", "--nodaemon", "--pidfile=", "mailbox", "--config", ini)
        for server in SERVERS:
            wait_until(lambda port=self.ports[server]: listens(port), f"{server} to listen")
        return processes

    def stand_ins(self) -> None:
        """Start a stand-in for each mailbox server, that answers with what it was asked (tests.integration.echo)."""
        for server in SERVERS:
            module = "tests.integration.echo"
            self.begin(sys.executable, "-m", module, server, str(self.ports[server]), self.demo).wait_for("ready")

    def casctl(self, *arguments: str, ini: Path) -> str:
        """Return what a casctl command prints; it must not fail."""
        command = [_BIN / "casctl", *arguments, "--config", ini]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def connect(self, front: FrontEnd) -> http.client.HTTPSConnection:
        """Return a client's connection to a front end."""
        return http.client.HTTPSConnection("localhost", front.ports["front"], timeout=PATIENCE, context=self.context)

    def session(self) -> requests.Session:
        """Return a client that keeps cookies and trusts the demo's authority alone."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.demo / "ca.pem")
        return session

    def basic(self, user: str) -> str:
        """Return the Authorization of a user by first name."""
        return "Basic " + b64encode(f"{user}@example.org:{self.password}".encode()).decode()

    def close(self) -> None:
        """End what is still running, front ends first."""
        for process in reversed(self.processes):
            process.kill()

    def begin(self, *command: str | Path) -> Process:
        """Start a process of the estate."""
        process = Process(*command)
        self.processes.append(process)
        return process

    def _ports_of(self, front: str) -> dict[str, int]:
        return {port: self.ports[f"{front}.{port}"] for port in ("front", "plain", "admin")}


class EstateTestCase(SynchronousTestCase):
    """A test with an estate of its own, whose front ends have so many workers. It blocks: others do all the work."""

    workers = 1

    def setUp(self) -> None:
        self.estate = Estate(Path(self.mktemp()), self.workers)
        self.addCleanup(self.estate.close)

    def report(self, text: str) -> None:
        """Print a figure that a reader of the run wants to see."""
        sys.stdout.write(f"\n    {self.id().rpartition('.')[2]}: {text}\n")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200, response.status
        return response.read()
    finally:
        connection.close()
