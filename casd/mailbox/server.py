"""A mailbox server as a service: its section of the configuration, its parts, its start and its end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from casd.certificates import Pair
from casd.config import boolean, endpoints, file, integer, key, networks, optional, path, seconds, secret, size, words
from casd.mailbox.call import Call
from casd.mailbox.dispatch import Dispatch, ServiceOfPath
from casd.mailbox.door import MailboxDoor
from casd.mailbox.figures import Figures
from casd.mailbox.housekeeping import Housekeeping
from casd.mailbox.preview.office import Office
from casd.mailbox.preview.previews import Previews
from casd.mailbox.push import Push
from casd.mailbox.roster import Roster
from casd.mailbox.services import SERVICES
from casd.mailbox.store import attached
from casd.mailbox.store.quota import Quota
from casd.mailbox.submission import Submission
from casd.model import Endpoint, Networks
from casd.net.handover import read_keys
from casd.net.http import Limits
from casd.net.reactor import end
from casd.net.shown import Shown, start_looking
from casd.net.tls import HTTP2, ServerTLS
from casd.net.transports import Port, connect, listen

_STREAMS = 1000
"""Requests at once on a connection of HTTP/2: front ends come in by certificate, and bring thousands of phones."""

_RESETS = 100_000
"""Requests that a front end may take back: phones hang up in crowds."""


_PUBLIC_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Those of the Debian package ca-certificates."""


def _front(value: str, _folder: Path) -> str:
    url = urlsplit(value)
    if url.scheme != "https" or not url.hostname or url.path not in {"", "/"}:
        raise ValueError(f"{value!r} is not the URL of a front door, for example https://mail.example.org")
    return value


def _office_server(value: str, _folder: Path) -> str:
    if value and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?(/[\w./-]*)?", value):
        raise ValueError(f"{value!r} is not the URL of an office server, for example https://office.example.org")
    return value


def _keys(value: str, folder: Path) -> Path:
    name = secret(value, folder)
    read_keys(name)
    return name


@frozen
class Settings:
    """Section `[mailbox:NAME]`: the mailbox server that the directory calls NAME."""

    listen: tuple[Endpoint, ...] = key(endpoints, doc="addresses to listen on, for front ends only")
    certificate: Path = key(file, doc="the certificate chain (PEM) that front ends see")
    private_key: Path = key(secret, doc="its private key (PEM)")
    client_ca: Path = key(file, doc="the authority (PEM) whose certificates front ends must show")
    keys: Path = key(_keys, doc="hand-over keys, lines of `ID HEX`; the first signs what this server submits")
    databases: Path = key(path, doc="folder of the mailbox databases; servers may share one")
    mount: tuple[str, ...] = key(words, "", "databases to make and mount here if nobody has ever mounted them")
    front: str = key(_front, doc="URL of a front door, to which sent messages are submitted")
    front_ca: Path = key(file, doc="the authority (PEM) of the front door's certificate")
    keep_deleted: float = key(seconds, "14 d", "how long what was deleted can be recovered")
    push: tuple[Endpoint, ...] = key(endpoints, "", "places, HOST:PORT, to which clients may have notifications pushed")
    warning_quota: int | None = key(
        optional(size), "", "size of a mailbox above which its owner is warned; empty: none"
    )
    send_quota: int | None = key(optional(size), "", "size of a mailbox above which its owner may not send")
    receive_quota: int | None = key(optional(size), "", "size of a mailbox above which it takes nothing more")
    dismount_time: float = key(seconds, "30 s", "how long a dismount waits for the requests in flight")
    idle_time: float = key(seconds, "5 min", "how long a front end may keep an idle connection")
    previews: int = key(
        integer(0, 64), "2", "documents that are made into pages at once, to be seen in web mail; 0: none are"
    )
    preview_time: float = key(seconds, "20 s", "how long the pages of one document may take")
    preview_memory: int = key(size, "1 GiB", "memory that a process which makes pages may take")
    preview_cache: int = key(
        size, "256 MiB", "room for pages that may be asked for again, in the system's folder for temporary files"
    )
    office_server: str = key(
        _office_server, "", "URL of an office server that speaks WOPI, to show documents; empty: none"
    )
    office_ca: Path | None = key(optional(file), "", "the authority (PEM) of its certificate; empty: the public ones")
    office_proof: bool = key(boolean, "yes", "whether its requests must be proved by the keys that it names")
    metrics: tuple[Endpoint, ...] = key(
        endpoints, "", "addresses of /metrics, with the sizes of databases: keep them on loopback; empty: none"
    )
    proxy_protocol: Networks = key(networks, "", "front ends and balancers whose connections begin with a PROXY header")


def _office(name: str, settings: Settings, reactor: Any, now: Callable[[], float]) -> Office | None:
    if not settings.office_server:
        return None
    ca = settings.office_ca or _PUBLIC_AUTHORITIES
    return Office(
        settings.office_server,
        ca.read_text(encoding="utf-8"),
        server=name,
        keys=read_keys(settings.keys),
        proof=settings.office_proof,
        connector=partial(connect, reactor),
        clock=reactor,
        now=now,
    )


def _previews(name: str, settings: Settings, reactor: Any, now: Callable[[], float]) -> Previews:
    return Previews.here(
        reactor,
        _office(name, settings, reactor, now),
        most=settings.previews,
        memory=settings.preview_memory,
        seconds=settings.preview_time,
        cache=settings.preview_cache,
    )


def service(name: str, settings: Settings, reactor: Any) -> MailboxServer:
    """Return the service of one section."""
    return MailboxServer(name, settings, reactor)


class MailboxServer(Service):
    """Mounts, then listens; at its end closes the door first, finishes what is under way, then dismounts.

    `ready` fires when it listens, or fails. `now` tells the age of what front ends assert, `dates` is what mailboxes
    write down.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        settings: Settings,
        reactor: Any,
        services: Mapping[str, ServiceOfPath] = SERVICES,
        now: Callable[[], float] = time,
        dates: Callable[[], float] = time,
    ) -> None:
        self.ready: Deferred[None] = Deferred()
        self.failed = False
        self.ports: list[Port] = []
        mount = partial(attached.mount, now=dates)
        self.roster = Roster(settings.databases, name, reactor, patience=settings.dismount_time, mount=mount)
        self._housekeeping = Housekeeping(self.roster, settings.keep_deleted, reactor, dates)
        self._settings = settings
        self._reactor = reactor
        self._look_no_more: Callable[[], None] = lambda: None
        keys = read_keys(settings.keys)
        self.submit = Submission(
            server=name,
            front=settings.front,
            ca=settings.front_ca.read_text(encoding="ascii"),
            keys=keys,
            clock=reactor,
            connector=partial(connect, reactor),
            now=now,
        )
        self._figures = Figures(name, self.roster, reactor).listener()
        self._previews = _previews(name, settings, reactor, now)
        call = partial(
            Call,
            submit=self.submit,
            clock=reactor,
            push=Push(settings.push, reactor, partial(connect, reactor)),
            people=self.submit.people,
            members=self.submit.members,
            meant=self.submit.meant,
            others=self.submit.others,
            previews=self._previews,
        )
        quota = Quota(settings.warning_quota, settings.send_quota, settings.receive_quota)
        dispatch = Dispatch(name, self.roster, services, call, quota)
        limits = Limits(
            idle_time=settings.idle_time, streams=_STREAMS, windows=_STREAMS, resets=_RESETS, frames=_RESETS
        )
        self._door = MailboxDoor(server=name, keys=keys, dispatch=dispatch, limits=limits, clock=reactor, now=now)

    def startService(self) -> None:
        """Mount what this server held, and listen; the process ends if it cannot."""
        super().startService()
        started = Deferred.fromCoroutine(self._start())
        started.addCallbacks(self.ready.callback, self._cannot_start)

    def stopService(self) -> Deferred[None]:
        """Close the door, finish what is under way, and dismount."""
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def open(self) -> None:
        """Listen; raises when an address is taken."""
        for endpoint in self._settings.listen:
            port = await listen(self._reactor, endpoint, self._door, self._shown, proxies=self._settings.proxy_protocol)
            self.ports.append(port)
        for endpoint in self._settings.metrics:
            self.ports.append(await listen(self._reactor, endpoint, self._figures))

    async def shut(self) -> None:
        """Listen no more, and close each connection when what is under way on it has ended."""
        while self.ports:
            await self.ports.pop().stop()
        self._door.drain()

    async def _start(self) -> None:
        settings = self._settings
        tls = ServerTLS((Pair(settings.certificate, settings.private_key),), settings.client_ca, HTTP2)
        self._shown = Shown(tls)
        await self.roster.begin(settings.mount)
        await self.open()
        self._housekeeping.start()
        self._look_no_more = start_looking(self._reactor, self._shown.reach, self._look)

    async def _stop(self) -> None:
        self._look_no_more()
        self._housekeeping.stop()
        await self.shut()
        self._previews.end()
        await self.roster.end()

    def _look(self) -> None:
        self._shown.look(datetime.now(UTC))

    def _cannot_start(self, failure: Failure) -> None:
        self._log.critical("cannot start: {error}", error=failure.getErrorMessage())
        self.failed = True
        self.ready.addErrback(lambda _: None)
        self.ready.errback(failure)
        end(self._reactor)
