"""drain and upgrade: a signal for the front end that runs, and for nobody else."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casd.casctl import running
from tests.casd.casctl.conftest import Casctl, answer


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return the signals that were sent, to whom."""
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(running.os, "kill", lambda *what: found.append(what))
    return found


@pytest.fixture
def listening(ini: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Have this process listen as a front end; return what it tells, which may be changed."""
    told = {"pid": os.getpid(), "supervised": True}
    monkeypatch.setattr(running, "_ask", lambda _: told)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ini.write_text(ini.read_text().replace("8444", str(server.getsockname()[1])))
        yield told


def test_drain_asks_the_front_end_to_end(demo: Casctl, listening: dict[str, Any], sent: list[Any]) -> None:
    assert answer(demo("drain --json")) == {"pid": os.getpid()}
    assert "lets its clients finish" in demo("drain").output
    assert sent == [(os.getpid(), signal.SIGTERM)] * 2


def test_upgrade_asks_the_supervisor_to_begin_anew(demo: Casctl, listening: dict[str, Any], sent: list[Any]) -> None:
    assert answer(demo("upgrade --json")) == {"pid": os.getpid()}
    assert sent == [(os.getpid(), signal.SIGUSR2)]


def test_a_process_alone_is_not_upgraded_in_place(demo: Casctl, listening: dict[str, Any], sent: list[Any]) -> None:
    listening["supervised"] = False
    result = demo("upgrade")
    assert result.exit_code == 1
    assert "workers = 2" in result.output
    assert sent == []


@pytest.mark.negative
def test_who_does_not_listen_there_is_sent_nothing(demo: Casctl, listening: dict[str, Any], sent: list[Any]) -> None:
    listening["pid"] = os.getppid()
    result = demo("drain")
    assert result.exit_code == 1
    assert "nothing was done" in result.output
    assert sent == []


def test_a_file_that_is_closed_meanwhile_is_nothing(tmp_path: Path) -> None:
    assert running._target(tmp_path / "7") == ""


@pytest.mark.parametrize(
    ("error", "status", "words"), [(PermissionError(), 1, "another user's"), (ProcessLookupError("no"), 3, "is gone")]
)
def test_who_cannot_be_sent_anything_is_told_of(
    demo: Casctl, listening: dict[str, Any], monkeypatch: pytest.MonkeyPatch, error: OSError, status: int, words: str
) -> None:
    def kill(*_: int) -> None:
        raise error

    monkeypatch.setattr(running.os, "kill", kill)
    result = demo("drain")
    assert result.exit_code == status
    assert words in result.output
