"""A network of its own, in which an organisation has its real names and ports, for clients that insist on them.

Its namespaces (network, mounts, users) need no privileges, and have no way out. Inside, names are asked of
tests.integration.lab_names, and everything listens on 127.0.0.1.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from casd.casctl.main import main
from casd.casctl.provision import DOMAIN, NAMESPACES
from casd.testing import layout
from tests.integration.lab_names import Records
from tests.integration.process import ROOT, Process

_BIN = Path(sys.executable).parent
CASCTL = _BIN / "casctl"
_HOST = "mail.example.org"
_PORTS = {"front": 443, "plain": 80, "admin": 8444, "mbx1": 9443, "mbx2": 9444, "mbx3": 9445}
_BINDS = 'for file in resolv.conf hosts; do mount --bind "$0/$file" "/etc/$file"; done; exec "$@"'
_PATIENCE = 120
"""Seconds for a client's whole work; Thunderbird takes some to start."""

USUAL_RECORDS: Records = {
    _HOST: [("A", "127.0.0.1")],
    "autodiscover.example.org": [("CNAME", _HOST)],
    "autoconfig.example.org": [("CNAME", _HOST)],
    "_autodiscover._tcp.example.org": [("SRV", f"0 0 443 {_HOST}")],
}


class Lab:
    """The demo organisation on ports 443 and 80, with a third mailbox server, in namespaces of its own.

    mbx1 (alice, bob) is what it is; mbx2 (carol, dave) is known as an Exchange server that has IMAP and SMTP too,
    mbx3 (erin) as gromox. Nobody listens for IMAP and SMTP.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True)
        self.processes: list[Process] = []
        self.demo = layout.make_demo(self.folder, _PORTS)
        self.password = (self.demo / "password").read_text().strip()
        self.sections = layout.front("fe1", _PORTS) | layout.mailbox_servers(_PORTS)
        self.ini = self.folder / "cas.ini"
        self._third_server()
        self.write_ini()
        self._fill_directory()

    def open(self, records: Records = USUAL_RECORDS) -> None:
        """Make the namespaces, and serve in them."""
        (self.folder / "names.json").write_text(json.dumps(records))
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (self.folder / "hosts").write_text("127.0.0.1 localhost\n")
        names = (sys.executable, "-m", "tests.integration.lab_names", self.folder / "names.json")
        self._holder = self._begin("unshare", "-Urnm", "sh", "-ec", _BINDS, self.folder, *names)
        self._holder.wait_for("^ready")
        front = self.begin(_BIN / "twistd", "--nodaemon", "--pidfile=", "cas", "--config", self.ini)
        front.wait_for("ready: ")

    def close(self) -> None:
        """End everything."""
        for process in reversed(self.processes):
            process.kill()

    def casctl(self, *arguments: str | Path) -> None:
        """Do what casctl does with these arguments; it must not fail."""
        done = CliRunner().invoke(main, [*map(str, arguments), "--config", str(self.ini)])
        assert done.exit_code == 0, done.output

    def add_user(self, address: str, database: str) -> None:
        """Add a user with the common password."""
        layout.add_user(self.demo / "directory.sqlite", address, database, self.password)

    def certify(self, *names: str) -> None:
        """Have the front end's certificate made for more names."""
        fronts = [word for name in (*NAMESPACES, *names) for word in ("--front", name)]
        self.casctl("cert", "init", self.demo, *fronts, "--server", "mbx3=mbx3.example.org")

    def log(self) -> list[dict[str, Any]]:
        """Return the front end's lines so far."""
        return [json.loads(line) for line in (self.folder / "fe1.log").read_text().splitlines()]

    def run(self, *command: str | Path, fails: bool = False) -> str:
        """Return what a command prints inside; it must fail if so said, and must not otherwise."""
        return _output(self._inside(*command), fails=fails)

    def ask(self, module: str, question: Any) -> Any:
        """Return what a client's program answers inside: it is asked, and answers, a line of JSON."""
        printed = self.run(sys.executable, "-m", module, json.dumps(question))
        return json.loads(printed.splitlines()[-1])

    def begin(self, *command: str | Path) -> Process:
        """Start a process inside."""
        return self._begin(*self._inside(*command))

    def write_ini(self) -> None:
        """Write the configuration file anew."""
        layout.write_ini(self.ini, self.sections)

    def _begin(self, *command: str | Path) -> Process:
        process = Process(*command)
        self.processes.append(process)
        return process

    def _inside(self, *command: str | Path) -> list[str | Path]:
        environment = {
            "REQUESTS_CA_BUNDLE": self.demo / "ca.pem",
            "HOME": self.folder,
            "TMPDIR": self.folder,
        }
        settings = [f"{name}={value}" for name, value in environment.items()]
        namespaces = ("nsenter", "-t", str(self._holder.pid), "-U", "-n", "-m", "--preserve-credentials")
        return [*namespaces, f"--wd={ROOT}", "env", *settings, *command]

    def _third_server(self) -> None:
        self.sections["mailbox:mbx3"] = {
            key: value.replace("mbx2", "mbx3").replace("DB02", "DB03").replace("9444", "9445")
            for key, value in self.sections["mailbox:mbx2"].items()
        }
        self.sections["http"]["namespaces"] = " ".join(NAMESPACES)

    def _fill_directory(self) -> None:
        self.certify()
        where = ("--site", "Main", "--endpoint", "127.0.0.1:9445", "--ca", self.demo / "ca.pem")
        self.casctl("server", "add", "mbx3", "--kind", "gromox", *where, "--tls-name", "mbx3.example.org")
        self.casctl("database", "add", "DB03", "--copy", "mbx3")
        self.add_user(f"erin@{DOMAIN}", "DB03")
        mail = [
            word
            for one in ("127.0.0.1:9444", "imap4=127.0.0.1:143", "smtp=127.0.0.1:25")
            for word in ("--endpoint", one)
        ]
        self.casctl("server", "set", "mbx2", "--kind", "exchange", *mail)
        url = f"https://{_HOST}"
        self.casctl("site", "set", "Main", "--internal-url", url, "--external-url", url)


def _output(command: list[str | Path], *, fails: bool = False) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert (done.returncode != 0) is fails, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
