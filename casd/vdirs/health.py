"""healthcheck.htm under every virtual directory: what a load balancer asks."""

from __future__ import annotations

from casd.model import Topology
from protocols.http1 import Response

PAGE = "healthcheck.htm"
_OFFLINE = "ServerWideOffline"


def health(topology: Topology | None, front: str, fqdn: str, component: str) -> Response:
    """Return 200 with the server's name, or 503 when an operator took this component, or the whole front end, out.

    Without a topology nothing is known to be out; the page tells of this front end, not of any mailbox server.
    """
    states = topology.components if topology else {}
    active = states.get((front, component), True) and states.get((front, _OFFLINE), True)
    kind = (b"Content-Type", b"text/html; charset=utf-8")
    if not active:
        return Response(
            503, (kind, (b"Connection", b"close")), b"503 " + component.encode("ascii") + b" is inactive<br/>"
        )
    return Response(200, (kind,), f"200 OK<br/>{fqdn}".encode())
