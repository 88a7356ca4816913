"""/Microsoft-Server-ActiveSync: phones."""

from __future__ import annotations

from casd.model import Anchor, Identity, Redirect
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead, Response


class Eas(Vdir):
    """Routed by the authenticated user; a Ping may wait for 59 minutes."""

    paths = ("microsoft-server-activesync",)
    protocol = "eas"
    component = "ActiveSyncProxy"
    patience = 3660

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the authenticated user: the User parameter names nobody else."""
        return user(identity)

    def redirected(self, redirect: Redirect, head: RequestHead) -> Response:
        """Return 451 with the other front door's address (MS-ASHTTP 2.2.2.1)."""
        url = redirect.url.rstrip("/") + "/Microsoft-Server-ActiveSync"
        return Response(451, ((b"X-MS-Location", url.encode("ascii")),))
