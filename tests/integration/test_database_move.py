"""A mailbox database is moved to and fro while many clients write into it: nobody notices but by waiting."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from time import monotonic
from typing import Any

from attrs import frozen

from tests.integration import soap
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import PATIENCE, ROOT, wait_until

MOVES = 20
CLIENTS = 50
USERS = ("alice@example.org", "bob@example.org")
BETWEEN = 2 * CLIENTS
"""Requests that are served before the next move."""


@frozen
class Stay:
    """When a database was surely mounted at one server."""

    server: str
    begin: float
    end: float


class DatabaseMove(EstateTestCase):
    """One front end, both mailbox servers, the operator's command, the clients."""

    def test_moves_under_load_fail_nothing_lose_nothing_double_nothing(self) -> None:
        self.estate.mailbox_servers()
        front = self.estate.front("fe1")
        writers = self._writers(front)
        stays = self._move(front)
        output, _ = writers.communicate("", timeout=PATIENCE)
        requests = json.loads(output)
        statuses = dict(Counter(request["status"] for request in requests))
        slowest = max(request["ended"] - request["began"] for request in requests)
        elsewhere = sum(front.metric("casd_misdirected_total", server=stay.server) for stay in stays[:2])
        self.report(
            f"{MOVES} moves in {stays[-1].end - stays[0].begin:.0f} s under {CLIENTS} clients; requests {statuses}, "
            f"the slowest took {slowest:.2f} s; {elsewhere:.0f} times one came to the wrong server and was sent on"
        )
        assert [request for request in requests if request["status"] != 200] == []
        self._check_servers(requests, stays)
        for user in USERS:
            wanted = sorted(request["subject"] for request in requests if request["subject"].startswith(user))
            assert sorted(self._found(front, user)) == wanted

    def _writers(self, front: FrontEnd) -> subprocess.Popen[str]:
        arguments = (str(front.ports["front"]), str(self.estate.demo / "ca.pem"), self.estate.password, str(CLIENTS))
        command = [sys.executable, "-m", "tests.integration.writers", *arguments, *USERS]
        writers = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(writers.wait)
        self.addCleanup(writers.kill)
        return writers

    def _move(self, front: FrontEnd) -> list[Stay]:
        """Move, each time after some requests; return where the database surely was, and when."""
        stays: list[Stay] = []
        here, there, began = "mbx1", "mbx2", monotonic()
        for _ in range(MOVES):
            self._wait_for_requests(front)
            stays.append(Stay(here, began, monotonic()))
            self.estate.casctl("database", "move", "DB01", "--to", there, ini=front.ini)
            here, there, began = there, here, monotonic()
        self._wait_for_requests(front)
        return [*stays, Stay(here, began, monotonic())]

    def _wait_for_requests(self, front: FrontEnd) -> None:
        def served() -> float:
            return front.metric("casd_requests_total", door="http", status="200", vdir="ews")

        enough = served() + BETWEEN
        wait_until(lambda: served() >= enough, f"{BETWEEN} requests to be served")

    def _check_servers(self, requests: list[dict[str, Any]], stays: list[Stay]) -> None:
        """Every request that began and ended within a stay was served by that server."""
        checked = 0
        for stay in stays:
            within = [each for each in requests if stay.begin <= each["began"] and each["ended"] <= stay.end]
            assert {each["server"] for each in within} == {stay.server}
            checked += len(within)
        self.report(f"{checked} requests between the moves were all served by the server that had the database")

    def _found(self, front: FrontEnd, user: str) -> list[str]:
        """Return the subjects of all drafts of a user."""
        connection = self.estate.connect(front)
        self.addCleanup(connection.close)
        headers = soap.HEADERS | {"Authorization": self.estate.basic(user.partition("@")[0])}
        found: list[str] = []
        while True:
            connection.request("POST", "/ews/exchange.asmx", soap.find_drafts(len(found), 500), headers)
            page = soap.subjects(connection.getresponse().read())
            found += page
            if not page:
                return found
