from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.hot import CLIENTS, Hot, calls, per_request


@pytest.fixture
def hot(tmp_path: Path) -> Iterator[Hot]:
    hot = Hot(tmp_path)
    yield hot
    hot.close()


def test_requests_go_all_the_way_through_a_front_end_without_sockets(hot: Hot) -> None:
    phases = []
    hot.round(lambda phase: phases.append(phase.__name__) or phase())
    assert phases == ["ask", "answer"]
    assert len(hot._backends) == CLIENTS


def test_a_request_that_finds_its_way_anew_takes_more_calls(hot: Hot) -> None:
    again, _ = calls(hot, 2)
    hot.in_turn = True
    anew, _ = calls(hot, 2)
    assert per_request(again, 2) < per_request(anew, 2)
