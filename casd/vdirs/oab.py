"""/OAB: the offline address book."""

from __future__ import annotations

from casd.model import Anchor, Identity
from casd.vdirs.vdir import Vdir, user
from protocols.http1 import RequestHead


class Oab(Vdir):
    """Relayed to the server of the authenticated user's mailbox."""

    paths = ("oab",)
    protocol = "oab"
    component = "OabProxy"

    def anchor(self, head: RequestHead, identity: Identity) -> Anchor:
        """Return the authenticated user."""
        return user(identity)
