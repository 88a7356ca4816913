"""What can be counted, for Prometheus; every figure of casd is declared here."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import ClassVar

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from casd.tally import BUCKETS, Tally

disable_created_metrics()


class Requests(Collector):
    """Finished requests of every door: plain numbers, put into Prometheus' form when they are asked for.

    The library's own counters take a lock and a method call a label; here they would be a tenth of a request's cost.
    """

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], Tally] = {}

    def tally(self, door: str, vdir: str) -> Tally:
        """Return what counts the finished requests of one virtual directory of one door."""
        return self._tallies.setdefault((door, vdir), Tally())

    def collect(self) -> Iterable[Metric]:
        """Return the figures in Prometheus' form."""
        requests = CounterMetricFamily("casd_requests", "Finished requests", labels=["door", "vdir", "status"])
        times = HistogramMetricFamily(
            "casd_request_seconds", "From a request's head to the end of its answer", labels=["door"]
        )
        doors: dict[str, list[Tally]] = {}
        for (door, vdir), tally in self._tallies.items():
            doors.setdefault(door, []).append(tally)
            for status, count in tally.statuses.items():
                requests.add_metric([door, vdir, str(status)], count)
        for door, tallies in doors.items():
            bounds = [*map(str, BUCKETS), "+Inf"]
            counts = map(sum, zip(*[tally.buckets for tally in tallies], strict=True))
            seconds = sum(tally.seconds for tally in tallies)
            times.add_metric([door], list(zip(bounds, accumulate(counts), strict=True)), seconds)
        return requests, times


class Metrics:
    """The figures of one process; `across` says how gauges of several workers make one (max, unless said here)."""

    across: ClassVar = {
        "casd_open_requests": "sum",
        "casd_client_connections": "sum",
        "casd_pool_connections": "sum",
        "casd_pool_waiting": "sum",
        "casd_directory_up": "min",
    }

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Requests()
        self.registry.register(self.requests)
        self.open_requests = Gauge("casd_open_requests", "Requests under way", ["door"], registry=self.registry)
        self.connections = Gauge("casd_client_connections", "Connections of clients", ["door"], registry=self.registry)
        self.rejected = Counter(
            "casd_rejected", "Bytes that were no acceptable request", ["door", "status"], registry=self.registry
        )
        self.denied = Counter("casd_denied", "Sign-ins refused", ["door"], registry=self.registry)
        self.identity_mismatch = Counter(
            "identity_mismatch", "Answers for another request or mailbox", ["server"], registry=self.registry
        )
        self.misdirected = Counter(
            "casd_misdirected", "Answers 421: the database had moved", ["server"], registry=self.registry
        )
        self.backend_failures = Counter(
            "casd_backend_failures", "Requests without a proper answer", ["server"], registry=self.registry
        )
        self.pool = Gauge(
            "casd_pool_connections", "Connections to mailbox servers", ["server", "state"], registry=self.registry
        )
        self.waiting = Gauge(
            "casd_pool_waiting", "Requests that wait for a connection", ["server"], registry=self.registry
        )
        self.breaker = Gauge("casd_breaker_open", "1 while a server is kept out", ["server"], registry=self.registry)
        self.directory = Gauge("casd_directory_up", "1 while the directory answers", registry=self.registry)
        self.certificates = Gauge(
            "casd_certificate_expiry_timestamp_seconds",
            "When a certificate that is shown ends",
            ["certificate", "file"],
            registry=self.registry,
        )
