"""Nobody is ever answered for somebody else, however few connections many users share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from casd.casctl.provision import ACTIVE
from casd.testing.layout import add_user
from tests.integration.estate import EstateTestCase, FrontEnd
from tests.integration.process import ROOT

REQUESTS = int(os.environ.get("CASD_REQUESTS", "20000"))
USERS = 200
CONNECTIONS = 8
"""To each of two servers: 16 in all."""


class Identity(EstateTestCase):
    """A front end before two stand-ins that answer with what they were asked."""

    def setUp(self) -> None:
        super().setUp()
        self.estate.stand_ins()

    def test_no_answer_is_anothers_on_shared_connections(self) -> None:
        self._check({})

    def test_no_answer_is_anothers_on_shared_connections_of_http2(self) -> None:
        self._check({"alone": "0"}, "h2")

    def _check(self, pool: dict[str, str], *how: str) -> None:
        users = [self._user(number) for number in range(USERS)]
        sections = self.estate.sections("fe1")
        sections["pool"] |= {"connections": str(CONNECTIONS), **pool}
        front = self.estate.front("fe1", sections)
        result = self._load(front, users, *how)
        counts = result["counts"]
        pools = front.status()["pools"]
        self.report(
            f"{REQUESTS} requests of {USERS} users in {result['seconds']} s over {sum(pool['open'] for pool in pools)} "
            f"pooled connections: {counts}; the front end has {front.process.memory / 1e6:.0f} MB"
        )
        assert "crossed" not in counts
        assert counts["200"] + counts["given up"] == REQUESTS
        assert max(pool["open"] for pool in pools) <= CONNECTIONS
        for server in ACTIVE.values():
            assert front.metric("identity_mismatch_total", server=server) == 0

    def test_a_server_that_answers_for_another_mailbox_is_caught_and_kept_out(self) -> None:
        sections = self.estate.sections("fe1")
        front = self.estate.front("fe1", {**sections, "pool": {**sections["pool"], "quarantine": "30 s"}})
        connection = self.estate.connect(front)
        connection.request(
            "GET", "/ews/exchange.asmx?seal=other", headers={"Authorization": self.estate.basic("alice")}
        )
        answer = connection.getresponse()
        body = answer.read()
        assert (answer.status, answer.headers["X-CasErrorCode"]) == (502, "IdentityMismatch")
        assert b"alice@example.org" not in body
        assert front.metric("identity_mismatch_total", server="mbx1") == 1
        breakers = {pool["server"]: pool["breaker"] for pool in front.status()["pools"]}
        assert breakers["mbx1"] == "open"
        self.report(f"answered {answer.status}, counted, breakers {breakers}")

    def _user(self, number: int) -> tuple[str, str, str]:
        database = f"DB0{1 + number % 2}"
        address = f"user{number}@example.org"
        mailbox = add_user(self.estate.demo / "directory.sqlite", address, database, self.estate.password)
        return address, str(mailbox.guid), ACTIVE[database]

    def _load(self, front: FrontEnd, users: list[tuple[str, str, str]], *how: str) -> dict[str, Any]:
        ca, password = str(self.estate.demo / "ca.pem"), self.estate.password
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.integration.load",
                str(front.ports["front"]),
                ca,
                password,
                str(REQUESTS),
                *how,
            ],
            cwd=ROOT,
            input=json.dumps(users),
            capture_output=True,
            text=True,
            timeout=300 + REQUESTS / 100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result


class IdentityOfWorkers(Identity):
    """The same with two workers behind its port."""

    workers = 2
