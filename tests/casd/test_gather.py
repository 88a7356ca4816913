"""What several workers report, as one."""

from __future__ import annotations

import json
import os
from typing import Any

from casd import gather
from casd.gather import Alone, figures, page, status
from casd.metrics import Metrics
from tests.casd.estate import result


def report(worker: int, **changes: Any) -> gather.Report:
    """Return the report of a worker that has answered as many requests as its number says, by way of JSON."""
    metrics = Metrics()
    for _ in range(worker):
        metrics.requests.tally("http", "ews").finished(200, 0.02)
    metrics.connections.labels("http").set(10 * worker)
    metrics.breaker.labels("mbx1").set(1)
    metrics.directory.set(worker != 2)
    told = {
        "name": "fe1",
        "directory": "up",
        "servers": [],
        "databases": [{"name": "DB01"}] if worker > 1 else [],
        "pools": [{"server": "mbx1", "open": worker}],
        "connections": {"http": 10 * worker, "mapihttp": 1},
        "requests": [{"id": f"r{worker}"}],
        **changes,
    }
    collected = figures(metrics.registry.collect(), metrics.across)
    found: gather.Report = json.loads(
        json.dumps({"worker": worker, "pid": 1000 + worker, "figures": collected, "status": told})
    )
    return found


def test_counters_and_connections_add_up() -> None:
    lines = page([report(1), report(2), report(3)], []).decode().splitlines()
    assert 'casd_requests_total{door="http",status="200",vdir="ews"} 6.0' in lines
    assert 'casd_request_seconds_bucket{door="http",le="0.03"} 6.0' in lines
    assert 'casd_request_seconds_count{door="http"} 6.0' in lines
    assert 'casd_client_connections{door="http"} 60.0' in lines
    assert len([line for line in lines if line.startswith("# TYPE casd_requests")]) == 1


def test_what_is_so_for_one_is_not_added_up() -> None:
    lines = page([report(1), report(2)], []).decode().splitlines()
    assert 'casd_breaker_open{server="mbx1"} 1.0' in lines
    assert "casd_directory_up 0.0" in lines


def test_who_does_not_answer_is_named_in_the_figures() -> None:
    lines = page([report(1)], [2]).decode().splitlines()
    assert 'casd_worker_up{worker="1"} 1.0' in lines
    assert 'casd_worker_up{worker="2"} 0.0' in lines


def test_the_status_names_the_worker_of_what_belongs_to_one() -> None:
    told = status([report(1), report(2)], [3])
    assert told["pools"] == [{"server": "mbx1", "open": 1, "worker": 1}, {"server": "mbx1", "open": 2, "worker": 2}]
    assert [(request["id"], request["worker"]) for request in told["requests"]] == [("r1", 1), ("r2", 2)]
    assert told["connections"] == {"http": 30, "mapihttp": 2}
    assert told["workers"] == [
        {"worker": 1, "pid": 1001, "state": "up", "connections": 11, "requests": 1},
        {"worker": 2, "pid": 1002, "state": "up", "connections": 21, "requests": 1},
        {"worker": 3, "pid": None, "state": "silent", "connections": None, "requests": None},
    ]


def test_what_one_worker_has_not_asked_for_yet_another_knows() -> None:
    told = status([report(1), report(2, directory="down")], [])
    assert told["databases"] == [{"name": "DB01"}]
    assert told["directory"] == "down"


def test_a_process_alone_has_no_siblings() -> None:
    alone = Alone()
    assert (alone.post, alone.main) == (1, os.getpid())
    assert result(alone.siblings()) == ()
