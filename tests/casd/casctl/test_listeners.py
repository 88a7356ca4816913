from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from casd.casctl.invocation import Down
from casd.casctl.listeners import listeners, wait_for
from casd.model import Endpoint
from casd.plan import read_plan
from tests.casd.casctl.conftest import Casctl

FRONT = Endpoint("127.0.0.1", 8443)
ADMIN = Endpoint("127.0.0.1", 8444)


class Machine:
    """What listens from which attempt on; time passes by sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, opens: dict[int, float]) -> None:
        self.now, self.parent, self._opens = 0.0, 1, opens
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(os, "getppid", lambda: self.parent)
        monkeypatch.setattr(socket, "create_connection", self.connect)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def connect(self, address: tuple[str, int], _timeout: float) -> Machine:
        if self._opens.get(address[1], 1e9) > self.now:
            raise ConnectionRefusedError
        return self

    def close(self) -> None:
        pass


def test_every_listener_of_a_configuration_is_known(demo: Casctl, ini: Path) -> None:
    ini.write_text(
        ini.read_text().replace("listen = 127.0.0.1:8443", "listen = 127.0.0.1:8443\nplain = 127.0.0.1:8080")
    )
    assert set(listeners(read_plan(ini))) == {FRONT, ADMIN, Endpoint("127.0.0.1", 8080)}


def test_the_wait_ends_when_the_last_one_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {8443: 1.0, 8444: 2.0})
    wait_for([FRONT, ADMIN])
    assert 2.0 <= machine.now < 2.5


def test_the_wait_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {8443: 1.0})
    with pytest.raises(Down, match=r"nothing listens at 127\.0\.0\.1:8444"):
        wait_for([FRONT, ADMIN])
    assert machine.now > 30


def test_the_wait_ends_with_whoever_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, {})

    def die(_seconds: float) -> None:
        machine.parent = 99

    monkeypatch.setattr(time, "sleep", die)
    with pytest.raises(Down):
        wait_for([FRONT])


def test_the_demo_says_when_it_is_ready(demo: Casctl, monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, {8443: 0, 8444: 0, 8080: 0})
    assert demo("demo show --wait").output.endswith("\n\nready\n")
    assert demo("demo show --wait --json").exit_code == 0
