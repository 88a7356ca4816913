"""The line between a worker and its supervisor: short messages with sockets, and what siblings tell each other.

A message is a JSON object in one packet; open sockets travel with it. Longer texts do not: the supervisor makes a pair
of sockets for the one who asks and the one who is asked, and has no part in what they say.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from casd.model import Endpoint
from casd.net.aside import aside
from casd.net.shown import Shown

_PACKET = 65536
SOCKETS = 253
"""Most that Linux takes in one message (SCM_MAX_FD)."""

PATIENCE = 1.0
"""Seconds that a sibling has to tell what is asked of it, however many there are."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a line; neither ever blocks."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def send(line: socket.socket, word: str, sockets: Sequence[socket.socket] = (), **about: Any) -> bool:
    """Send one message; return whether it went: the other side may be gone, or may long have read nothing."""
    try:
        socket.send_fds(
            line,
            [json.dumps({"word": word, **about}).encode()],
            [each.fileno() for each in sockets],
            socket.MSG_NOSIGNAL,
        )
    except OSError:
        return False
    return True


def receive(line: socket.socket) -> tuple[dict[str, Any], list[socket.socket]] | None:
    """Return the next message with its sockets, None from a side that is gone; `BlockingIOError` when there is none."""
    try:
        data, numbers, _, _ = socket.recv_fds(line, _PACKET, SOCKETS)
    except ConnectionError:
        return None
    sockets = [socket.socket(fileno=number) for number in numbers]
    for each in sockets:
        each.set_inheritable(False)
    return (json.loads(data), sockets) if data else None


def tell(line: socket.socket, text: bytes) -> None:
    """Give a sibling a text; one that does not read is given up."""
    with line, suppress(OSError):
        line.settimeout(PATIENCE)
        line.sendall(text)


def hear(lines: Sequence[socket.socket], patience: float = PATIENCE) -> list[bytes | None]:
    """Return what each sibling tells, None for one that did not end in time."""
    parts: list[list[bytes]] = [[] for _ in lines]
    give_up = time.monotonic() + patience
    with selectors.DefaultSelector() as waiting:
        for number, line in enumerate(lines):
            waiting.register(line, selectors.EVENT_READ, number)
        while waiting.get_map() and (left := give_up - time.monotonic()) > 0:
            for ready, _ in waiting.select(left):
                if data := _read(lines[ready.data]):
                    parts[ready.data].append(data)
                else:
                    waiting.unregister(ready.fileobj)
        late = {each.data for each in waiting.get_map().values()}
    for line in lines:
        line.close()
    return [None if number in late or not told else b"".join(told) for number, told in enumerate(parts)]


def _read(line: socket.socket) -> bytes:
    try:
        return line.recv(_PACKET)
    except OSError:
        return b""


def _nobody(failure: Failure) -> list[tuple[int, bytes | None]]:
    failure.trap(defer.TimeoutError)
    return [(0, None)]


@implementer(IReadDescriptor)
class Tether:
    """A worker's end: what the supervisor gave it, says to it, and is told.

    `post` is its place in the crew, `main` the supervisor's process id, `sockets` what it is to accept from, `shown`
    what its listeners show, made before all workers: so a client's ticket is good at each.
    """

    _log = Logger()

    def __init__(
        self,
        post: int,
        main: int,
        line: socket.socket,
        sockets: dict[Endpoint, list[socket.socket]],
        shown: Shown | None = None,
    ) -> None:
        self.post = post
        self.main = main
        self.sockets = sockets
        self.shown = shown
        self._line = line
        self._asking: list[Deferred[list[tuple[int, bytes | None]]]] = []

    def begin(self, reactor: Any, reload: Callable[[], Deferred[bool]], report: Callable[[], bytes]) -> None:
        """Do what the supervisor says: `reload` returns whether it went well, `report` what siblings are told."""
        self._reactor = reactor
        self._reload = reload
        self._report = report
        reactor.addReader(self)

    def say(self, word: str) -> None:
        """Tell the supervisor."""
        send(self._line, word)

    def take(self, endpoint: Endpoint) -> list[socket.socket]:
        """Return the sockets of an address that were given and not yet taken."""
        return self.sockets.pop(endpoint, [])

    def siblings(self) -> Deferred[list[tuple[int, bytes | None]]]:
        """Return each sibling's post and what it reports, None for one that is late; 0 is the supervisor."""
        asked: Deferred[list[tuple[int, bytes | None]]] = Deferred()
        self._asking.append(asked)
        self.say("gather")
        return asked.addTimeout(2 * PATIENCE, self._reactor).addErrback(_nobody)

    # IReadDescriptor

    def fileno(self) -> int:
        """Return the line's number."""
        return self._line.fileno()

    def logPrefix(self) -> str:
        """Return what twistd's log calls it."""
        return "tether"

    def doRead(self) -> None:
        """Take one message."""
        try:
            received = receive(self._line)
        except BlockingIOError:
            return
        if received is None:
            self._reactor.removeReader(self)
            self._leave()
            return
        message, sockets = received
        match message["word"]:
            case "drain":
                self._leave()
            case "reload":
                for place, each in zip(message["places"], sockets, strict=True):
                    self.sockets.setdefault(Endpoint(*place), []).append(each)
                self._reload().addCallbacks(lambda good: self.say("reloaded" if good else "stale"), self._failed)
            case "well":
                self.say("well")
            case "report":
                aside(self._reactor, tell, sockets[0], self._report())
            case "siblings":
                heard = aside(self._reactor, hear, sockets)
                heard.addCallback(lambda told: list(zip(message["posts"], told, strict=True)))
                heard.chainDeferred(self._asking.pop(0))

    def connectionLost(self, reason: Failure) -> None:
        """Close the line, and end: nobody could say anything to this worker any more."""
        self._reactor.removeReader(self)
        self._line.close()
        self._leave()

    def _failed(self, failure: Failure) -> None:
        self._log.failure("reload failed", failure)
        self.say("stale")

    def _leave(self) -> None:
        """Let what is under way end, then end; also when the supervisor is gone."""
        with suppress(ReactorNotRunning):
            self._reactor.stop()
