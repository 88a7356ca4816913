"""/Microsoft-Server-ActiveSync: phones."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from casd.model import Anchor, Identity, Redirect
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead, Response

_CMD = re.compile(rb"(?:^|&)cmd=ping(?:&|$)", re.IGNORECASE)
_PING = 18


class Eas(Vdir):
    """Routed by the authenticated user; a Ping may wait for 59 minutes."""

    paths = ("microsoft-server-activesync",)
    protocol = "eas"
    component = "ActiveSyncProxy"
    patience = 3660

    def waits(self, head: RequestHead, body: bytes | None) -> bool:
        """Say yes to a Ping, by its name or by its number in a query of Base64 (MS-ASHTTP 2.2.1.1.1)."""
        return _is_ping(head.target.query)

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the authenticated user: the User parameter names nobody else."""
        return user(identity)

    def redirected(self, redirect: Redirect, head: RequestHead) -> Response:
        """Return 451 with the other front door's address (MS-ASHTTP 2.2.2.1)."""
        url = redirect.url.rstrip("/") + "/Microsoft-Server-ActiveSync"
        return Response(451, ((b"X-MS-Location", url.encode("ascii")),))


def _is_ping(query: bytes) -> bool:
    if b"=" in query.rstrip(b"="):
        return _CMD.search(query) is not None
    try:
        return b64decode(query[:4])[1:2] == bytes([_PING])
    except binascii.Error:
        return False
