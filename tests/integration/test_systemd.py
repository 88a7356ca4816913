"""The units in etc/, checked by systemd, with what they rely on: sockets handed over, word of readiness."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.integration.estate import EstateTestCase
from tests.integration.process import PATIENCE, ROOT, Process, wait_until

TWISTD = Path(sys.executable).parent / "twistd"
EXPOSED = 1.5
"""On systemd's scale from 0 to 10; docs/operating.md says what is left."""


def analyze(*command: str | Path) -> str:
    return subprocess.run(
        ["systemd-analyze", *command], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout


class Units(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        for unit in ("casd.service", "casd.socket"):
            content = (ROOT / "etc" / unit).read_text(encoding="utf-8")
            # It asks whether the commands are there: here they are elsewhere.
            (self.folder / unit).write_text(re.sub(r"/opt/casd/bin/\w+", "/bin/true", content), encoding="utf-8")

    def test_systemd_finds_nothing_wrong(self) -> None:
        units = [self.folder / "casd.service", self.folder / "casd.socket"]
        assert analyze("verify", *units) == ""

    def test_little_is_exposed(self) -> None:
        report = analyze("security", "--offline=true", "--no-pager", self.folder / "casd.service")
        (score,) = re.findall(r"exposure level for casd.service: ([\d.]+)", report)
        assert float(score) < EXPOSED


class Service(EstateTestCase):
    def test_sockets_that_were_handed_over_are_served_and_survive_a_reload(self) -> None:
        service, ports = self.activated()
        for _ in range(2):
            seen = len(service.lines)
            service.signal(signal.SIGHUP)
            service.wait_for("configuration reloaded", after=seen)
            assert self.health(ports[0]) == 200

    def test_systemd_is_told_of_readiness_and_of_the_end(self) -> None:
        ini = self.estate.front("fe1").ini
        self.estate.close()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.settimeout(PATIENCE)
            told.bind("")
            name = told.getsockname().replace(b"\0", b"@", 1).decode()
            command = (TWISTD, "--nodaemon", "--pidfile=", "cas", "--config", ini)
            service = Process("env", f"NOTIFY_SOCKET={name}", *command)
            self.addCleanup(service.kill)
            assert told.recv(100) == b"READY=1"
            service.signal(signal.SIGTERM)
            assert told.recv(100) == b"STOPPING=1"

    def activated(self) -> tuple[Process, list[int]]:
        """Start a front end by its first client; return it with its encrypted and its plain port."""
        ini = self.estate.front("fe1").ini
        self.estate.close()
        ports = [self.estate.ports[f"fe1.{name}"] for name in ("front", "plain")]
        sockets = [option for port in ports for option in ("--listen", f"127.0.0.1:{port}")]
        service = Process(
            "systemd-socket-activate", *sockets, TWISTD, "--nodaemon", "--pidfile=", "cas", "--config", ini
        )
        self.addCleanup(service.kill)
        service.wait_for("Listening")
        assert self.health(ports[0]) == 200  # systemd-socket-activate starts it when the first client comes
        service.wait_for("ready: ")
        return service, ports

    def health(self, port: int) -> int:
        url = f"https://localhost:{port}/owa/healthcheck.htm"
        command = [
            "curl",
            "--silent",
            "--write-out",
            "%{http_code}",
            "--cacert",
            self.estate.demo / "ca.pem",
            "--output",
            "/dev/null",
            url,
        ]
        return int(subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE).stdout)


class ServiceOfWorkers(Service):
    """The same with two workers, which share the sockets that were handed over."""

    workers = 2

    def test_sockets_that_were_handed_over_survive_an_upgrade(self) -> None:
        service, ports = self.activated()
        for _ in range(2):
            seen, before = len(service.lines), set(service.children)
            service.signal(signal.SIGUSR2)
            service.wait_for("ready: ", after=seen)
            wait_until(lambda before=before: not before & set(service.children), "the workers before to leave")
            assert self.health(ports[0]) == 200
