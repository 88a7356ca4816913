"""/ecp: the control panel, behind the same sign-in as web mail."""

from __future__ import annotations

from casd.access import ClientAccess
from casd.net.exchange import Exchange
from casd.vdirs.owa import Owa
from protocols.http1 import Response


class Ecp(Owa):
    """Relayed like web mail; the sign-in page itself is under /owa."""

    paths = ("ecp",)
    protocol = "ecp"
    component = "EcpProxy"

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response | None:
        """Answer nothing before the relay."""
        return None
