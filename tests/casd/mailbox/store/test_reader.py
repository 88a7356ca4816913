from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from casd.mailbox.store import reader
from casd.mailbox.store.reader import Reader

Start = Callable[..., Mock]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Have the next processes say what is given, and end if they say all of it."""

    def begin(*answers: bytes, ends: bool = True) -> Mock:
        process, waiting = Mock(), list(answers)

        def started() -> reader._Running:
            requests, said = os.pipe(), os.pipe()
            os.write(said[1], waiting.pop(0))
            if ends:
                os.close(said[1])
            os.set_blocking(requests[1], False)
            return reader._Running(process, requests[1], said[0])

        monkeypatch.setattr(reader._Running, "start", started)
        return process

    return begin


def test_a_process_answers_with_a_text(start: Start) -> None:
    start("5\nÜber".encode())
    reading = Reader()
    assert reading.text_of("a.txt", "text/plain", b"x") == "Über"
    reading.close()
    reading.close()


@pytest.mark.parametrize("answer", [b"", b"12", b"5\nab", b"nonsense\n", b"99999999\nx", b"1\nabc"])
def test_a_process_that_ends_or_talks_nonsense_is_replaced(start: Start, answer: bytes) -> None:
    process = start(answer, b"2\nok")
    reading = Reader()
    assert reading.text_of("a.txt", "text/plain", b"x") == ""
    process.kill.assert_called_once_with()
    assert reading.text_of("a.txt", "text/plain", b"x") == "ok"
    reading.close()


def test_a_process_that_says_nothing_is_given_up(start: Start) -> None:
    process = start(b"", ends=False)
    assert Reader(seconds=0.0).text_of("a.txt", "text/plain", b"x") == ""
    process.kill.assert_called_once_with()


def test_a_process_that_reads_nothing_is_given_up(start: Start) -> None:
    process = start(b"2\nok", ends=False)
    assert Reader(seconds=0.0).text_of("a.txt", "text/plain", b"x" * (1 << 20)) == ""
    process.kill.assert_called_once_with()


@pytest.mark.negative
def test_many_attachments_of_one_item_take_no_more_than_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, time, asked = Reader(), [0.0], list[str]()

    def slow(_self: Reader, name: str, _kind: str, _data: bytes) -> str:
        asked.append(name)
        time[0] += 20
        return name

    monkeypatch.setattr(Reader, "text_of", slow)
    monkeypatch.setattr(reader, "monotonic", lambda: time[0])
    assert reading.texts_of([(f"{number}", "text/plain", b"") for number in range(1000)]) == "0\n1\n2"
    assert asked == ["0", "1", "2"]


def test_a_process_is_read_also_where_much_else_is_open(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    start(b"2\nok")
    begun = reader._Running.start

    def high() -> reader._Running:
        low = begun()
        answers = fcntl.fcntl(low.answers, fcntl.F_DUPFD_CLOEXEC, 1500)
        os.close(low.answers)
        return reader._Running(low.process, low.requests, answers)

    monkeypatch.setattr(reader._Running, "start", high)
    reading = Reader()
    assert reading.text_of("a.txt", "text/plain", b"x") == "ok"
    reading.close()
