"""The faults that a mailbox server can be told to have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from math import inf
from pathlib import Path
from uuid import uuid4

from attrs import define, field
from twisted.internet.task import deferLater

from casd.mailbox.call import Call
from casd.mailbox.dispatch import ServiceOfPath
from casd.net.handover import read_keys
from protocols.handover import ANSWER_HEADER, seal
from protocols.http1 import Response


class Fault(StrEnum):
    """What goes wrong."""

    REFUSE = "refuse"
    """Connections are refused."""

    RESET = "reset"
    """A request's connection is closed without an answer."""

    HANG = "hang"
    """A request is never answered."""

    SLOW = "slow"
    """A request is answered a second late."""

    WRONG_SERVER = "wrong server"
    """A request is told that its database is mounted elsewhere."""

    WRONG_SEAL = "wrong seal"
    """A request is answered for another mailbox."""


_LATE = 1.0


@define
class Script:
    """Has the next `times` requests to a server meet a fault; stands between the server and its services."""

    keys: Path = field(metadata={"doc": "the server's hand-over keys"})
    fault: Fault | None = None
    times: float = 0

    def begin(self, fault: Fault, times: float = inf) -> None:
        """Let it go wrong from the next request on."""
        self.fault, self.times = fault, times

    def end(self) -> None:
        """Let nothing go wrong."""
        self.fault = None

    def around(self, services: Mapping[str, ServiceOfPath]) -> dict[str, ServiceOfPath]:
        """Return services that do what the script says."""
        return {path: partial(self._serve, service) for path, service in services.items()}

    async def _serve(self, service: ServiceOfPath, call: Call) -> Response | None:
        match self._next():
            case Fault.RESET:
                call.exchange.abort()
                return None
            case Fault.HANG:
                return None
            case Fault.WRONG_SERVER:
                return Response(421)
            case Fault.WRONG_SEAL:
                key_id, key = next(iter(read_keys(self.keys).items()))
                proof = seal(call.assertion.request_id, str(uuid4()), key_id, key)
                call.exchange.lines = b"%b: %b\r\n" % (ANSWER_HEADER, proof)
            case Fault.SLOW:
                await deferLater(call.clock, _LATE)
        return await service(call)

    def _next(self) -> Fault | None:
        if self.times <= 0:
            return None
        self.times -= 1
        return self.fault
