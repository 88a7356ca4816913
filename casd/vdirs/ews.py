"""/EWS: Exchange Web Services."""

from __future__ import annotations

from casd.vdirs.vdir import Vdir


class Ews(Vdir):
    """Relayed whole; a streaming subscription may be silent for minutes."""

    paths = ("ews",)
    protocol = "ews"
    component = "EwsProxy"
    patience = 1860
