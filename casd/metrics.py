"""What can be counted, for Prometheus; every figure of casd is declared here."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """The figures of one process. Label children are kept by those who count often."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("casd_requests", "Finished requests", ["door", "vdir", "status"], registry=self.registry)
        self.seconds = Histogram(
            "casd_request_seconds",
            "Time from a request's head to the end of its answer",
            ["door"],
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
            registry=self.registry,
        )
        self.open_requests = Gauge("casd_open_requests", "Requests under way", ["door"], registry=self.registry)
        self.connections = Gauge("casd_client_connections", "Connections of clients", ["door"], registry=self.registry)
        self.rejected = Counter("casd_rejected", "Bytes that were no acceptable request", ["door", "status"], registry=self.registry)
        self.denied = Counter("casd_denied", "Sign-ins refused", ["door"], registry=self.registry)
        self.identity_mismatch = Counter("identity_mismatch", "Answers for another request or mailbox", ["server"], registry=self.registry)
        self.misdirected = Counter("casd_misdirected", "Answers 421: the database had moved", ["server"], registry=self.registry)
        self.backend_failures = Counter("casd_backend_failures", "Requests without a proper answer", ["server"], registry=self.registry)
        self.pool = Gauge("casd_pool_connections", "Connections to mailbox servers", ["server", "state"], registry=self.registry)
        self.waiting = Gauge("casd_pool_waiting", "Requests that wait for a connection", ["server"], registry=self.registry)
        self.breaker = Gauge("casd_breaker_open", "1 while a server is kept out", ["server"], registry=self.registry)
        self.directory = Gauge("casd_directory_up", "1 while the directory answers", registry=self.registry)

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
