"""casctl against the processes that it controls: a front end with two mailbox servers, started by twistd."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from twisted.trial.unittest import TestCase

from casd.casctl.provision import provision

_BIN = Path(sys.executable).parent

_INI = """
[cas]
name = front1
[sqlite]
file = demo/directory.sqlite
[forms]
secret = demo/array.secret
[pool]
certificate = demo/client.pem
private key = demo/client.key
keys = demo/keys
[http]
listen = 127.0.0.1:{front}
plain =
namespaces = mail.example.org localhost
certificate = demo/front.pem
private key = demo/front.key
[admin]
listen = 127.0.0.1:{admin}
"""

_SERVER = """
[mailbox:{name}]
listen = 127.0.0.1:{port}
certificate = demo/{name}.pem
private key = demo/{name}.key
client ca = demo/ca.pem
keys = demo/keys/{name}.key
databases = demo/databases
mount = {database}
front = https://localhost:{front}
front ca = demo/ca.pem
"""


class Casctl(TestCase):
    """The demo organisation with its three listeners."""

    def setUp(self) -> None:
        self.place = Path(self.mktemp())
        self.place.mkdir()
        self.ports = _free_ports("front", "admin", "mbx1", "mbx2")
        cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        provision(self.place / "demo", ports=self.ports, hasher=cheap)
        servers = [
            _SERVER.format(name=name, port=self.ports[name], database=database, front=self.ports["front"])
            for name, database in (("mbx1", "DB01"), ("mbx2", "DB02"))
        ]
        self.ini = self.place / "cas.ini"
        self.ini.write_text("".join([_INI.format(**self.ports), *servers]))
        with (self.place / "log").open("wb") as log:
            daemon = subprocess.Popen(
                [_BIN / "twistd", "--nodaemon", "--pidfile=", "cas", "--config", self.ini], stdout=log, stderr=log
            )
        self.addCleanup(daemon.wait, 60)
        self.addCleanup(daemon.terminate)
        assert self.casctl("demo show --wait").endswith("\n\nready\n")

    def casctl(self, line: str, status: int = 0) -> str:
        command = [str(_BIN / "casctl"), "--config", str(self.ini), *line.split()]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        log = (self.place / "log").read_text()
        assert ended.returncode == status, f"{ended.stderr}\n{log}"
        return ended.stdout if status == 0 else ended.stderr

    def answer(self, line: str) -> Any:
        return json.loads(self.casctl(f"{line} --json"))

    def curl(self) -> str:
        """Return the status and the server of the request that `demo show` proposes, for alice's mailbox."""
        line = self.answer("demo show")["try"]
        written = "--silent --output /dev/null --write-out '%{http_code} %header{x-beserver}'"
        ended = subprocess.run(f"{line} {written}", shell=True, capture_output=True, text=True, timeout=60, check=False)
        return ended.stdout + ended.stderr

    def test_a_good_configuration_serves_and_tells_of_itself(self) -> None:
        assert "is good" in self.casctl("check")
        assert self.curl() == "200 mbx1"
        status = self.answer("status")
        assert [server["name"] for server in status["servers"]] == ["mbx1", "mbx2"]

    def test_a_database_moves_with_its_mailboxes_and_back(self) -> None:
        assert self.answer("database move DB01 --to mbx2")["epoch"] % 2 == 0
        assert self.curl() == "200 mbx2"
        assert self.answer("database move DB01 --to mbx1")["epoch"] % 2 == 1
        assert self.curl() == "200 mbx1"

    def test_a_new_database_is_made_and_mounted_while_all_runs(self) -> None:
        self.casctl("database add DB03 --copy mbx2")
        assert "there is no database DB03" in self.casctl("database mount DB03", status=1)
        self.casctl("database mount DB03 --create")
        self.casctl("mailbox add erin@example.org --database DB03")
        assert self.answer("why erin@example.org --protocol ews")["server"] == "mbx2"
        self.casctl("database dismount DB03")

    def test_a_server_refuses_a_control_call_under_another_key(self) -> None:
        key = self.place / "demo" / "keys" / "mbx1.key"
        right = key.read_text()
        key.write_text("1 " + "00" * 32)
        self.addCleanup(key.write_text, right)
        assert "without proof that it is mbx1" in self.casctl("database mount DB01", status=3)


def _free_ports(*names: str) -> dict[str, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return dict(zip(names, ports, strict=True))
