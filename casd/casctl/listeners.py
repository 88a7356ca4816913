"""The addresses at which a configuration's processes listen, and the wait until all of them answer."""

from __future__ import annotations

import os
import socket
import time

from casd.casctl.invocation import Down
from casd.model import Endpoint
from casd.plan import Plan, addresses

_PATIENCE = 60.0
_PAUSE = 0.1


def listeners(plan: Plan) -> list[Endpoint]:
    """Return every address that the front end and the mailbox servers of a plan open."""
    return plan.addresses + addresses(settings for _, settings in plan.mailboxes.values())


def wait_for(endpoints: list[Endpoint]) -> None:
    """Return when all of them take connections; `Down` when one does not, or when what started us has ended."""
    starter, give_up = os.getppid(), time.monotonic() + _PATIENCE
    for endpoint in endpoints:
        while not _answers(endpoint):
            if os.getppid() != starter or time.monotonic() > give_up:
                raise Down(f"nothing listens at {endpoint}: see the log above")
            time.sleep(_PAUSE)


def _answers(endpoint: Endpoint) -> bool:
    try:
        socket.create_connection((endpoint.host, endpoint.port), _PAUSE * 10).close()
    except OSError:
        return False
    return True
