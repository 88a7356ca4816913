"""A deadline that moves without touching the reactor's timers."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from casd.net.deadline import Deadline


class Watched:
    """A deadline whose calls are noted with their time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.called: list[float] = []
        self.deadline = Deadline(self.clock, lambda: self.called.append(self.clock.seconds()))

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.clock.advance(1)


@pytest.fixture
def it() -> Watched:
    return Watched()


def test_time_is_up_once(it: Watched) -> None:
    it.deadline.within(5)
    it.wait(20)
    assert it.called == [5]


def test_a_deadline_can_be_moved_back_with_one_timer(it: Watched) -> None:
    it.deadline.within(5)
    for _ in range(10):
        it.wait(4)
        it.deadline.within(5)
        assert len(it.clock.getDelayedCalls()) == 1
    it.wait(10)
    assert it.called == [45]


def test_a_deadline_can_be_moved_forward(it: Watched) -> None:
    it.deadline.within(60)
    it.deadline.within(5)
    it.wait(100)
    assert it.called == [5]


def test_sooner_never_puts_it_off(it: Watched) -> None:
    it.deadline.sooner(5)
    it.wait(3)
    it.deadline.sooner(5)
    it.deadline.sooner(60)
    it.wait(60)
    assert it.called == [5]


def test_never_waits_without_limit_and_can_be_taken_back(it: Watched) -> None:
    it.deadline.within(5)
    it.deadline.never()
    it.wait(100)
    assert it.called == []
    it.deadline.within(5)
    it.wait(100)
    assert it.called == [105]


def test_after_stop_no_timer_is_left(it: Watched) -> None:
    it.deadline.stop()
    it.deadline.within(5)
    it.deadline.stop()
    assert it.clock.getDelayedCalls() == []
    it.wait(10)
    assert it.called == []
