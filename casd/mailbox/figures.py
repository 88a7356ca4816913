"""How large the mailbox databases of a server are, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import asdict
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from twisted.internet.defer import DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from casd.mailbox.roster import Roster
from casd.mailbox.store.errors import NotMounted
from casd.mailbox.store.growth import Growth, growth
from casd.net.operator import Operator, figures
from protocols.http1 import Response

FRESH = 60.0
"""Seconds for which what was measured is told: it reads a row of each mailbox, folder and deleted item."""

_TOLD = {
    "size": ("size_bytes", "Bytes of the database's file"),
    "free": ("free_bytes", "Bytes of them that are used again before the file grows"),
    "content": ("content_bytes", "Bytes of its items as quotas count them; the rest is the index of words, and lists"),
    "mailboxes": ("mailboxes", "Mailboxes in it"),
    "items": ("items", "Items in it, recoverable ones among them"),
    "deleted": ("recoverable_items", "Items that were deleted and can be recovered"),
    "unread": ("unread_attachments", "Items whose attachments are not in the index yet"),
}


class Figures:
    """Measures what is mounted, when somebody asks and at most once a minute."""

    _log = Logger()

    def __init__(self, server: str, roster: Roster, clock: IReactorTime) -> None:
        self._server = server
        self._roster = roster
        self._clock = clock
        self._turn = DeferredLock()
        self._measured: dict[str, tuple[float, Growth]] = {}

    def listener(self) -> Operator:
        """Return what answers /metrics."""
        return Operator({"/metrics": self._page}, self._clock)

    async def _page(self) -> Response:
        async with self._turn:  # who asks meanwhile is told the same
            names = [each.name for each in self._roster.mounted]
            self._measured = {name: found for name in names if (found := await self._known(name)) is not None}
        registry = CollectorRegistry()
        registry.register(_Told(self._server, {name: found for name, (_, found) in self._measured.items()}))
        return figures(generate_latest(registry))

    async def _known(self, name: str) -> tuple[float, Growth] | None:
        known, now = self._measured.get(name), self._clock.seconds()
        if known is not None and now - known[0] < FRESH:
            return known
        try:
            with self._roster.use(name) as database:
                return now, await database.read(growth, database.connections)
        except NotMounted:
            return None
        except Exception:  # nothing is told of it, which is a reason to look
            self._log.failure("{database} could not be measured", database=name)
            return None


class _Told(Collector):
    """What was measured, in Prometheus' form."""

    def __init__(self, server: str, databases: dict[str, Growth]) -> None:
        self._server = server
        self._databases = {name: asdict(found) for name, found in databases.items()}

    def collect(self) -> Iterable[Metric]:
        """Return a gauge for each figure, with a sample for each database."""
        for figure, (name, documentation) in _TOLD.items():
            gauge: Any = GaugeMetricFamily(f"casd_database_{name}", documentation, labels=["server", "database"])
            for database, measured in self._databases.items():
                gauge.add_metric([self._server, database], measured[figure])
            yield gauge
