"""Thousands of phones wait for news through one front end: few connections, little memory, nobody else slowed down."""

from __future__ import annotations

import json
import os
import resource
import sys

from casd.casctl.provision import ACTIVE
from casd.testing.layout import add_user
from tests.integration.estate import EstateTestCase
from tests.integration.process import Process, wait_until

POLLS = int(os.environ.get("CASD_POLLS", "1000"))
USERS = 100
CONNECTIONS = 100
KIBIBYTES = 40
NOISE = 5.0
"""Milliseconds by which a 99th percentile differs from run to run on a machine that does other things, too."""


class Polls(EstateTestCase):
    """One front end before two stand-ins that speak HTTP/2."""

    timeout = 400

    def setUp(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super().setUp()
        self.estate.stand_ins()

    def test_thousands_of_waiting_phones_cost_little(self) -> None:
        front = self.estate.front("fe1")
        file = self.estate.folder / "users.json"
        file.write_text(json.dumps([self._user(number) for number in range(USERS)]))
        wait = 15 + POLLS / 100
        command = [sys.executable, "-m", "tests.integration.polls", str(front.ports["front"])]
        arguments = [str(self.estate.demo / "ca.pem"), self.estate.password, str(POLLS), str(wait), str(file)]
        before = front.process.memory
        crowd = Process(*command, *arguments)
        self.addCleanup(crowd.kill)
        crowd.wait_for("holding", patience=300)
        wait_until(lambda: front.metric("casd_open_requests", door="http") >= POLLS, "all polls to be open")
        each = (front.process.memory - before) / POLLS / 1024
        connections = sum(pool["open"] for pool in front.status()["pools"])
        result = json.loads(crowd.wait_for("^{", patience=300))
        self.report(
            f"{POLLS} polls: {each:.1f} KiB each, {connections} connections to servers, "
            f"99 % of the foreground within {result['before']} ms before and {result['beside']} ms beside: {result}"
        )
        assert result["counts"] == {"200": POLLS}
        assert result["too early"] == 0
        assert connections <= CONNECTIONS
        assert each <= KIBIBYTES
        assert result["beside"] <= 2 * result["before"] + NOISE
        wait_until(lambda: front.metric("casd_open_requests", door="http") == 0, "all polls to be over")

    def _user(self, number: int) -> tuple[str, str, str]:
        database = f"DB0{1 + number % 2}"
        address = f"user{number}@example.org"
        mailbox = add_user(self.estate.demo / "directory.sqlite", address, database, self.estate.password)
        return address, str(mailbox.guid), ACTIVE[database]
