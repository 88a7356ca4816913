"""Options and makeService: the ini becomes a tree of services."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from casd.config import BadConfiguration
from casd.front import Front, Listening
from casd.model import Endpoint
from casd.net.reactor import choose_reactor
from casd.net.shown import Shown
from casd.net.tls import forget_contexts
from casd.net.transports import Port, listen
from casd.plan import Plan, read_plan


class Options(usage.Options):
    """What `twistd cas` takes."""

    synopsis = "[--config FILE]"
    optParameters = [["config", "c", "etc/cas.ini", "the configuration file"]]  # noqa: RUF012 (Twisted's way)

    def postOptions(self) -> None:
        """Choose the reactor, which must be done before anything imports it; then read the file."""
        choose_reactor()
        try:
            self["plan"] = read_plan(Path(self["config"]).resolve())
        except BadConfiguration as error:
            raise usage.UsageError(f"the configuration is not usable:\n{error}\nNothing was started.") from None


def makeService(options: Options) -> IService:
    """Return the service tree of a front end, with the Mailbox role's servers when the ini has them."""
    from twisted.internet import reactor  # noqa: PLC0415, TID251 (the one place)

    return build(options["plan"], reactor)


def build(plan: Plan, reactor: Any) -> Whole:
    """Return the services of a plan."""
    mailboxes = [module.service(name, settings, reactor) for name, (module, settings) in plan.mailboxes.items()]
    return Whole(FrontService(plan, reactor), mailboxes)


class Whole(MultiService):
    """The front end before its mailbox servers: on the way out, requests under way still find theirs."""

    def __init__(self, front: FrontService, mailboxes: list[Any]) -> None:
        super().__init__()
        self.front = front
        self.mailboxes = mailboxes
        for service in (*mailboxes, front):
            service.setServiceParent(self)

    def stopService(self) -> Deferred[None]:
        """Stop one after the other."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self.running = 0
        for service in (self.front, *self.mailboxes):
            await maybeDeferred(service.stopService)


class FrontService(Service):
    """Opens the ports, takes a newer plan on SIGHUP, drains at the end."""

    _log = Logger()

    def __init__(self, plan: Plan, reactor: Any, shown: Shown | None = None) -> None:
        """`shown` was made before this process was forked, if others are to take its clients' tickets."""
        self.plan = plan
        self.ready: Deferred[None] = Deferred()
        self.ports: dict[tuple[Endpoint, bool], Port] = {}
        self.front = Front(plan, reactor, self.encrypted_port, shown or Shown(plan.tls))
        self._reactor = reactor
        self._entrances: dict[tuple[Endpoint, bool], Entrance] = {}

    def startService(self) -> None:
        """Open the ports; the process ends if one cannot be opened."""
        super().startService()
        self._on_hangup()
        Deferred.fromCoroutine(self._start()).addErrback(self._cannot_start)

    def stopService(self) -> Deferred[None]:
        """Accept nothing more, let what is under way end, then close."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    def encrypted_port(self) -> int:
        """Return the port that plain HTTP sends clients to."""
        return next((port.endpoint.port for (_, encrypted), port in self.ports.items() if encrypted), 443)

    async def reload(self) -> bool:
        """Read the file again; when it is good, let it rule from the next request on. No connection is dropped."""
        front = None
        try:
            plan = read_plan(self.plan.file)
            front = Front(plan, self._reactor, self.encrypted_port, self.front.shown, self.front)
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
        self._log.info("configuration reloaded")
        return True

    async def _start(self) -> None:
        await self._open(self.front.listening())
        self.front.start()
        settle_collector()
        self._log.info("ready: {ports}", ports=", ".join(str(port.endpoint) for port in self.ports.values()))
        notify("READY=1")
        self.ready.callback(None)

    async def _open(self, wanted: Listening) -> None:
        """Open what is new, or has other balancers before it; when one of them cannot be opened, none is."""
        inherited = inherited_sockets()
        opened: dict[tuple[Endpoint, bool], tuple[Entrance, Port]] = {}
        try:
            for place, factory in wanted.items():
                before = self.ports.get(place)
                if before is not None and before.proxies == factory.proxies:
                    continue
                entrance = Entrance(factory)
                shown = self.front.shown if place[1] else None
                found = before.twin() if before else inherited.get(place[0])
                opened[place] = (
                    entrance,
                    await listen(self._reactor, place[0], entrance, shown, found, factory.proxies),
                )
        except BaseException:
            for _, port in opened.values():
                await port.stop()
            raise
        for place, (entrance, port) in opened.items():
            if place in self.ports:
                await self.ports[place].stop()
            self._entrances[place], self.ports[place] = entrance, port

    async def _settle(self, wanted: Listening) -> None:
        """Hand new factories to what stays, close what is gone."""
        for place in list(self.ports):
            if place not in wanted:
                await self.ports.pop(place).stop()
                del self._entrances[place]
                continue
            self._entrances[place].factory = wanted[place]

    async def _stop(self) -> None:
        notify("STOPPING=1")
        for port in self.ports.values():
            await port.stop()
        self.front.drain()
        give_up = self._reactor.seconds() + self.plan.drain_time
        while self.front.busy() and self._reactor.seconds() < give_up:
            await deferLater(self._reactor, 0.05)
        self.front.close()

    def _on_hangup(self) -> None:
        def reload() -> None:
            if not self.ready.called:
                return  # what is being started has just been read
            Deferred.fromCoroutine(self.reload()).addErrback(
                lambda failure: self._log.failure("reload failed", failure)
            )

        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(reload))

    def _cannot_start(self, failure: Failure) -> None:
        self._log.error("cannot start: {error}", error=failure.getErrorMessage())
        self.ready.errback(failure)
        self.ready.addErrback(lambda _: None)
        with suppress(ReactorNotRunning):  # another service could not start either
            self._reactor.stop()


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


def inherited_sockets(environment: Path = Path("/proc/self/environ")) -> dict[Endpoint, socket.socket]:
    """Return copies of the listening sockets that systemd opened for this process (sd_listen_fds(3)), by address."""
    # Not os.environ: twisted.internet.endpoints takes what it finds there away as soon as it is imported.
    said = dict(entry.partition("=")[::2] for entry in environment.read_text(errors="replace").split("\0"))
    if said.get("LISTEN_PID") != str(os.getpid()):
        return {}
    sockets = [socket.socket(fileno=os.dup(3 + number)) for number in range(int(said["LISTEN_FDS"]))]
    return {Endpoint(*found.getsockname()[:2]): found for found in sockets}


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); without it, tell nobody."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.sendto(state.encode("ascii"), address.replace("@", "\0", 1))
