"""/EWS: Exchange Web Services."""

from __future__ import annotations

from casd.vdirs.vdir import Vdir
from protocols.http1 import RequestHead


class Ews(Vdir):
    """Relayed whole; a streaming subscription may be silent for minutes."""

    paths = ("ews",)
    protocol = "ews"
    component = "EwsProxy"
    patience = 1860

    def waits(self, head: RequestHead, body: bytes | None) -> bool:
        """Say yes to a streaming subscription."""
        return body is not None and b"GetStreamingEvents>" in body
