"""What the workers of a front end report, put together: figures for Prometheus, and the status."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from twisted.internet.defer import succeed

Report = dict[str, Any]
"""One worker's: worker, pid, figures, status, as JSON can hold it."""

Told = Sequence[tuple[int, bytes | None]]
"""By each other worker: its number and its report in JSON, None when it did not answer in time."""

_LISTS = ("pools", "requests")
_ACROSS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min}


class Place(Protocol):
    """A process' place among those of its front end: its `post` and the process id that operators signal."""

    @property
    def post(self) -> int:
        """Its number, from 1."""

    @property
    def main(self) -> int:
        """The process id of who takes signals for all of them."""

    def siblings(self) -> Awaitable[Told]:
        """Ask the others what they have to report."""


class Alone:
    """The place of a process that is the whole front end."""

    post = 1

    @property
    def main(self) -> int:
        """This process."""
        return os.getpid()

    def siblings(self) -> Awaitable[Told]:
        """Ask nobody."""
        return succeed(())


def figures(metrics: Iterable[Metric], across: Mapping[str, str]) -> list[Any]:
    """Return metrics as JSON can hold them, each with how several workers' values make one: sum, max or min."""
    return [
        [
            metric.name,
            metric.documentation,
            metric.type,
            across.get(metric.name, "max" if metric.type == "gauge" else "sum"),
            [(sample.name, list(sample.labels.items()), sample.value) for sample in metric.samples],
        ]
        for metric in metrics
    ]


def page(reports: Sequence[Report], silent: Sequence[int]) -> bytes:
    """Return all workers' figures as one, in Prometheus' text format."""
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[Any, ...]], list[float]]] = {}
    how: dict[str, str] = {}
    for report in reports:
        for name, documentation, kind, across, samples in report["figures"]:
            families.setdefault(name, Metric(name, documentation, kind))
            how[name] = across
            for sample, labels, value in samples:
                key = sample, tuple(map(tuple, labels))
                values.setdefault(name, {}).setdefault(key, []).append(value)
    for name, family in families.items():
        for (sample, labels), found in values.get(name, {}).items():
            family.add_sample(sample, dict(labels), _ACROSS[how[name]](found))
    up = GaugeMetricFamily("casd_worker_up", "1 while a worker answers its siblings", labels=["worker"])
    for worker in sorted({report["worker"] for report in reports} | set(silent)):
        up.add_metric([str(worker)], worker not in silent)
    return generate_latest(_Collected([*families.values(), up]))


def status(reports: Sequence[Report], silent: Sequence[int]) -> dict[str, Any]:
    """Return all workers' status as one; what belongs to one worker names it."""
    known = [report["status"] for report in reports]
    first = next((each for each in known if each["databases"]), known[0])
    connections = {
        door: sum(each["connections"].get(door, 0) for each in known) for door in sorted({*known[0]["connections"]})
    }
    return {
        **first,
        "directory": "up" if all(each["directory"] == "up" for each in known) else "down",
        "workers": [
            {"worker": report["worker"], "pid": report["pid"], "state": "up"} | _load(report) for report in reports
        ]
        + [
            {"worker": worker, "pid": None, "state": "silent", "connections": None, "requests": None}
            for worker in silent
        ],
        "connections": connections,
        **{
            name: [{**each, "worker": report["worker"]} for report in reports for each in report["status"][name]]
            for name in _LISTS
        },
    }


def _load(report: Report) -> dict[str, int]:
    told = report["status"]
    return {"connections": sum(told["connections"].values()), "requests": len(told["requests"])}


class _Collected:
    """Metrics in the shape that Prometheus' library writes."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics
