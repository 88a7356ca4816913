"""The operator's listener on loopback: figures for Prometheus, and what is going on; it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from casd.access import ClientAccess
from casd.certificates import Certificate
from casd.config import endpoints, key
from casd.frontends.door import Door
from casd.metrics import Metrics
from casd.model import Endpoint
from casd.net.exchange import Exchange
from casd.net.http import Limits
from casd.net.unnoted import Unnoted
from protocols.http1 import Response


@frozen
class Settings:
    """Section `[admin]`."""

    listen: tuple[Endpoint, ...] = key(
        endpoints, "127.0.0.1:8444", "addresses of /metrics and /status: keep them on loopback"
    )


class Admin(Unnoted):
    """Answers GET /metrics and /status."""

    def __init__(
        self,
        name: str,
        access: ClientAccess,
        metrics: Metrics,
        doors: Iterable[Door],
        certificates: Callable[[], Iterable[Certificate]],
        clock: Any,
    ) -> None:
        super().__init__(Limits(), clock)
        self._name = name
        self._access = access
        self._metrics = metrics
        self._doors = tuple(doors)
        self._certificates = certificates
        self._pages: dict[str, Callable[[], Response]] = {"/metrics": self._figures, "/status": self._status}

    def serve(self, exchange: Exchange) -> None:
        """Answer one page. A foreign Host is a web page that tries to read us through a browser."""
        host = (exchange.head.get(b"host") or b"").rpartition(b":")[0] or exchange.head.get(b"host")
        page = self._pages.get(exchange.head.path)
        if host not in {b"127.0.0.1", b"localhost", b"[::1]"}:
            exchange.reply(Response(403))
        elif exchange.head.method not in {b"GET", b"HEAD"}:
            exchange.reply(Response(405, ((b"Allow", b"GET, HEAD"),)))
        else:
            exchange.reply(page() if page else Response(404))

    def _figures(self) -> Response:
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
        return Response(200, ((b"Content-Type", b"text/plain; version=0.0.4; charset=utf-8"),), self._metrics.page())

    def _status(self) -> Response:
        body = json.dumps(self.status(), indent=1).encode()
        return Response(200, ((b"Content-Type", b"application/json"),), body)

    def status(self) -> dict[str, Any]:
        """Return what is going on: servers, databases, pools, breakers, open requests."""
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
