"""A front end built from a plan: its doors, their shared services, and how a newer plan takes their place."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from twisted.internet.threads import deferToThreadPool

from casd import oab
from casd.access import ClientAccess
from casd.accesslog import AccessLog
from casd.acme import HTTP_01, Renewal
from casd.auth.forms import Sessions
from casd.auth.password import Passwords
from casd.availability.availability import Availability
from casd.certificates import Certificate
from casd.directory.cache import CachedDirectory
from casd.frontends.admin import Admin
from casd.frontends.door import Door, House
from casd.frontends.plain import PlainDoor
from casd.gather import Alone, Place
from casd.metrics import Metrics
from casd.model import Endpoint
from casd.net.aside import aside
from casd.net.handover import Handover, read_keys
from casd.net.pool import Pool
from casd.net.shown import Shown, Watched, start_looking
from casd.net.tls import forget_contexts
from casd.net.watch import Watch
from casd.oab_files import Name
from casd.oab_job import Job
from casd.oab_shelf import Shelf
from casd.plan import Plan

Listening = dict[tuple[Endpoint, bool], Any]
"""What listens where: (endpoint, whether encrypted) to a Twisted factory."""


class Front:
    """Everything between the listening sockets and the connections to mailbox servers.

    Built anew for a reload; what holds state worth keeping (the pool, remembered passwords, figures) is shared with
    the front before when its part of the plan is the same. Until `take_over`, nothing has happened to that one.
    """

    def __init__(
        self,
        plan: Plan,
        reactor: Any,
        encrypted_port: Callable[[], int],
        shown: Shown,
        before: Front | None = None,
        place: Place | None = None,
    ) -> None:
        self.plan = plan
        self.shown = shown
        self._show = shown.prepare(plan.tls)
        self._same = before
        self._client = self._kept("_client", "pool") or Watched(plan.client_pair, lambda _: None)
        self.metrics: Metrics = before.metrics if before else Metrics()
        self.log = AccessLog(plan.accesslog, _stream(plan), reactor)  # anew: a reload follows a rotated file
        module, settings = plan.directory
        self.directory = self._kept("directory", "directory", "cache") or CachedDirectory(
            module.Directory(settings), plan.cache, reactor
        )
        in_thread = partial(deferToThreadPool, reactor, reactor.getThreadPool())
        self.passwords = self._kept("passwords", "password", "directory", "cache") or Passwords(
            plan.password, self.directory, in_thread, reactor
        )
        self.pool = self._kept("pool", "pool") or Pool(plan.pool, reactor)
        self.handover = Handover(plan.pool.keys, time.time)
        sessions = Sessions(plan.forms, read_keys(plan.forms.secret), time.time) if plan.forms else None
        self.access = ClientAccess(
            plan.access,
            self.directory,
            plan.mechanisms,
            self.passwords,
            sessions,
            self.pool,
            self.handover,
            reactor,
            plan.autodiscover,
            lambda: shown.certificates,
            plan.books,
            Shelf(plan.oab.folder, self.directory, time.time, self._want) if plan.oab else None,
        )
        self.access.availability = Availability(plan.availability, self.access, in_thread)
        self._job = self._oab_job(plan.oab, reactor) if plan.oab else None
        self.watch = Watch(plan.watch, self.pool, reactor)
        self.doors = self._doors(reactor)
        doors, place = self.doors.values(), place or Alone()
        self.admin = Admin(plan.name, self.access, self.metrics, doors, self.certificates, reactor, place)
        http = plan.doors["http"][1]
        tokens = plan.acme.challenges if plan.acme and plan.acme.challenge == HTTP_01 else None
        self.plain = PlainDoor(_namespaces(http), encrypted_port, reactor, tokens, http.proxy_protocol)
        self._renewal = Renewal(plan.acme, plan.acme_names, partial(aside, reactor), reactor) if plan.acme else None
        self._same = None
        self._reactor = reactor
        self._rest: list[Callable[[], None]] = []

    def certificates(self) -> tuple[Certificate, ...]:
        """Return what is shown at present: to clients, the default first, and to mailbox servers."""
        return (*self.shown.certificates, self._client.certificate)

    def start(self) -> None:
        """Look after what changes by itself: servers, certificates."""
        self.watch.start()
        self._rest += [self.watch.stop, start_looking(self._reactor, self._reach, self._look)]
        if self._renewal:
            self._renewal.start()
            self._rest.append(self._renewal.stop)
        if self._job:
            self._job.start()
            self._rest.append(self._job.stop)

    def listening(self) -> Listening:
        """Return which factory is to listen where."""
        found: Listening = {}
        for name, (_, settings) in self.plan.doors.items():
            found.update({(endpoint, True): self.doors[name] for endpoint in settings.listen})
        found.update({(endpoint, False): self.plain for endpoint in self.plan.doors["http"][1].plain})
        if self.plan.admin:
            found.update({(endpoint, False): self.admin for endpoint in self.plan.admin.listen})
        return found

    def take_over(self, before: Front) -> None:
        """Have the clients of the front before served by this one from their next request on."""
        for name, door in self.doors.items():
            if name in before.doors:
                door.adopt(before.doors[name])
        self._show()
        self._look()
        before.rest()
        if before.pool is not self.pool:
            before.pool.close()
        before.log.close()

    def busy(self) -> bool:
        """Say whether any client is still connected."""
        return any(door.channels for door in self.doors.values())

    def conclude(self) -> None:
        """Have clients told with their next answer that their connection closes."""
        for door in self.doors.values():
            door.conclude()

    def drain(self) -> None:
        """Let what is under way end."""
        for door in self.doors.values():
            door.drain()

    def rest(self) -> None:
        """Look after nothing any more."""
        while self._rest:
            self._rest.pop()()

    def close(self) -> None:
        """Let go of everything."""
        self.rest()
        self.pool.close()
        self.log.close()

    def _oab_job(self, settings: oab.Settings, reactor: Any) -> Job:
        module, directory = self.plan.directory
        source = (module.__name__, directory)
        return Job(settings, self.plan.books, source, self.directory, partial(aside, reactor), reactor, time.time)

    def _want(self, name: Name) -> None:
        """Have a file made that a client asked for."""
        if self._job:
            self._job.want(name)

    def _reach(self) -> None:
        self.shown.reach()
        self._client.reach()

    def _look(self) -> None:
        now = datetime.now(UTC)
        self.shown.look(now)
        if self._client.changed():
            forget_contexts()
        self._client.warn(now)

    def _doors(self, reactor: Any) -> dict[str, Door]:
        plan = self.plan
        http = plan.doors["http"][1]
        house = House(plan.name, _namespaces(http), self.access, self.metrics, self.log, reactor)
        doors = {
            name: Door(name, settings, [vdir() for vdir in module.VDIRS], house)
            for name, (module, settings) in plan.doors.items()
            if name != "http"
        }
        sharing = [door for name, door in doors.items() if not plan.doors[name][1].listen]
        module = plan.doors["http"][0]
        doors["http"] = Door("http", http, [vdir() for vdir in module.VDIRS], house, sharing)
        return doors

    def _kept(self, name: str, *parts: str) -> Any:
        """Return a service of the front before, if the parts of the plan that it was made from are the same."""
        before = self._same
        if before is None or any(getattr(before.plan, part) != getattr(self.plan, part) for part in parts):
            return None
        return getattr(before, name)


def _namespaces(http: Any) -> frozenset[str]:
    return frozenset(name.lower() for name in http.namespaces)


def _stream(plan: Plan) -> Any:
    # twistd puts a log of its own in the place of sys.stdout once it has started.
    return plan.accesslog.file.open("a", encoding="utf-8") if plan.accesslog.file else sys.__stdout__
