"""A door that takes note of nothing: for what is worth no line in a log."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory

from casd.model import Networks
from casd.net.exchange import Exchange
from casd.net.http import Channel, Limits


class Unnoted(Factory):
    """A Twisted factory of channels whose `serve` is a subclass's."""

    noisy = False
    proxies: Networks = ()

    def __init__(self, limits: Limits, clock: Any) -> None:
        self.limits = limits
        self._clock = clock

    def buildProtocol(self, _address: Any) -> Any:
        """Return a channel for a new client."""
        return Channel(self, self._clock)

    def serve(self, exchange: Exchange) -> None:
        """Answer this request, now or later."""
        raise NotImplementedError

    def entered(self, channel: Any) -> None:
        """Note nothing."""

    def left(self, channel: Any) -> None:
        """Note nothing."""

    def decorate(self, exchange: Exchange | None) -> bytes:
        """Add nothing."""
        return b""

    def finished(self, exchange: Exchange) -> None:
        """Note nothing."""

    def rejected(self, client: str, status: int, text: str) -> None:
        """Note nothing."""
