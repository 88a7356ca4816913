"""A listening socket whose listed peers, load balancers, say first for whom they connect.

The header is taken off the accepted socket before anything else sees it, byte for byte, so that TLS begins where it
should whichever library has the connection. Peers that are not listed pass at once: from them a header is no TLS and
no HTTP.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from zope.interface import implementer

from casd.model import Networks
from casd.net.addresses import within
from protocols.proxyprotocol import LONGEST_V2, BadHeader, Header, parse

PATIENCE = 5.0
"""Seconds for a header to come whole; its specification asks for no less than three."""

QUIET = 60.0
"""Seconds after a line about a connection that was closed in which the others are only counted."""

_AT_ONCE = 64
_FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Admit = Callable[[socket.socket, Header | None], None]
"""Takes an accepted socket, with the header if its peer had to send one."""


@implementer(IReadDescriptor)
class Gate:
    """Accepts connections, and reads the header of those that must have one."""

    _log = Logger()

    def __init__(self, reactor: Any, listening: socket.socket, listed: Networks, admit: Admit) -> None:
        self._reactor = reactor
        self._socket = listening
        self._listed = listed
        self._admit = admit
        self._closed = 0
        self._told_at = -QUIET
        listening.setblocking(False)
        reactor.addReader(self)

    def close(self) -> None:
        """Accept no more."""
        self._reactor.removeReader(self)
        self._socket.close()

    def fileno(self) -> int:
        """Return the listening socket's number."""
        return self._socket.fileno()

    def logPrefix(self) -> str:
        """Return how Twisted is to call this in its log."""
        return "gate"

    def doRead(self) -> None:
        """Accept who waits."""
        for _ in range(_AT_ONCE):
            try:
                connection, address = self._socket.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _FULL:  # a moment's rest: the socket stays readable
                    self._log.error("cannot accept: {error}", error=str(error))
                    self._reactor.removeReader(self)
                    self._reactor.callLater(1, self._again)
                return
            connection.setblocking(False)
            if within(address[0], self._listed):
                Preface(self._reactor, connection, address[0], self._admit, self._refused)
            else:
                self._admit(connection, None)

    def connectionLost(self, reason: Any) -> None:
        """Be told that the socket is gone."""

    def _refused(self, peer: str, why: str) -> None:
        """Log that a connection is closed, with how many were since the line before."""
        self._closed += 1
        if self._reactor.seconds() - self._told_at >= QUIET:
            said = f", and {self._closed - 1} more since this was told last" if self._closed > 1 else ""
            self._log.warn("a connection of {peer} is closed: {why}{more}", peer=peer, why=why, more=said)
            self._told_at, self._closed = self._reactor.seconds(), 0

    def _again(self) -> None:
        if self._socket.fileno() >= 0:
            self._reactor.addReader(self)


@implementer(IReadDescriptor)
class Preface:
    """One connection of a listed peer until its header has been read."""

    def __init__(
        self, reactor: Any, connection: socket.socket, peer: str, admit: Admit, refused: Callable[[str, str], None]
    ) -> None:
        self._reactor = reactor
        self._socket = connection
        self._number = connection.fileno()
        self._peer = peer
        self._admit = admit
        self._refused = refused
        self._came = b""
        self._timer = reactor.callLater(PATIENCE, self._refuse, "no header in time")
        reactor.addReader(self)

    def fileno(self) -> int:
        """Return the socket's number."""
        return self._number

    def logPrefix(self) -> str:
        """Return how Twisted is to call this in its log."""
        return "preface"

    def doRead(self) -> None:
        """Take what belongs to the header off the socket, and leave the rest where it is."""
        try:
            seen = self._socket.recv(LONGEST_V2, socket.MSG_PEEK)
            header = parse(self._came + seen) if seen else None
            mine = self._socket.recv(header.size - len(self._came) if header else len(seen))
        except BlockingIOError:
            return
        except (BadHeader, OSError) as error:
            self._refuse(str(error))
            return
        self._came += mine
        if header is not None:
            self._leave()
            self._admit(self._socket, header)
        elif not seen:
            self._refuse("it ended before its header did")

    def connectionLost(self, reason: Any) -> None:
        """Be told that the socket is gone."""

    def _refuse(self, why: str) -> None:
        self._leave()
        self._refused(self._peer, why)
        self._socket.close()

    def _leave(self) -> None:
        self._reactor.removeReader(self)
        if self._timer.active():
            self._timer.cancel()
