"""/.well-known: where a client that knows a domain alone begins (RFC 8615)."""

from __future__ import annotations

from casd.access import ClientAccess
from casd.autoconfig import dav_of, has_dav
from casd.net.exchange import Exchange
from casd.vdirs import autoconfig
from casd.vdirs.vdir import Vdir
from protocols.http1 import Response

_AUTOCONFIG = "/.well-known/autoconfig/mail/config-v1.1.xml"
_DAV = {"/.well-known/caldav": "caldav", "/.well-known/carddav": "carddav"}


class WellKnown(Vdir):
    """The file of Thunderbird for anybody, the way to calendars and address books for those who have signed in."""

    paths = (".well-known",)
    protocol = "autodiscover"
    component = "AutoDiscoverProxy"
    methods = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PROPFIND"})

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer what there is."""
        path = exchange.head.path.lower().rstrip("/")
        if path == _AUTOCONFIG:
            return await autoconfig.answer(exchange, access)
        return await self._dav(_DAV[path], exchange, access) if path in _DAV else Response(404)

    async def _dav(self, service: str, exchange: Exchange, access: ClientAccess) -> Response:
        """Send a user to where his server's clients find a service (RFC 6764 section 5)."""
        topology = await access.topology()
        if not has_dav(service, topology, access.advertised):
            return Response(404)  # before anybody is asked for a password
        mailbox = (await self.identify(exchange, access)).mailbox
        exchange.notes["user"] = mailbox.address
        url = dav_of(service, mailbox, topology, access.advertised)
        return Response(307, ((b"Location", url.encode("ascii")),)) if url else Response(404)
