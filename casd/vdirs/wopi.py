"""/wopi: an office server reads an attachment, by a token that web mail gave to its user's browser."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl

from casd.access import ClientAccess
from casd.auth.credentials import Denied
from casd.model import Anchor, Identity
from casd.net.exchange import Exchange
from casd.vdirs.vdir import Vdir, user
from protocols import wopi
from protocols.http1 import RequestHead, Response


class Wopi(Vdir):
    """A token is good for its user's mailbox server, and only here; that server looks at what it opens."""

    paths = ("wopi",)
    protocol = "owa"
    component = "OwaProxy"
    methods = frozenset({b"GET", b"POST"})
    repeats = False

    async def identify(self, exchange: Exchange, access: ClientAccess) -> Identity:
        """Return whose token it is."""
        token = dict(parse_qsl(exchange.head.query)).get("access_token", "")
        try:
            server = wopi.read(token).server
            if server not in (await access.topology()).servers:
                raise Denied
            said = wopi.verify(token, access.handover.keys(server), time.time())
        except (wopi.BadToken, OSError, ValueError):
            raise Denied from None
        mailbox = await access.directory.by_address(said.user)
        if mailbox is None:
            raise Denied
        return Identity(mailbox.address, "wopi", mailbox)

    def alone(self, access: ClientAccess) -> bool:
        """Say no: nobody signs in here by the Authorization field."""
        return False

    def challenge(self, exchange: Exchange, access: ClientAccess) -> Response:
        """Say that the token opens nothing; there is no other way in."""
        return Response(401)

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the token's user: no field sends it to another mailbox."""
        return user(identity)
