"""/mobileconfig: a profile by which a user's iPhone, iPad or Mac sets up its accounts."""

from __future__ import annotations

from casd.access import ClientAccess
from casd.advertised import Advertised, Capabilities
from casd.autoconfig import payloads
from casd.certificates import chosen_by_clients
from casd.model import Refuse
from casd.net.exchange import Exchange
from casd.vdirs.vdir import TEXT, Vdir
from protocols import mobileconfig
from protocols.http1 import Response
from protocols.mobileconfig import Owner

_FIELDS = (
    (b"Content-Type", b"application/x-apple-aspen-config"),
    (b"Content-Disposition", b'attachment; filename="accounts.mobileconfig"'),
    (b"Cache-Control", b"no-store"),
)


class Mobileconfig(Vdir):
    """Everybody gets his own, without a password in it, signed as this front door."""

    paths = ("mobileconfig",)
    protocol = "autodiscover"
    component = "AutoDiscoverProxy"
    methods = frozenset({b"GET", b"HEAD"})

    async def own(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Answer the profile of whoever has signed in."""
        mailbox = (await self.identify(exchange, access)).mailbox
        exchange.notes["user"] = mailbox.address
        told = await access.advertise(mailbox.address, mailbox, Capabilities(), exchange.client)
        exchange.notes["why"] = "; ".join(told.trace)
        if isinstance(told, Refuse):
            return self.refused(told)
        owner = Owner(
            guid=mailbox.guid,
            address=mailbox.address,
            login=mailbox.upn,
            name=mailbox.display_name or mailbox.address,
            organisation=(await access.topology()).organisation or mailbox.domain,
        )
        found = payloads(owner, told, access.advertised) if isinstance(told, Advertised) else []
        if not found:
            return Response(404, (TEXT,), b"There is no account here that such a device could have.\n")
        shown = chosen_by_clients(access.certificates(), exchange.notes["host"])
        return Response(200, _FIELDS, mobileconfig.sign(mobileconfig.write(owner, found), shown.chain, shown.key))
