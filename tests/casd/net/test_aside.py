"""A thread of its own for a call that may wait long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from casd.net import aside as module
from casd.net.aside import aside
from tests.casd.estate import outcome_of


class Threads:
    """Threads that run when a test says so; and a reactor that does at once what one of them asks for."""

    def __init__(self) -> None:
        self.begun: list[dict[str, Any]] = []

    def __call__(self, **about: Any) -> Threads:
        self.begun.append(about)
        return self

    def start(self) -> None:
        pass

    def callFromThread(self, function: Callable[..., None], *args: Any) -> None:
        function(*args)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    found = Threads()
    monkeypatch.setattr(module, "Thread", found)
    return found


def ask(threads: Threads, function: Callable[..., Any], *args: Any) -> list[Any]:
    asked: Deferred[Any] = aside(threads, function, *args)
    told = outcome_of(asked)
    assert told == []
    threads.begun[-1]["target"]()
    return told


def test_what_comes_of_it_is_told(threads: Threads) -> None:
    assert ask(threads, max, 3, 7) == [7]


def test_what_it_fails_with_is_told(threads: Threads) -> None:
    (failure,) = ask(threads, int, "x")
    assert failure.check(ValueError)


def test_it_holds_up_nobody_else_and_not_the_end(threads: Threads) -> None:
    ask(threads, max, 3, 7)
    ask(threads, max, 3, 7)
    assert [each["daemon"] for each in threads.begun] == [True, True]
