"""When address books are made, and how: by a process of its own, of whichever front end is first."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from casd import oab_process
from casd.directory import sqlite
from casd.model import DirectoryDown, Generation
from casd.oab import Settings
from casd.oab_book import EVERYBODY
from casd.oab_build import Outcome
from casd.oab_files import FORMAT, Name, every_name, put
from casd.oab_job import INTERVAL, PATIENCE, Job
from casd.oab_process import NotMade, Process, Task
from tests.casd.directory.conftest import estate, file  # noqa: F401 (fixtures)

HOUR = 3600
MADE = Generation(1, 0, 0, 0, 1, FORMAT, (EVERYBODY,))
DATA = Name(EVERYBODY.guid, "data", 1)


class Line:
    """A job with a clock, a directory that says what is recorded, and a process that ends when it is told to."""

    def __init__(self, folder: Path, *, record: bool = True) -> None:
        self.clock = Clock()
        self.folder = folder
        self.kept: list[Generation] = []
        self.down = False
        self.tasks: list[Task] = []
        self.ended = False
        self.running: list[Deferred[Outcome]] = []
        settings = Settings(folder, record, 8 * HOUR, 24 * HOUR)
        source = ("casd.directory.sqlite", None)
        process: Any = self
        self.job = Job(settings, [EVERYBODY], source, self, self._run, self.clock, self.clock.seconds, process)

    async def generations(self) -> tuple[Generation, ...]:
        if self.down:
            raise DirectoryDown("gone fishing")
        return tuple(self.kept)

    def run(self, task: Task) -> None:
        self.tasks.append(task)

    def end(self) -> None:
        self.ended = True

    def _run(self, function: Any, *args: Any) -> Deferred[Any]:
        found = function(*args)
        if function != self.run:
            return succeed(found)
        self.running.append(Deferred())
        return self.running[-1]

    def make(self) -> None:
        """Let the files be there."""
        self.folder.mkdir(exist_ok=True)
        for name in every_name(self.kept):
            put(self.folder, name, MADE, b"")

    def done(self, outcome: Outcome | Exception = Outcome(made=("x",))) -> None:  # noqa: B008 (a frozen value)
        """Let the process that runs end."""
        if isinstance(outcome, Exception):
            self.running.pop().errback(outcome)
        else:
            self.running.pop().callback(outcome)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    made = Line(tmp_path / "oab")
    made.job.start()
    return made


def test_the_first_books_are_made_at_once(line: Line) -> None:
    line.clock.advance(0)
    (task,) = line.tasks
    assert (task.module, task.books, task.wanted) == ("casd.directory.sqlite", (EVERYBODY,), ())


def test_where_all_is_made_nothing_is_done_until_it_is_time(line: Line) -> None:
    line.kept = [MADE]
    line.make()
    line.clock.pump([INTERVAL] * int(8 * HOUR / INTERVAL - 1))
    assert not line.tasks
    line.clock.advance(INTERVAL)
    assert len(line.tasks) == 1


def test_what_another_front_end_has_recorded_is_made_here_too(line: Line) -> None:
    line.kept = [MADE]
    line.make()
    line.clock.advance(0)
    line.kept.append(evolve(MADE, sequence=2, announced=None))
    line.clock.advance(INTERVAL)
    assert len(line.tasks) == 1


def test_one_process_runs_at_a_time(line: Line) -> None:
    line.clock.pump([0, *[INTERVAL] * 100])
    assert len(line.tasks) == 1
    line.done()
    line.clock.advance(INTERVAL)
    assert len(line.tasks) == 2


def test_a_file_that_a_client_asks_for_is_made_at_once(line: Line) -> None:
    line.kept = [MADE]
    line.make()
    line.clock.advance(0)
    (line.folder / str(DATA)).unlink()
    line.job.want(DATA)
    line.clock.advance(0)
    assert [task.wanted for task in line.tasks] == [(DATA,)]


def test_a_file_that_is_asked_for_while_others_are_made_comes_next(line: Line) -> None:
    line.clock.advance(0)
    line.job.want(DATA)
    line.kept = [MADE]
    line.done()
    line.clock.advance(0)
    assert [task.wanted for task in line.tasks] == [(), (DATA,)]


@pytest.mark.negative
def test_what_clients_ask_for_is_bounded(line: Line) -> None:
    line.clock.advance(0)
    for number in range(500):
        line.job.want(Name(UUID(int=number), "data", 1))
    line.done()
    line.clock.advance(0)
    assert len(line.tasks[1].wanted) == 100


@pytest.mark.parametrize("why", [NotMade("no room on the disk"), OSError("x"), ValueError("a surprise")])
def test_after_a_failure_it_is_tried_again_when_somebody_may_have_seen_to_it(line: Line, why: Exception) -> None:
    line.clock.advance(0)
    line.done(why)
    line.job.want(DATA)
    line.clock.pump([0] + [INTERVAL] * int(PATIENCE / INTERVAL - 1))
    assert len(line.tasks) == 1
    line.clock.pump([INTERVAL] * 2)
    assert len(line.tasks) == 2


def test_while_the_directory_is_down_nothing_is_begun(line: Line) -> None:
    line.down = True
    line.clock.advance(0)
    assert not line.tasks


def test_another_casd_s_generation_is_left_alone(line: Line) -> None:
    line.kept = [evolve(MADE, format=FORMAT + 1, announced=None)]
    line.clock.pump([0, INTERVAL, INTERVAL])
    assert not line.tasks


def test_where_another_worker_is_at_it_nothing_is_begun(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casd.oab_job.is_held", lambda _: True)
    line.clock.advance(0)
    assert not line.tasks


def test_what_cannot_be_made_is_told(line: Line) -> None:
    line.clock.advance(0)
    line.done(Outcome(foreign=True))
    line.clock.advance(INTERVAL)
    assert len(line.tasks) == 2


def test_the_end_of_a_front_end_is_the_end_of_its_process(line: Line) -> None:
    line.clock.advance(0)
    line.job.stop()
    assert line.ended
    line.done()
    line.job.want(DATA)
    assert not line.clock.getDelayedCalls()


def test_a_front_end_may_end_before_it_has_begun(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.job.want(DATA)
    line.job.start()
    line.job.stop()
    line.clock.advance(INTERVAL)
    assert not line.tasks


def test_where_the_directory_is_a_copy_nothing_is_recorded_but_what_was_is_made(tmp_path: Path) -> None:
    line = Line(tmp_path / "oab", record=False)
    line.job.start()
    line.clock.pump([0, INTERVAL])
    assert not line.tasks
    line.kept = [MADE]
    line.clock.advance(INTERVAL)
    assert len(line.tasks) == 1
    line.make()
    line.done()
    line.clock.pump([INTERVAL] * 2000)
    assert len(line.tasks) == 1


# The process


def task_for(file: Path, folder: Path) -> Task:  # noqa: F811 (a fixture's name)
    return Task("casd.directory.sqlite", sqlite.Settings(file), Settings(folder, True, 60, 60), (EVERYBODY,))


class Pipe:
    def __init__(self, task: Task) -> None:
        self.buffer = io.BytesIO(pickle.dumps(task))


def test_the_process_does_its_task_and_tells_what_came_of_it(
    file: Path,  # noqa: F811 (a fixture)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(oab_process.os, "nice", lambda _: 0)
    monkeypatch.setattr(sys, "stdin", Pipe(task_for(file, tmp_path / "oab")))
    assert oab_process.main() == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["recorded"], said["sequence"], len(said["made"])) == (True, 1, 5)


def test_the_process_says_why_it_could_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(oab_process.os, "nice", lambda _: 0)
    monkeypatch.setattr(sys, "stdin", Pipe(task_for(tmp_path / "none", tmp_path / "oab")))
    assert oab_process.main() == 1
    assert "none" in capsys.readouterr().err


class Popen:
    """A process that has ended, or is killed while it is waited for."""

    status: int | None = 0
    out = json.dumps({"recorded": True, "sequence": 3, "made": ["x"]}).encode()
    error = b""
    owner: Process | None = None

    def __init__(self, *_: Any, **__: Any) -> None:
        self.returncode = self.status

    def communicate(self, data: bytes) -> tuple[bytes, bytes]:
        assert pickle.loads(data).books == (EVERYBODY,)
        if self.owner:
            self.owner.end()
        return self.out, self.error

    def kill(self) -> None:
        self.returncode = -9


def run(process: Process, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Outcome:
    monkeypatch.setattr(subprocess, "Popen", type("Popen", (Popen,), more))
    return process.run(task_for(Path("x"), Path("y")))


def test_what_the_process_tells_is_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(Process(), monkeypatch) == Outcome(True, 3, ("x",))


def test_what_it_complains_of_is_why_nothing_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotMade, match="no room"):
        run(Process(), monkeypatch, status=1, error=b"no room\n")
    with pytest.raises(NotMade, match="ended with -9"):
        run(Process(), monkeypatch, status=-9)


def test_a_process_that_was_ended_made_nothing_and_no_other_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process()
    assert run(process, monkeypatch, status=1, owner=process) == Outcome()
    assert run(process, monkeypatch) == Outcome()
