"""The clock of a test's mailboxes: real, stopped, put forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from casd.testing.clock import Clock

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    ["2026-03-01 09:00", "2026-03-01T10:00+01:00", NINE, NINE.astimezone(timezone(timedelta(hours=5)))],
)
def test_a_clock_stops_at_a_moment(moment: str | datetime) -> None:
    clock = Clock()
    clock.freeze(moment)
    assert clock.now == NINE


def test_a_stopped_clock_is_put_forward() -> None:
    clock = Clock()
    clock.freeze(NINE)
    clock.tick(days=1, minutes=5)
    assert clock.now == datetime(2026, 3, 2, 9, 5, tzinfo=UTC)


def test_a_clock_that_goes_is_not_put_forward() -> None:
    with pytest.raises(RuntimeError, match="freeze it first"):
        Clock().tick(hours=1)


def test_a_clock_is_right_unless_it_is_stopped() -> None:
    clock = Clock()
    clock.freeze(NINE)
    clock.release()
    assert abs(clock() - time.time()) < 10
    clock.freeze()
    assert clock() == clock()
