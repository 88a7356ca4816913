"""/Autodiscover: where clients ask for their settings."""

from __future__ import annotations

from casd.vdirs.vdir import Vdir


class Autodiscover(Vdir):
    """Relayed to the mailbox's server."""

    paths = ("autodiscover",)
    protocol = "autodiscover"
    component = "AutoDiscoverProxy"
