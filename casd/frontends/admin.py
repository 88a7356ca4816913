"""The operator's listener on loopback: figures of all workers, and what is going on; it changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from attrs import frozen

from casd import gather
from casd.access import ClientAccess
from casd.certificates import Certificate
from casd.config import endpoints, key
from casd.frontends.door import Door
from casd.metrics import Metrics
from casd.model import DirectoryDown, Endpoint
from casd.net.operator import Operator, figures
from protocols.http1 import Response


@frozen
class Settings:
    """Section `[admin]`."""

    listen: tuple[Endpoint, ...] = key(
        endpoints, "127.0.0.1:8444", "addresses of /metrics and /status: keep them on loopback"
    )


class Admin(Operator):
    """Answers GET /metrics and /status for every worker of the front end, whichever was asked."""

    def __init__(
        self,
        name: str,
        access: ClientAccess,
        metrics: Metrics,
        doors: Iterable[Door],
        certificates: Callable[[], Iterable[Certificate]],
        clock: Any,
        place: gather.Place,
    ) -> None:
        super().__init__({"/metrics": self._figures, "/status": self._status}, clock)
        self._name = name
        self._access = access
        self._metrics = metrics
        self._doors = tuple(doors)
        self._certificates = certificates
        self._place = place

    async def _figures(self) -> Response:
        return figures(gather.page(*await self._gathered()))

    async def _status(self) -> Response:
        with suppress(DirectoryDown):  # it says so; what was known before is told
            await self._access.topology()  # nobody may have come yet
        main = self._place.main
        told = gather.status(*await self._gathered()) | {"pid": main, "supervised": main != os.getpid()}
        return Response(200, ((b"Content-Type", b"application/json"),), json.dumps(told, indent=1).encode())

    async def _gathered(self) -> tuple[Sequence[gather.Report], list[int]]:
        """Return what each worker has to tell, and which ones are silent."""
        told = await self._place.siblings()
        reports = [self.report(), *(json.loads(report) for _, report in told if report is not None)]
        reports.sort(key=lambda report: report["worker"])
        return reports, sorted(worker for worker, report in told if report is None)

    def report(self) -> gather.Report:
        """Return what this worker has to tell."""
        for lane in self._access.pool.lanes:
            name = lane.server.name
            self._metrics.pool.labels(name, "open").set(lane.open_connections)
            self._metrics.pool.labels(name, "idle").set(lane.idle_connections)
            self._metrics.waiting.labels(name).set(lane.waiting)
            self._metrics.breaker.labels(name).set(lane.breaker.open)
        for door in self._doors:
            self._metrics.open_requests.labels(door.name).set(len(door.open))
        self._metrics.certificates.clear()
        for each in self._certificates():
            labels = (each.names[0] if each.names else "", str(each.pair.certificate))
            self._metrics.certificates.labels(*labels).set(each.expires.timestamp())
        self._metrics.directory.set(not self._access.directory.down)
        return {
            "worker": self._place.post,
            "pid": os.getpid(),
            "figures": gather.figures(self._metrics.registry.collect(), self._metrics.across),
            "status": self.status(),
        }

    def status(self) -> dict[str, Any]:
        """Return what is going on in this worker: servers, databases, pools, breakers, open requests."""
        topology = self._access.known_topology
        now = self._clock.seconds()
        return {
            "name": self._name,
            "directory": "down" if self._access.directory.down else "up",
            "servers": [
                {"name": server.name, "site": server.site, "version": "{}.{}".format(*server.version)}
                for server in (topology.servers.values() if topology else ())
            ],
            "databases": [
                {
                    "name": database.name,
                    "active": database.active,
                    "epoch": database.epoch,
                    "copies": [copy.server for copy in database.copies],
                }
                for database in (topology.databases.values() if topology else ())
            ],
            "pools": [
                {
                    "server": lane.server.name,
                    "endpoint": str(lane.endpoint),
                    "open": lane.open_connections,
                    "idle": lane.idle_connections,
                    "waiting": lane.waiting,
                    "opened": lane.opened,
                    "breaker": "open" if lane.breaker.open else "closed",
                }
                for lane in self._access.pool.lanes
            ],
            "connections": {door.name: len(door.channels) for door in self._doors},
            "requests": [
                {
                    "id": exchange.request_id,
                    "door": door.name,
                    "user": exchange.passage.identity.user if exchange.passage else exchange.notes.get("user", ""),
                    "method": exchange.head.method.decode("ascii"),
                    "path": exchange.head.path,
                    "server": exchange.server,
                    "seconds": round(now - exchange.started, 3),
                }
                for door in self._doors
                for exchange in door.open
            ],
        }
