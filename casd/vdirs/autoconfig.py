"""/mail: the configuration file of Thunderbird and others, at the host that they ask for it."""

from __future__ import annotations

from urllib.parse import parse_qs

from casd.access import ClientAccess
from casd.autoconfig import client_config
from casd.directory.addresses import with_normal_domain
from casd.net.exchange import Exchange
from casd.vdirs.vdir import Vdir
from protocols import autoconfig
from protocols.http1 import Response

_PATH = "/mail/config-v1.1.xml"
_KIND = (b"Content-Type", b"application/xml; charset=utf-8")


class Autoconfig(Vdir):
    """Answered to anybody; nothing of it depends on who is asked for, or on whether there is such a user."""

    paths = ("mail",)
    protocol = "autodiscover"
    component = "AutoDiscoverProxy"
    methods = frozenset({b"GET", b"HEAD"})

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer the file; there is nothing else here."""
        return await answer(exchange, access) if exchange.head.path.lower() == _PATH else Response(404)

    def alone(self, access: ClientAccess) -> bool:
        """Say no: nobody signs in here."""
        return False


async def answer(exchange: Exchange, access: ClientAccess) -> Response:
    """Return the file of the domain that a request names, by an address or by its host."""
    topology = await access.topology()
    place = access.place(exchange.client)
    config = client_config(_domain(exchange), topology, place, access.advertised)
    return Response(200, (_KIND,), autoconfig.write(config)) if config else Response(404)


def _domain(exchange: Exchange) -> str:
    if address := parse_qs(exchange.head.query).get("emailaddress", [""])[0]:
        return with_normal_domain(address).rpartition("@")[2]
    return exchange.notes["host"].removeprefix("autoconfig.")
