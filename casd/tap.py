"""Options and makeService: the ini becomes a tree of services."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, DeferredLock, gatherResults, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure
from twisted.scripts._twistd_unix import checkPID

from casd.config import BadConfiguration
from casd.crew import MAILBOX
from casd.front import Front, Listening
from casd.model import Endpoint, Networks
from casd.net.reactor import choose_reactor, end, fail_if
from casd.net.shown import Shown
from casd.net.systemd import inherited_sockets, notify
from casd.net.tether import Tether
from casd.net.tls import forget_contexts
from casd.net.transports import Port, listen
from casd.plan import Plan, read_plan
from casd.supervisor import UPGRADE, supervise

POLITE = 1.0
"""Seconds in which a worker that is replaced closes no idle connection: its client may just be asking again."""


class Options(usage.Options):
    """What `twistd cas` takes."""

    synopsis = "[--config FILE]"
    optParameters = [["config", "c", "etc/cas.ini", "the configuration file"]]  # noqa: RUF012 (Twisted's way)

    def postOptions(self) -> None:
        """Read the file; start workers if there are to be several; choose the reactor, before anything imports it."""
        try:
            plan = read_plan(Path(self["config"]).resolve())
        except BadConfiguration as error:
            raise usage.UsageError(f"the configuration is not usable:\n{error}\nNothing was started.") from None
        upgrade = os.environ.pop(UPGRADE, "")
        if upgrade == "rehearse":
            sys.exit(0)
        self["tether"] = None
        if upgrade or plan.workers > 1:
            self["tether"], plan = _supervise(plan, upgrade, self.parent)
        self["plan"] = plan
        choose_reactor()


def _supervise(plan: Plan, upgrade: str, twistd: Any) -> tuple[Tether, Plan]:
    """Become the supervisor; returns in each worker."""
    if not twistd["nodaemon"] or twistd["syslog"] or twistd["logfile"] or "twisted.internet.reactor" in sys.modules:
        raise usage.UsageError(
            "several workers run with --nodaemon, write to standard output and choose their reactor themselves: "
            "take --syslog, --logfile and --reactor away, or have [cas] workers = 1"
        )
    pidfile, twistd["pidfile"] = twistd["pidfile"], ""  # it names the supervisor
    if not upgrade:
        checkPID(pidfile)
    return supervise(plan, upgrade, Path(pidfile).resolve() if pidfile else None)


def makeService(options: Options) -> IService:
    """Return the service tree of a front end, with the Mailbox role's servers when the ini has them."""
    from twisted.internet import reactor  # noqa: PLC0415, TID251 (the one place)

    plan, tether = options["plan"], options["tether"]
    whole = build(plan, reactor, tether)
    if tether:
        whole.obey(tether, reactor)
    fail_if(lambda: whole.failed)
    return whole


def build(plan: Plan, reactor: Any, tether: Tether | None = None) -> Whole:
    """Return the services of a plan; a worker has its part of them."""
    post = tether.post if tether else None
    mailboxes = [
        module.service(name, settings, reactor)
        for name, (module, settings) in plan.mailboxes.items()
        if post in {None, MAILBOX}
    ]
    return Whole(None if post == MAILBOX else FrontService(plan, reactor, tether), mailboxes)


class Whole(MultiService):
    """The front end before its mailbox servers: on the way out, requests under way still find theirs."""

    def __init__(self, front: FrontService | None, mailboxes: list[Any]) -> None:
        super().__init__()
        self.front = front
        self.mailboxes = mailboxes
        self._parts = [front, *mailboxes] if front else mailboxes
        for service in reversed(self._parts):
            service.setServiceParent(self)

    @property
    def failed(self) -> bool:
        """Whether a part of it could not start."""
        return any(part.failed for part in self._parts)

    def obey(self, tether: Tether, reactor: Any) -> None:
        """Be a worker: do what the supervisor says, and tell it when all parts are ready."""
        front = self.front
        tether.begin(
            reactor,
            lambda: Deferred.fromCoroutine(front.reload()) if front else succeed(True),
            lambda: json.dumps(front.front.admin.report()).encode() if front else b"",
        )
        gatherResults([part.ready for part in self._parts]).addCallbacks(lambda _: tether.say("ready"), lambda _: None)

    def stopService(self) -> Deferred[None]:
        """Stop one after the other."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self.running = 0
        for service in self._parts:
            await maybeDeferred(service.stopService)


class FrontService(Service):
    """Opens the ports, takes a newer plan on SIGHUP, drains at the end."""

    _log = Logger()

    def __init__(self, plan: Plan, reactor: Any, tether: Tether | None = None) -> None:
        self.plan = plan
        self.ready: Deferred[None] = Deferred()
        self.failed = False
        self.ports: dict[tuple[Endpoint, bool], list[Port]] = {}
        shown = (tether and tether.shown) or Shown(plan.tls)
        self.front = Front(plan, reactor, self.encrypted_port, shown, place=tether)
        self._reactor = reactor
        self._tether = tether
        self._turn = DeferredLock()
        self._hurried = False
        self._entrances: dict[tuple[Endpoint, bool], Entrance] = {}

    def startService(self) -> None:
        """Open the ports; the process ends if one cannot be opened."""
        super().startService()
        if self._tether is None:
            self._on(signal.SIGHUP, self._hangup)
            self._on(signal.SIGUSR2, lambda: self._log.error("one process cannot be upgraded in place: restart it"))
        self._turn.run(lambda: Deferred.fromCoroutine(self._start())).addErrback(self._cannot_start)

    def stopService(self) -> Deferred[None]:
        """Accept nothing more, let what is under way end, then close."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def encrypted_port(self) -> int:
        """Return the port that plain HTTP sends clients to."""
        return next((ports[0].endpoint.port for (_, encrypted), ports in self.ports.items() if encrypted), 443)

    async def reload(self) -> bool:
        """Read the file again; when it is good, let it rule from the next request on. No connection is dropped."""
        return bool(await self._turn.run(lambda: Deferred.fromCoroutine(self._take_newer())))

    async def _take_newer(self) -> bool:
        front = None
        try:
            plan = read_plan(self.plan.file)
            front = Front(plan, self._reactor, self.encrypted_port, self.front.shown, self.front, self._tether)
            wanted = front.listening()
            await self._open(wanted)
        except (BadConfiguration, CannotListenError, OSError, ValueError) as error:
            self._log.error("the configuration was not reloaded, nothing changed:\n{error}", error=str(error))
            if front is not None:
                front.log.close()
            return False
        forget_contexts()
        front.take_over(self.front)
        self.plan, self.front = plan, front
        await self._settle(wanted)
        front.start()
        if self._tether is None and plan.workers > 1:
            self._log.warn("[cas] workers = {workers} needs a restart: one process goes on", workers=plan.workers)
        return True

    async def _start(self) -> None:
        await self._open(self.front.listening())
        self.front.start()
        settle_collector()
        if self._tether is None:
            places = (str(port.endpoint) for ports in self.ports.values() for port in ports)
            self._log.info("ready: {ports}", ports=", ".join(places))
            notify("READY=1")
        self.ready.callback(None)

    async def _open(self, wanted: Listening) -> None:
        """Open what is new, or has other balancers before it; when one of them cannot be opened, none is."""
        inherited = None if self._tether else inherited_sockets()
        opened: list[tuple[tuple[Endpoint, bool], Entrance, Port]] = []
        try:
            for place, factory in wanted.items():
                entrance = self._entrances.get(place) or Entrance(factory)
                shown = self.front.shown if place[1] else None
                for handed in self._sockets(place, factory.proxies, inherited):
                    port = await listen(self._reactor, place[0], entrance, shown, handed, factory.proxies)
                    opened.append((place, entrance, port))
        except BaseException:
            for _, _, port in opened:
                await port.stop()
            raise
        for place, factory in wanted.items():
            for port in [port for port in self.ports.get(place, ()) if port.proxies != factory.proxies]:
                self.ports[place].remove(port)
                await port.stop()
        for place, entrance, port in opened:
            self._entrances[place] = entrance
            self.ports.setdefault(place, []).append(port)

    def _sockets(
        self, place: tuple[Endpoint, bool], proxies: Networks, inherited: dict[Endpoint, list[socket.socket]] | None
    ) -> Sequence[socket.socket | None]:
        """Return the sockets to begin to listen at; None stands for one that is still to be opened."""
        twins = [port.twin() for port in self.ports.get(place, ()) if port.proxies != proxies]
        if self._tether:  # more may come for an address that is open: those of a worker that is no longer there
            given = self._tether.take(place[0])
            if not given and place not in self.ports:
                raise OSError(f"{place[0]} was not opened by the supervisor")
            return (*given, *twins)
        return twins if place in self.ports else (inherited or {}).get(place[0]) or (None,)

    async def _settle(self, wanted: Listening) -> None:
        """Hand new factories to what stays, close what is gone."""
        for place in list(self.ports):
            if place not in wanted:
                for port in self.ports.pop(place):
                    await port.stop()
                del self._entrances[place]
                continue
            self._entrances[place].factory = wanted[place]

    async def _stop(self) -> None:
        if self._tether is None:
            notify("STOPPING=1")
            for number in (signal.SIGTERM, signal.SIGINT):
                self._on(number, self._hurry)
        for ports in self.ports.values():
            for port in ports:
                await port.stop()
        give_up = self._reactor.seconds() + self.plan.drain_time
        if self._tether:  # others go on: whoever asks in this moment is told to turn to them
            self.front.conclude()
            await deferLater(self._reactor, min(POLITE, self.plan.drain_time))
        self.front.drain()
        while self.front.busy() and not self._hurried and self._reactor.seconds() < give_up:
            await deferLater(self._reactor, 0.05)
        self.front.close()

    def _hangup(self) -> None:
        def told(good: bool) -> None:
            if good:
                self._log.info("configuration reloaded")

        if self.ready.called:  # what is being started has just been read
            Deferred.fromCoroutine(self.reload()).addCallbacks(
                told, lambda failure: self._log.failure("reload failed", failure)
            )

    def _hurry(self) -> None:
        """Wait for nobody: the signal came twice."""
        self._hurried = True

    def _on(self, number: int, action: Callable[[], None]) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, lambda *_: self._reactor.callFromThread(action))

    def _cannot_start(self, failure: Failure) -> None:
        self._log.error("cannot start: {error}", error=failure.getErrorMessage())
        self.failed = True
        self.ready.errback(failure)
        self.ready.addErrback(lambda _: None)
        end(self._reactor)


class Entrance(Factory):
    """What a listening socket builds its protocols with: a reload puts another factory behind it."""

    noisy = False

    def __init__(self, factory: Any) -> None:
        self.factory = factory

    def buildProtocol(self, addr: Any) -> Any:
        """Let the factory of the day build it."""
        return self.factory.buildProtocol(addr)

    def buildMultiplexed(self, addr: Any) -> Any:
        """Let the factory of the day build it."""
        return self.factory.buildMultiplexed(addr)


def settle_collector() -> None:
    """Keep the garbage collector away from what lives as long as the process, and from most requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
