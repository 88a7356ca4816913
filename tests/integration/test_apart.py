"""The two roles in processes of their own: a front end that knows of no mailbox server but by the directory."""

from __future__ import annotations

import sys
from pathlib import Path

import requests

from casd.casctl.provision import SERVERS
from casd.testing import layout
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import Process, wait_until

TWISTD = Path(sys.executable).parent / "twistd"


class Apart(EstateTestCase):
    def test_mailbox_servers_by_themselves_serve_a_front_end_by_itself(self) -> None:
        front = self.estate.front("fe1")
        ports = {server: self.estate.ports[server] for server in SERVERS} | {"front": front.ports["front"]}
        sections, (told,) = layout.mailbox_servers(ports), layout.free_ports("metrics").values()
        sections["mailbox:mbx1"]["metrics"] = f"127.0.0.1:{told}"
        ini = layout.write_ini(self.estate.folder / "mailbox.ini", sections)
        servers = Process(TWISTD, "--nodaemon", "--pidfile=", "mailbox", "--config", ini)
        self.addCleanup(servers.kill)
        for server in SERVERS:
            servers.wait_for(f"{server} has mounted")
        wait_until(lambda: self.asked(front, "alice") == self.asked(front, "carol") == 200, "both servers to answer")
        figures = requests.get(f"http://127.0.0.1:{told}/metrics", timeout=10)
        assert 'casd_database_mailboxes{database="DB01",server="mbx1"} 1.0' in figures.text
        servers.stop()
        servers.wait_for("mbx1 has dismounted DB01")
        assert self.asked(front, "alice") == 503

    def asked(self, front: FrontEnd, user: str) -> int:
        """Return the status of the answer to the demo's question for a user's inbox."""
        connection = self.estate.connect(front)
        self.addCleanup(connection.close)
        headers = {"Authorization": self.estate.basic(user), "Content-Type": "text/xml"}
        connection.request("POST", "/ews/exchange.asmx", (self.estate.demo / "inbox.xml").read_bytes(), headers)
        return connection.getresponse().status
