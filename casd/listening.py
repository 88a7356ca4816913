"""The listening sockets of all workers: one for each worker at each address, kept open whoever comes and goes.

The kernel spreads clients evenly over the sockets of an address (SO_REUSEPORT): workers that share one socket get
1 and 31 of 32 clients that come at once (docs/performance.md). The supervisor keeps every socket, so that a client
whom the kernel gave to a worker that dies is still there for the next one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from contextlib import closing

from casd.crew import dealt
from casd.model import Endpoint

BACKLOG = 1024

Given = dict[Endpoint, list[socket.socket]]


class Listening:
    """Opens and closes sockets as addresses and workers come and go."""

    def __init__(self, inherited: Given) -> None:
        self.sockets: Given = {}
        self._inherited = inherited

    def open(self, numbers: Mapping[Endpoint, int]) -> None:
        """Have so many sockets at each of these addresses, and no others; after an `OSError` nothing has changed."""
        wanted: Given = {endpoint: list(self.sockets.get(endpoint, ())) for endpoint in numbers}
        opened: list[socket.socket] = []
        try:
            for endpoint, sockets in wanted.items():
                if endpoint in self._inherited:
                    sockets[:] = self._inherited[endpoint]  # systemd's: as many as casd.socket says
                    continue
                while len(sockets) < numbers[endpoint]:
                    opened.append(_listen(endpoint, first=not sockets))
                    sockets.append(opened[-1])
        except BaseException:
            for each in opened:
                each.close()
            raise
        for endpoint in self.sockets.keys() - wanted.keys() - self._inherited.keys():
            for each in self.sockets[endpoint]:
                each.close()
        self.sockets = wanted

    def of(self, worker: int, workers: int) -> Given:
        """Return what a worker accepts from."""
        return {
            endpoint: [sockets[number] for number in dealt(len(sockets), workers, worker)]
            for endpoint, sockets in self.sockets.items()
        }

    def forget(self, given: Given) -> None:
        """Close, in a worker, what is not for it."""
        kept = {each for sockets in given.values() for each in sockets}
        for sockets in (*self.sockets.values(), *self._inherited.values()):
            for each in sockets:
                if each not in kept:
                    each.close()

    def state(self) -> list[tuple[str, int, int, bool]]:
        """Return host, port, number, and whether systemd opened it, of each socket."""
        every = {**self._inherited, **self.sockets}
        return [
            (place.host, place.port, each.fileno(), place in self._inherited)
            for place, sockets in every.items()
            for each in sockets
        ]

    def pass_on(self, on: bool) -> None:
        """Let a program that takes this one's place have the sockets, or not."""
        for sockets in (*self._inherited.values(), *self.sockets.values()):
            for each in sockets:
                each.set_inheritable(on)

    def take_over(self, state: Iterable[tuple[str, int, int, bool]]) -> None:
        """Go on with the sockets of another's `state`."""
        for host, port, number, inherited in state:
            handed = socket.socket(fileno=number)
            handed.set_inheritable(False)
            whose = self._inherited if inherited else self.sockets
            whose.setdefault(Endpoint(host, port), []).append(handed)

    def close(self) -> None:
        """Let nobody else in."""
        for sockets in self.sockets.values():
            for each in sockets:
                each.close()
        self.sockets = {}


def _listen(endpoint: Endpoint, *, first: bool) -> socket.socket:
    """Open a socket; the first of an address must be the only one there."""
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    place = endpoint.host, endpoint.port
    try:
        if first:
            with closing(socket.create_server(place, family=family)):
                pass
        return socket.create_server(place, family=family, backlog=BACKLOG, reuse_port=True)
    except OSError as error:
        raise endpoint.refused(error) from None
