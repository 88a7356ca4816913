"""One process for each task, a few at once; what it leaves behind decides what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from casd.mailbox.preview import workshop
from casd.mailbox.preview.process import Ended
from casd.mailbox.preview.sandbox import SANDBOXES
from casd.mailbox.preview.trouble import NotShown
from casd.mailbox.preview.workshop import Programs, Task, Workshop
from tests.casd.mailbox.store.world import result

TASK = Task("document.docx", "/usr/bin/soffice", 1, 4, 1200)


class Processes:
    """Ends each process at once, with the result that is given."""

    def __init__(self, ended: Ended, said: str) -> None:
        self._ended = ended
        self._said = said
        self.commands: list[list[str]] = []
        self.environment: dict[str, str] = {}

    def run(self, command: list[str], environment: dict[str, str], folder: Path, _patience: float) -> Ended:
        self.commands.append(command)
        self.environment = environment
        if self._said:
            (folder / "result.json").write_text(self._said)
        return self._ended

    def end(self) -> None:
        self._ended = Ended(None)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the work be done in this thread."""

    def do(_reactor: Any, _pool: Any, work: Any, *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        try:
            done.callback(work(*args))
        except NotShown:
            done.errback()
        return done

    monkeypatch.setattr(workshop, "deferToThreadPool", do)
    monkeypatch.setattr(workshop, "choose", lambda *_: SANDBOXES[-1])


def making(processes: Processes) -> Workshop:
    made = Workshop(None, most=2, memory=1 << 30, seconds=20)
    made._processes = processes  # type: ignore[assignment]
    made._pool.start = lambda: None  # type: ignore[method-assign]
    return made


def did(folder: Path, ended: Ended = Ended(0), said: str = '{"total": 1}') -> Any:  # noqa: B008 (a value)
    return result(Deferred.fromCoroutine(making(Processes(ended, said)).do(folder, TASK)))


@pytest.mark.usefixtures("at_once")
def test_a_process_is_told_its_task_and_its_limits_and_nothing_of_the_servers(tmp_path: Path) -> None:
    processes = Processes(Ended(0), "{}")
    result(Deferred.fromCoroutine(making(processes).do(tmp_path, TASK)))
    ((*begin, said),) = processes.commands
    assert begin[-2:] == ["-m", "casd.mailbox.preview.job"]
    assert json.loads(said) == {
        "source": "document.docx",
        "office": "/usr/bin/soffice",
        "first": 1,
        "last": 4,
        "width": 1200,
        "memory": 1 << 30,
        "seconds": 42,
    }
    assert processes.environment["HOME"] == str(tmp_path / "scratch")
    assert set(processes.environment) == {
        *("HOME", "TMPDIR", "LANG", "PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"),
    }
    assert not (tmp_path / "scratch").exists()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("ended", "said", "word"),
    [
        (Ended(None), '{"total": 1}', "took too long"),
        (Ended(-11), "", "broke down"),
        (Ended(1), '{"total": 1}', "broke down"),
        (Ended(0), "", "broke down"),
        (Ended(0), "no json", "broke down"),
        (Ended(0), "[]", "broke down"),
        (Ended(0), '{"trouble": "BOMB"}', "unpacks to more"),
        (Ended(0), '{"trouble": "nothing known"}', "broke down"),
    ],
)
def test_how_a_process_ended_is_told_in_words(tmp_path: Path, ended: Ended, said: str, word: str) -> None:
    with pytest.raises(NotShown, match=word):
        did(tmp_path, ended, said)


@pytest.mark.usefixtures("at_once")
def test_what_a_process_found_is_returned(tmp_path: Path) -> None:
    assert did(tmp_path) == {"total": 1}


def test_only_so_many_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "deferToThreadPool", lambda *_: Deferred())
    busy = making(Processes(Ended(0), ""))
    waiting = [Deferred.fromCoroutine(busy.do(tmp_path, TASK)) for _ in range(52)]
    with pytest.raises(NotShown, match="Try again in a moment"):
        result(Deferred.fromCoroutine(busy.do(tmp_path, TASK)))
    assert not any(each.called for each in waiting)


def test_an_end_is_an_end_whether_anything_was_done_or_not() -> None:
    made = Workshop(None, most=2, memory=1 << 30, seconds=20)
    made.end()


def test_programs_are_found_where_they_are_installed() -> None:
    found = Programs.found()
    assert (found.pdf, found.markup) == (True, True)
