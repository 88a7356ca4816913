"""The access log: lines gathered, written together, one line each whatever a client has sent."""

from __future__ import annotations

import io
import select
import sys
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock

from casd import accesslog
from casd.accesslog import AccessLog
from tests.casd.estate import NOON, settings


class Paper(io.StringIO):
    """Counts how often it is written to."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


class Desk:
    def __init__(self, **given: Any) -> None:
        self.clock = Clock()
        self.paper = Paper()
        self.log = AccessLog(
            settings(accesslog.Settings, Path(), **given), self.paper, self.clock, lambda: NOON + self.clock.seconds()
        )

    def add(self, path: str = "/") -> None:
        self.log("id", 0.25, 200, 1, 2, self.log.said((("path", path),)))


def test_lines_are_written_together_after_a_moment() -> None:
    desk = Desk()
    desk.add()
    desk.clock.advance(0.1)
    desk.add()
    assert desk.paper.getvalue() == ""
    desk.clock.advance(0.1)
    assert desk.paper.getvalue() == "2027-01-15T08:00:00Z id=id seconds=0.2500 status=200 in=1 out=2 path=/\n" * 2
    assert desk.paper.writes == 1
    desk.clock.advance(1)
    desk.add()
    desk.clock.advance(1)
    assert "08:00:01Z" in desk.paper.getvalue()


@pytest.mark.parametrize("path", ["/" + "a" * 400, "/" + "ä" * 300])
def test_no_line_is_torn_when_several_processes_write_to_one_pipe(path: str) -> None:
    desk = Desk()
    for _ in range(50):
        desk.add(path)
    pieces: list[str] = []
    desk.paper.write = pieces.append  # type: ignore[method-assign, assignment]
    desk.log.flush()
    assert sum(piece.count("\n") for piece in pieces) == 50
    assert all(piece.endswith("\n") and len(piece.encode()) <= select.PIPE_BUF for piece in pieces)
    assert len(pieces) < 10


def test_lines_for_a_file_are_appended_in_one_call(tmp_path: Path) -> None:
    clock = Clock()
    with (tmp_path / "access.log").open("a") as paper:
        log = AccessLog(settings(accesslog.Settings, Path()), paper, clock)
        written: list[str] = []
        paper.write = written.append  # type: ignore[assignment, method-assign]
        for number in range(100):
            log(str(number), 0.25, 200, 1, 2, log.said((("path", "/" + "a" * 100),)))
        log.flush()
    assert [piece.count("\n") for piece in written] == [100]


def test_many_lines_do_not_wait() -> None:
    desk = Desk()
    for _ in range(1000):
        desk.add("/" + "a" * 100)
    assert desk.paper.writes >= 1
    desk.log.flush()
    desk.log.flush()
    assert desk.paper.getvalue().count("\n") == 1000
    assert desk.clock.getDelayedCalls() == []


@pytest.mark.negative
@pytest.mark.parametrize("path", ["/a b", "/\n", "/\r", '/"', "/\x1b[31m", "/\x85", "/\u2028", "/=\u202e", ""])
@pytest.mark.parametrize("style", ["text", "json"])
def test_no_text_begins_a_line_or_a_field(path: str, style: str) -> None:
    desk = Desk(style=style)
    desk.add(path)
    desk.log.flush()
    (line,) = desk.paper.getvalue().splitlines()
    assert line.isprintable()
    assert line.count("status") == 1


def test_a_style_is_text_or_json() -> None:
    assert accesslog.style("json", Path()) == "json"
    with pytest.raises(ValueError, match=r"neither text nor json"):
        accesslog.style("xml", Path())


def test_a_closed_log_has_all_its_lines() -> None:
    desk = Desk()
    desk.add()
    written: list[str] = []
    desk.paper.close = lambda: written.append(desk.paper.getvalue())  # type: ignore[method-assign]
    desk.log.close()
    assert written[0].count("\n") == 1
    assert desk.clock.getDelayedCalls() == []


def test_standard_output_stays_open() -> None:
    AccessLog(settings(accesslog.Settings, Path()), sys.__stdout__, Clock()).close()  # type: ignore[arg-type]
    assert sys.__stdout__ is not None
    assert not sys.__stdout__.closed
