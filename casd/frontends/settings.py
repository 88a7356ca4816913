"""The keys that the sections of all HTTP doors have."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from casd.config import endpoints, integer, key, networks, seconds, size
from casd.frontends.forwarded import forwarded_field
from casd.model import Networks
from casd.net.http import Limits


def listeners(default: str) -> Any:
    """Declare the key `listen`."""
    return key(endpoints, default, "addresses to listen on; empty: share the port of [http], by path")


@frozen(kw_only=True)
class DoorSettings:
    """What each door's section has."""

    head: int = key(size, "64 KiB", "longest head of a request; more is answered 431")
    body: int = key(size, "150 MiB", "longest body of a request that names its length; more is answered 413")
    window: int = key(size, "64 KiB", "most of a body that is held, to be sent again if a database has just moved")
    head_time: float = key(seconds, "30 s", "longest time for a head to arrive")
    body_time: float = key(seconds, "60 s", "longest silence within a body")
    write_time: float = key(seconds, "5 min", "longest time in which a client reads nothing of an answer")
    idle_time: float = key(seconds, "5 min", "longest time between requests of a connection")
    pipelined: int = key(integer(1, 1000), "32", "most requests that are read ahead of the one being answered")
    streams: int = key(integer(0, 10000), "128", "most requests at once on a connection of HTTP/2; 0: HTTP/1.1 only")
    resets: int = key(
        integer(1, 1000000), "200", "most requests that a client of HTTP/2 may take back or spoil, regained in 30 s"
    )
    frames: int = key(
        integer(1, 1000000), "1000", "most frames that bring nothing on a connection of HTTP/2, regained in 30 s"
    )
    hold_time: float = key(seconds, "10 s", "longest wait for a database that is being moved, before 503")
    proxy_protocol: Networks = key(networks, "", "load balancers, whose connections must begin with a PROXY header")
    trusted_proxies: Networks = key(networks, "", "HTTP proxies that are believed what they say of their clients")
    forwarded_field: bytes = key(forwarded_field, "X-Forwarded-For", "where they say it: X-Forwarded-For or Forwarded")

    def limits(self) -> Limits:
        """Return what a connection may use."""
        return Limits(
            self.head,
            self.window,
            self.pipelined,
            self.head_time,
            self.body_time,
            self.write_time,
            self.idle_time,
            streams=self.streams,
            resets=self.resets,
            frames=self.frames,
        )
