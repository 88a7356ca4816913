"""The operator's listener on loopback: figures of all workers, and what is going on; it changes nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import frozen
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd import gather
from casd.access import ClientAccess
from casd.certificates import Certificate
from casd.config import endpoints, key
from casd.frontends.door import Door
from casd.metrics import Metrics
from casd.model import Endpoint
from casd.net.exchange import Exchange
from casd.net.http import Limits
from casd.net.spawn import spawn
from casd.net.unnoted import Unnoted
from protocols.http1 import Response


@frozen
class Settings:
    """Section `[admin]`."""

    listen: tuple[Endpoint, ...] = key(
        endpoints, "127.0.0.1:8444", "addresses of /metrics and /status: keep them on loopback"
    )


class Admin(Unnoted):
    """Answers GET /metrics and /status for every worker of the front end, whichever was asked."""

    _log = Logger()

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
        super().__init__(Limits(), clock)
        self._name = name
        self._access = access
        self._metrics = metrics
        self._doors = tuple(doors)
        self._certificates = certificates
        self._place = place
        self._pages: dict[str, Callable[[Sequence[gather.Report], list[int]], Response]] = {
            "/metrics": _figures,
            "/status": self._status,
        }

    def serve(self, exchange: Exchange) -> None:
        """Answer one page. A foreign Host is a web page that tries to read us through a browser."""
        host = (exchange.head.get(b"host") or b"").rpartition(b":")[0] or exchange.head.get(b"host")
        page = self._pages.get(exchange.head.path)
        if host not in {b"127.0.0.1", b"localhost", b"[::1]"}:
            exchange.reply(Response(403))
        elif exchange.head.method not in {b"GET", b"HEAD"}:
            exchange.reply(Response(405, ((b"Allow", b"GET, HEAD"),)))
        elif page is None:
            exchange.reply(Response(404))
        else:
            spawn(self._answer(exchange, page), lambda error: self._failed(exchange, error))

    async def _answer(self, exchange: Exchange, page: Callable[[Sequence[gather.Report], list[int]], Response]) -> None:
        told = await self._place.siblings()
        reports = [self.report(), *(json.loads(report) for _, report in told if report is not None)]
        reports.sort(key=lambda report: report["worker"])
        exchange.reply(page(reports, sorted(worker for worker, report in told if report is None)))

    def _failed(self, exchange: Exchange, error: Exception) -> None:
        self._log.failure("a page for the operator failed", Failure(error))
        exchange.reply(Response(502))

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

    def _status(self, reports: Sequence[gather.Report], silent: list[int]) -> Response:
        body = json.dumps(
            gather.status(reports, silent) | {"pid": self._place.main, "supervised": self._place.main != os.getpid()},
            indent=1,
        ).encode()
        return Response(200, ((b"Content-Type", b"application/json"),), body)

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


def _figures(reports: Sequence[gather.Report], silent: list[int]) -> Response:
    page = gather.page(reports, silent)
    return Response(200, ((b"Content-Type", b"text/plain; version=0.0.4; charset=utf-8"),), page)
